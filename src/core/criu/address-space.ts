import type { MemorySource } from '../../protocol/memory.ts';
import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import { DumpedPages } from './dumped-pages.ts';
import type { ImageDirectory } from './image-directory.ts';
import { fileOf } from './kinds.ts';
import {
  isGuard,
  Mappings,
  SHARED_MEMORY,
  VMA_AREA_SOCKET,
  VMA_AREA_UPROBES,
  VMA_AREA_VSYSCALL,
  VMA_AREA_VVAR,
  VMA_FILE_PRIVATE,
  VMA_FILE_SHARED,
  withoutGuards,
} from './mappings.ts';
import { ExtentList, type MemoryExtent } from './memory-extents.ts';
import { MemoryRead, type MissingRange } from './memory-read.ts';
import type { MmEntry, VmaEntry } from './schema/generated/messages.ts';
import { SharedMemory } from './shared-memory.ts';

export type { MissingRange };

/** Key of the page size in the auxiliary vector, AT_PAGESZ of the kernel's include/uapi/linux/auxvec.h. */
const auxvPageSize = 6n;
/** The most that is read at once. */
export const MAX_MEMORY_READ = 256 * 1024 * 1024;

/** The memory of one dumped process, read by address. */
export class AddressSpace {
  readonly pid: number;
  /** Entry path of its pagemap, for notes. */
  readonly where: string;
  /** What the process had mapped. */
  readonly mappings: Mappings;
  /** Guards that were laid into mappings: CRIU lists them beside those. */
  readonly guards: Mappings;
  /** The memory that it shares with others. */
  readonly shared: SharedMemory;
  readonly #own: DumpedPages;
  /** False where no image lists the mappings. */
  readonly #mapped: boolean;

  private constructor(
    images: ImageDirectory,
    pid: number,
    own: DumpedPages,
    vmas: { readonly mappings: Mappings; readonly guards: Mappings } | undefined,
  ) {
    this.pid = pid;
    this.where = images.path(fileOf('PAGEMAP', pid));
    this.#own = own;
    this.#mapped = vmas !== undefined;
    this.mappings = vmas?.mappings ?? new Mappings([]);
    this.guards = vmas?.guards ?? new Mappings([]);
    this.shared = new SharedMemory(images, own.pageSize);
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
    return new AddressSpace(images, pid, own, await vmasOf(mm, images, pid, signal));
  }

  /** The pages of its own that were dumped, by address. */
  get own(): DumpedPages {
    return this.#own;
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

  /** What its page map lists, by address, wherever the pages are; entries that touch are one. */
  listed(): Iterable<{ readonly start: bigint; readonly length: bigint }> {
    return this.#own.listed();
  }

  /** What is wrong with its pagemaps and pages, as far as was met. */
  get notes(): readonly Note[] {
    return [...this.#own.notes, ...this.shared.notes];
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

  /**
   * Where the bytes of a range are, in order and without gaps, as far as `limit` pieces reach.
   * @param length bytes, at most 2^53.
   * @returns the pieces, and how many bytes they cover
   * @throws CheckpointError what the sources throw
   */
  async locate(
    address: bigint,
    length: number,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly extents: readonly MemoryExtent[]; readonly length: number }> {
    const { limit = Infinity, signal } = options;
    const list = new ExtentList(limit);
    const hole = (start: bigint, size: number): Promise<void> => this.#locateRest(list, start, size, signal);
    await this.#own.locate(list, address, length, 'own', hole, signal);
    const last = list.items.at(-1);
    return { extents: list.items, length: last ? Number(last.start - address) + last.length : 0 };
  }

  /**
   * How many bytes of a mapping are where; they add up to its size.
   * @throws CheckpointError what the sources throw
   */
  async count(vma: VmaEntry, signal?: AbortSignal): Promise<Partial<Record<MemorySource, number>>> {
    const bytes: Partial<Record<MemorySource, number>> = {};
    let rest = Number(vma.end - vma.start);
    const take = (source: MemorySource, wanted: number): void => {
      const taken = Math.min(rest, Math.max(0, wanted));
      if (taken > 0) bytes[source] = (bytes[source] ?? 0) + taken;
      rest -= taken;
    };
    if (rest <= 0) return bytes;
    const own = this.#own.count(vma.start, vma.end - vma.start);
    const shmid = await this.shared.idOf(vma, signal);
    const shared = shmid === undefined ? undefined : await this.shared.open(shmid, signal);
    if (this.#own.cutShort || shared?.cutShort === true || (shared && own.present > 0)) {
      return this.#countExtents(vma, signal);
    }
    take(this.#own.usable ? 'own' : 'lost', own.present);
    take('parent', own.parent);
    take('lazy', own.lazy);
    if (shared) {
      const { present, parent, lazy } = shared.count(vma.pgoff, vma.end - vma.start);
      take(shared.usable ? 'shared' : 'lost', present);
      take('parent', parent);
      take('lazy', lazy);
    }
    for (const guard of this.guards.within(vma.start, vma.end)) {
      const from = guard.start > vma.start ? guard.start : vma.start;
      const to = guard.end < vma.end ? guard.end : vma.end;
      take('guard', Number(to - from));
    }
    const isShared = (vma.status & SHARED_MEMORY) !== 0;
    take(isShared ? (shared ? 'untouched' : 'lost') : sourceOutsideDump(vma), rest);
    return bytes;
  }

  /** As `count`, piece by piece: where shared memory lies below own pages, and where a pages image ends early. */
  async #countExtents(vma: VmaEntry, signal?: AbortSignal): Promise<Partial<Record<MemorySource, number>>> {
    const bytes: Partial<Record<MemorySource, number>> = {};
    const { extents } = await this.locate(vma.start, Number(vma.end - vma.start), signal && { signal });
    for (const { source, length } of extents) bytes[source] = (bytes[source] ?? 0) + length;
    return bytes;
  }

  async #readShared(read: MemoryRead, address: bigint, signal?: AbortSignal): Promise<void> {
    const end = address + BigInt(read.length);
    for (const vma of this.mappings.within(address, end)) {
      if ((vma.status & SHARED_MEMORY) === 0) continue;
      const { from, to } = clip(vma, address, end);
      const shmid = await this.shared.idOf(vma, signal);
      const shared = shmid === undefined ? undefined : await this.shared.open(shmid, signal);
      const part = read.part(Number(from - address), Number(to - address));
      await shared?.readInto(part, from - vma.start + vma.pgoff, signal);
    }
  }

  /** Where bytes are that are not among the process's own pages. */
  async #locateRest(list: ExtentList, start: bigint, length: number, signal?: AbortSignal): Promise<void> {
    const end = start + BigInt(length);
    let done = start;
    const none = this.#mapped ? 'unmapped' : 'unknown';
    const skip = (to: bigint): void =>
      list.add({ start: done, length: Number(to - done), source: none, present: false });
    for (const vma of this.mappings.within(start, end)) {
      if (list.full) return;
      const { from, to } = clip(vma, done, end);
      if (from >= to) continue;
      skip(from);
      await this.#locateMapped(list, vma, from, to, signal);
      done = to;
    }
    skip(end);
  }

  async #locateMapped(
    list: ExtentList,
    vma: VmaEntry,
    start: bigint,
    end: bigint,
    signal?: AbortSignal,
  ): Promise<void> {
    const rest = this.#guarded(list, vma);
    if ((vma.status & SHARED_MEMORY) === 0) {
      rest(start, Number(end - start), sourceOutsideDump(vma));
      return;
    }
    const shmid = await this.shared.idOf(vma, signal);
    const shared = shmid === undefined ? undefined : await this.shared.open(shmid, signal);
    if (!shared) {
      const where = shmid === undefined ? undefined : await this.shared.imageOf(shmid, signal);
      list.add({
        start,
        length: Number(end - start),
        source: 'lost',
        present: false,
        ...(where !== undefined && { where }),
      });
      return;
    }
    const shift = vma.start - vma.pgoff;
    const hole = (from: bigint, size: number): void => rest(from + shift, size, 'untouched');
    await shared.locate(list.shifted(shift), start - shift, Number(end - start), 'shared', hole, signal);
  }

