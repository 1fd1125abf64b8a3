import type { Note } from '../../../protocol/note.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { DumpedPages } from '../../criu/dumped-pages.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import { MemoryRead, type MissingRange } from '../../criu/memory-read.ts';
import { UNIT } from '../../criu/pagemap.ts';
import { CheckpointError } from '../../errors.ts';

/** What is fetched at once while a long read is filled. */
const STEP = 4 * 1024 * 1024;

/**
 * The content of shared memory that has no file system of its own: a memfd. A page that its pagemap does not list was
 * never written, and is zeros; one that it lists and that is not here is missing, and no zeros are shown for it.
 */
export class SharedMemoryContent implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #pages: DumpedPages;

  private constructor(pages: DumpedPages, size: number, name: string) {
    this.#pages = pages;
    this.size = size;
    this.name = name;
  }

  /**
   * @param pageSize bytes of a page in this dump, where another image tells
   * @returns undefined where no image lists its pages
   */
  static async open(
    images: ImageDirectory,
    memoryId: number,
    size: number,
    pageSize: number | undefined,
    signal?: AbortSignal,
  ): Promise<SharedMemoryContent | undefined> {
    const name = fileOf('SHMEM_PAGEMAP', memoryId);
    if (!images.has(name)) return undefined;
    const pages = await DumpedPages.open(images, name, pageSize, signal);
    return pages && new SharedMemoryContent(pages, size, images.path(name));
  }

  /** @throws CheckpointError `truncated` where the dump lists pages that are not here */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.size);
    if (end <= offset) return new Uint8Array();
    const bytes = new Uint8Array(end - offset);
    for (let from = offset; from < end; from += STEP) {
      const read = MemoryRead.of(Math.min(STEP, end - from));
      await this.#pages.readInto(read, BigInt(from), signal);
      for (const gap of read.missing) this.#refuseListed(from, gap);
      bytes.set(read.bytes, from - offset);
    }
    return bytes;
  }

  /** What is wrong with its pages, as far as was met. */
  get notes(): readonly Note[] {
    return this.#pages.notes;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Of a pagemap that is out of order nobody can say which pages it does not list. */
  #refuseListed(from: number, gap: MissingRange): void {
    const { pagemap, pageSize } = this.#pages;
    const start = from + gap.offset;
    const index = pagemap.ordered ? pagemap.find(Math.floor((start + gap.length - 1) / UNIT)) : -1;
    const listed = index >= 0 && pagemap.start(index) * UNIT + pagemap.pages(index) * pageSize > start;
    if (!listed && pagemap.ordered) return;
    const text = sentence('{0} lists memory from offset {1} on that is not in this checkpoint.', this.name, start);
    throw new CheckpointError('truncated', text, { where: this.name, offset: start });
  }
}
