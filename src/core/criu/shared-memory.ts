import type { Note } from '../../protocol/note.ts';
import { DumpedPages } from './dumped-pages.ts';
import type { ImageDirectory } from './image-directory.ts';
import { fileOf } from './kinds.ts';
import { oldSegments, type OldSegment } from './old-segments.ts';
import { SHARED_MEMORY, VMA_AREA_MEMFD } from './mappings.ts';
import type { VmaEntry } from './schema/generated/messages.ts';

/**
 * The dumped pages of a memory object, by offset; undefined where there is no image of them.
 * @param pageSize what a process that maps it says; absent where that is not known.
 * @throws CheckpointError what the sources throw
 */
export async function openMemoryObject(
  images: ImageDirectory,
  shmid: bigint,
  pageSize: number | undefined,
  signal?: AbortSignal,
): Promise<DumpedPages | undefined> {
  const pages = await DumpedPages.open(images, fileOf('SHMEM_PAGEMAP', shmid), pageSize, signal);
  if (pages) return pages;
  const segment = (await oldSegments(images, signal)).get(shmid);
  return segment && DumpedPages.ofSegment(images, segment, pageSize);
}

/** The memory objects that the mappings of a process share with others: shared anonymous memory, System V, memfds. */
export class SharedMemory {
  readonly #images: ImageDirectory;
  readonly #pageSize: number;
  /** By shmid. */
  readonly #opened = new Map<bigint, Promise<DumpedPages | undefined>>();
  readonly #known = new Map<bigint, DumpedPages>();
  /** Kept once all images are known. */
  #memfds: ReadonlyMap<bigint, bigint> | undefined;
  #segments: ReadonlyMap<bigint, OldSegment> | undefined;

  constructor(images: ImageDirectory, pageSize: number) {
    this.#images = images;
    this.#pageSize = pageSize;
  }

  /** What is wrong with those that were read, as far as was met. */
  get notes(): readonly Note[] {
    return [...this.#known.values()].flatMap((pages) => pages.notes);
  }

  /**
   * Which memory object a mapping has; undefined where it has none, or the images do not say. Of a mapped memfd (the
   * form of all shared anonymous memory today) the mapping names the file, not the memory.
   */
  async idOf(vma: VmaEntry, signal?: AbortSignal): Promise<bigint | undefined> {
    if ((vma.status & SHARED_MEMORY) === 0) return undefined;
    if ((vma.status & VMA_AREA_MEMFD) === 0) return vma.shmid;
    return (await this.#ofFiles(signal)).get(vma.shmid);
  }

  /** Entry path of the image that tells where the bytes of a memory object are. */
  async imageOf(shmid: bigint, signal?: AbortSignal): Promise<string> {
    const pagemap = fileOf('SHMEM_PAGEMAP', shmid);
    const segment = this.#images.has(pagemap) ? undefined : (await this.#ofSegments(signal)).get(shmid);
    return this.#images.path(segment?.name ?? pagemap);
  }

  /** Memory objects by the ids of the memfds that have them: looked up once, a process may have mapped many. */
  async #ofFiles(signal?: AbortSignal): Promise<ReadonlyMap<bigint, bigint>> {
    if (this.#memfds) return this.#memfds;
    const files = await this.#images.messages('FILES', fileOf('FILES'), signal);
    const inodes = await this.#images.messages('MEMFD_INODE', fileOf('MEMFD_INODE'), signal);
    const objects = new Map(inodes.toReversed().map(({ inode_id, shmid }) => [inode_id, BigInt(shmid)]));
    const found = new Map<bigint, bigint>();
    for (const { id, memfd } of files) {
      const shmid = memfd && objects.get(BigInt(memfd.inode_id));
      if (shmid !== undefined && !found.has(BigInt(id))) found.set(BigInt(id), shmid);
    }
    if (this.#images.complete) this.#memfds = found;
    return found;
  }

  async #ofSegments(signal?: AbortSignal): Promise<ReadonlyMap<bigint, OldSegment>> {
    if (this.#segments) return this.#segments;
    const found = await oldSegments(this.#images, signal);
    if (this.#images.complete) this.#segments = found;
    return found;
  }

  /** Its dumped pages, by offset; undefined where there is no image of them. */
  async open(shmid: bigint, signal?: AbortSignal): Promise<DumpedPages | undefined> {
    const isKnown = this.#opened.has(shmid);
    return isKnown || (await this.#mayBeThere(shmid, signal)) ? this.#open(shmid, signal) : undefined;
  }

  /** Of what is not there nothing need be kept: a hostile image has hundreds of thousands of mappings of such. */
  async #mayBeThere(shmid: bigint, signal?: AbortSignal): Promise<boolean> {
    const { complete } = this.#images;
    return !complete || this.#images.has(fileOf('SHMEM_PAGEMAP', shmid)) || (await this.#ofSegments(signal)).has(shmid);
  }

  #open(shmid: bigint, signal?: AbortSignal): Promise<DumpedPages | undefined> {
    const known = this.#opened.get(shmid);
    if (known) return known;
    const opened = openMemoryObject(this.#images, shmid, this.#pageSize, signal);
    this.#opened.set(shmid, opened);
    opened.then(
      (pages) => pages && this.#known.set(shmid, pages),
      () => this.#opened.delete(shmid),
    );
    return opened;
  }
}