  /** Adds what the dump does not hold, with the guards in it. */
  #guarded(list: ExtentList, vma: VmaEntry): (start: bigint, length: number, source: MemorySource) => void {
    const isFile = (source: MemorySource): boolean => source === 'file';
    const plain = (start: bigint, end: bigint, source: MemorySource): void =>
      list.add({
        start,
        length: Number(end - start),
        source,
        present: false,
        ...(isFile(source) && { fileId: Number(vma.shmid), offset: start - vma.start + vma.pgoff }),
      });
    return (start, length, source) => {
      const end = start + BigInt(length);
      let done = start;
      for (const guard of this.guards.within(start, end)) {
        const { from, to } = clip(guard, done, end);
        if (from >= to) continue;
        plain(done, from, source);
        plain(from, to, 'guard');
        done = to;
      }
      plain(done, end, source);
    };
  }
}

/**
 * The mappings of a process and the guards in them, which CRIU lists behind; undefined where no image lists them. Dumps
 * of old have them in an image of their own.
 * @throws CheckpointError what the sources throw
 */
export async function readVmas(
  images: ImageDirectory,
  pid: number,
  signal?: AbortSignal,
): Promise<{ readonly mappings: Mappings; readonly guards: Mappings } | undefined> {
  const [mm] = await images.messages('MM', fileOf('MM', pid), signal);
  return vmasOf(mm, images, pid, signal);
}

/** Before CRIU 2.0 they had an image of their own. */
async function vmasOf(
  mm: MmEntry | undefined,
  images: ImageDirectory,
  pid: number,
  signal?: AbortSignal,
): Promise<{ readonly mappings: Mappings; readonly guards: Mappings } | undefined> {
  const vmas = mm && mm.vmas.length > 0 ? mm.vmas : await images.messages('VMAS', fileOf('VMAS', pid), signal);
  if (!mm && vmas.length === 0) return undefined;
  return { mappings: new Mappings(withoutGuards(vmas)), guards: new Mappings(vmas.filter(isGuard)) };
}

/** Why the pages of a mapping that has no memory object of its own are not in a dump. */
function sourceOutsideDump({ status }: VmaEntry): MemorySource {
  if (status & (VMA_AREA_VSYSCALL | VMA_AREA_VVAR | VMA_AREA_SOCKET | VMA_AREA_UPROBES)) return 'kernel';
  return status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED) ? 'file' : 'untouched';
}

function clip(vma: VmaEntry, start: bigint, end: bigint): { readonly from: bigint; readonly to: bigint } {
  return { from: vma.start > start ? vma.start : start, to: vma.end < end ? vma.end : end };
}

function pageSizeOf(auxv: readonly bigint[] = []): number | undefined {
  for (let index = 0; index + 1 < auxv.length; index += 2) {
    if (auxv[index] === auxvPageSize) return Number(auxv[index + 1]);
  }
  return undefined;
}
