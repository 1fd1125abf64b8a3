import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import { DumpedPages } from './dumped-pages.ts';
import type { ImageDirectory } from './image-directory.ts';
import { fileOf } from './kinds.ts';
import { MemoryRead, type MissingRange } from './memory-read.ts';
import type { VmaEntry } from './schema/generated/messages.ts';

export type { MissingRange };

/** Where the content of a mapping is: bits of vma_entry.status. Facts: CRIU's criu/include/image.h, criu/memfd.c. */
export const VMA_ANON_SHARED = 1 << 8;
export const VMA_AREA_SYSVIPC = 1 << 10;
export const VMA_AREA_MEMFD = 1 << 14;

/** Key of the page size in the auxiliary vector, AT_PAGESZ of the kernel's include/uapi/linux/auxvec.h. */
const auxvPageSize = 6n;
/** The most that is read at once. */
export const MAX_MEMORY_READ = 256 * 1024 * 1024;

/** The memory of one dumped process, read by address. */
export class AddressSpace {
  readonly pid: number;
  /** Entry path of its pagemap, for notes. */
  readonly where: string;
  /** By address. */
  readonly vmas: readonly VmaEntry[];
  readonly #images: ImageDirectory;
  readonly #own: DumpedPages;
  /** By shmid. */
  readonly #shared = new Map<bigint, Promise<DumpedPages | undefined>>();
  readonly #sharedNotes: Note[] = [];

  private constructor(images: ImageDirectory, pid: number, own: DumpedPages, vmas: readonly VmaEntry[]) {
    this.#images = images;
    this.pid = pid;
    this.where = images.path(fileOf('PAGEMAP', pid));
    this.#own = own;
    this.vmas = vmas;
  }

  /**
   * Reads the pagemap and the mappings of a process, and none of its pages.
   * @throws CheckpointError `not-found` where the process has no pagemap (a zombie has none), and what the sources throw
   */
  static async open(images: ImageDirectory, pid: number, signal?: AbortSignal): Promise<AddressSpace> {
    const [mm] = await images.messages('MM', fileOf('MM', pid), signal);
    const name = fileOf('PAGEMAP', pid);
    const own = await DumpedPages.open(images, name, pageSizeOf(mm?.mm_saved_auxv), signal);
    if (!own) {
      const where = images.path(name);
      throw new CheckpointError(
        'not-found',
        sentence('{0} is missing: the memory of process {1} cannot be shown.', where, pid),
        { where },
      );
    }
    const vmas = mm && mm.vmas.length > 0 ? mm.vmas : await images.messages('VMAS', fileOf('VMAS', pid), signal);
    return new AddressSpace(
      images,
      pid,
      own,
      inOrder(vmas) ? vmas : vmas.toSorted((a, b) => (a.start < b.start ? -1 : 1)),
    );
  }

  /** Bytes of a page. */
  get pageSize(): number {
    return this.#own.pageSize;
  }

  /** Bytes of its own pages that the dump holds; shared memory is not counted. */
  get dumpedBytes(): number {
    return this.#own.pagemap.presentPages * this.pageSize;
  }

  /** Bytes of its own pages that an earlier dump holds. */
  get parentBytes(): number {
    return this.#own.pagemap.parentPages * this.pageSize;
  }

  /** Bytes of its own pages that no image holds: they were to be fetched from the machine of the dump. */
  get lazyBytes(): number {
    return this.#own.pagemap.lazyPages * this.pageSize;
  }

  /** What is wrong with its pagemaps and pages, as far as was met. */
  get notes(): readonly Note[] {
    return [...this.#own.notes, ...this.#sharedNotes];
  }

  /**
   * Reads memory by range, from the process's own pages and from the shared memory that it maps. Bytes that the dump
   * does not hold (file mappings, pages never touched, pages of a missing earlier dump) are zero and listed as missing.
   * @param length at most {@link MAX_MEMORY_READ} bytes.
   * @throws CheckpointError `too-large`, and what the sources throw
   */
  async read(
    address: bigint,
    length: number,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly missing: readonly MissingRange[] }> {
    if (length > MAX_MEMORY_READ) {
      throw new CheckpointError(
        'too-large',
        sentence('{0} bytes of memory are more than can be read at once ({1}).', length, MAX_MEMORY_READ),
      );
    }
    const now = this.#own.readNow(address, length);
    if (now) return { bytes: now, missing: [] };
    const read = MemoryRead.of(length);
    await this.#own.readInto(read, address, signal);
    for (const gap of read.missing) {
      await this.#readShared(read.part(gap.offset, gap.offset + gap.length), address + BigInt(gap.offset), signal);
    }
    return { bytes: read.bytes, missing: read.missing };
  }

  async #readShared(read: MemoryRead, address: bigint, signal?: AbortSignal): Promise<void> {
    const end = address + BigInt(read.length);
    for (let index = this.#firstEndingAfter(address); index < this.vmas.length; index++) {
      const vma = this.vmas[index] as VmaEntry;
      if (vma.start >= end) return;
      if ((vma.status & (VMA_ANON_SHARED | VMA_AREA_SYSVIPC | VMA_AREA_MEMFD)) === 0) continue;
      const from = vma.start > address ? vma.start : address;
      const to = vma.end < end ? vma.end : end;
      const shmid = from < to ? await this.#shmidOf(vma, signal) : undefined;
      const shared = shmid === undefined ? undefined : await this.#openShared(shmid, signal);
      const part = read.part(Number(from - address), Number(to - address));
      await shared?.readInto(part, from - vma.start + vma.pgoff, signal);
    }
  }

  /** Of a mapped memfd (the form of all shared anonymous memory today) the mapping names the file, not the memory. */
  async #shmidOf(vma: VmaEntry, signal?: AbortSignal): Promise<bigint | undefined> {
    if ((vma.status & VMA_AREA_MEMFD) === 0) return vma.shmid;
    const files = await this.#images.messages('FILES', fileOf('FILES'), signal);
    const inode = files.find(({ id, memfd }) => memfd !== undefined && BigInt(id) === vma.shmid)?.memfd?.inode_id;
    if (inode === undefined) return undefined;
    const inodes = await this.#images.messages('MEMFD_INODE', fileOf('MEMFD_INODE'), signal);
    const shmid = inodes.find(({ inode_id }) => inode_id === BigInt(inode))?.shmid;
    return shmid === undefined ? undefined : BigInt(shmid);
  }

  #openShared(shmid: bigint, signal?: AbortSignal): Promise<DumpedPages | undefined> {
    const known = this.#shared.get(shmid);
    if (known) return known;
    const opened = DumpedPages.open(this.#images, fileOf('SHMEM_PAGEMAP', shmid), this.pageSize, signal);
    this.#shared.set(shmid, opened);
    opened.then(
      (pages) => this.#sharedNotes.push(...(pages?.notes ?? [])),
      () => this.#shared.delete(shmid),
    );
    return opened;
  }

  #firstEndingAfter(address: bigint): number {
    let low = 0;
    let high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.vmas[middle] as VmaEntry).end <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function pageSizeOf(auxv: readonly bigint[] = []): number | undefined {
  for (let index = 0; index + 1 < auxv.length; index += 2) {
    if (auxv[index] === auxvPageSize) return Number(auxv[index + 1]);
  }
  return undefined;
}

function inOrder(vmas: readonly VmaEntry[]): boolean {
  return vmas.every((vma, index) => index === 0 || (vmas[index - 1] as VmaEntry).start <= vma.start);
}
