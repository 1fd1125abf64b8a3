/**
 * Where the bytes of a piece of a process's memory are, or why they are not in the checkpoint.
 *
 * - `own`: among the process's own dumped pages
 * - `shared`: in the dumped pages of shared memory (shared anonymous memory, System V, a memfd)
 * - `parent`: in an earlier dump that this one builds upon
 * - `lazy`: in no image; they were to be fetched from the machine of the dump
 * - `file`: in the mapped file, which CRIU does not dump (pages not written to, and all of shared file mappings)
 * - `untouched`: nowhere; never written to since they were mapped, so the process would read zeros
 * - `guard`: nowhere; the process asked for a guard (MADV_GUARD_INSTALL), touching it would have ended it
 * - `kernel`: the kernel's own pages ([vvar], [vsyscall]), which no dump holds
 * - `lost`: the dump should hold them, but an image is missing, too short or damaged
 * - `unmapped`: no mapping covers these addresses
 * - `unknown`: the image that lists the mappings is not there
 */
export type MemorySource =
  'own' | 'shared' | 'parent' | 'lazy' | 'file' | 'untouched' | 'guard' | 'kernel' | 'lost' | 'unmapped' | 'unknown';

/** What a mapping is for, as a person would sort them. `kernel`: [vdso], [vvar], [vsyscall]. */
export type RegionKind = 'code' | 'file' | 'heap' | 'stack' | 'anonymous' | 'shared' | 'kernel' | 'other';

/** One mapping of a process: a line of /proc/PID/maps, and what CRIU recorded beside it. */
export interface MemoryMapping {
  /** The first address, and the first one behind it. */
  readonly start: bigint;
  readonly end: bigint;
  /** As in /proc/PID/maps: `rw-p`. */
  readonly permissions: string;
  /** Offset in the mapped file or memory object, bytes. */
  readonly offset: bigint;
  readonly kind: RegionKind;
  /** As in /proc/PID/maps: a path, `[heap]`, `[stack]` …; empty for private anonymous memory. */
  readonly name: string;
  /** Where that is not UTF-8: its bytes, base64. */
  readonly nameBytes?: string;
  /** `MAJOR:MINOR` in hexadecimal and inode of what is mapped, as far as images tell. */
  readonly device?: string;
  readonly inode?: bigint;
  /** The mapped file, by its id in files.img. */
  readonly file?: MappedFile;
  /** Which memory object is mapped, and the image that lists its pages. */
  readonly shared?: { readonly shmid: bigint; readonly image: string };
  /** What CRIU recorded, in its own words: MAP_* flags, VMA_* status, MADV_* advice. */
  readonly flags: readonly string[];
  readonly status: readonly string[];
  readonly advice: readonly string[];
  /** The size of its huge pages, where CRIU recorded that it has some. */
  readonly hugePageBytes?: number;
}

/** A mapping with what the dump holds of it. */
export interface MemoryRegion extends MemoryMapping {
  /** Bytes by where they are; they add up to the mapping's size. Sources without any are left out. */
  readonly bytes: Readonly<Partial<Record<MemorySource, number>>>;
}

export interface MappedFile {
  readonly id: number;
  readonly path: string;
  readonly mountId?: number;
  readonly size?: bigint;
  /** GNU build id, hexadecimal digits. */
  readonly buildId?: string;
}

/** A piece of memory with one origin. */
export interface MemoryRange {
  readonly start: bigint;
  /** Bytes. */
  readonly length: number;
  readonly source: MemorySource;
  /** The bytes are in the checkpoint. Of those that are not, none is ever shown as zero. */
  readonly present: boolean;
  /**
   * Of bytes that are here: the archive's entry, or the path in the file view, that holds them. Of others: the image
   * or the container's file that would.
   */
  readonly where?: string;
  /** Where in it they start; of compressed pages where their entry's payload starts. */
  readonly offset?: bigint;
  readonly compressed?: boolean;
}

/** A window of memory. */
export interface MemoryWindow {
  readonly address: bigint;
  /** What is not present is zero here and said so by its range. */
  readonly bytes: Uint8Array;
  /** In order, without gaps, over the whole window. */
  readonly ranges: readonly MemoryRange[];
}

/**
 * Where the mapped file would begin if all of it were mapped, which is how symbols are counted; of what is no file, where
 * the mapping begins.
 */
export function fileBase({ name, start, offset }: Pick<MemoryMapping, 'name' | 'start' | 'offset'>): bigint {
  return name.startsWith('/') && start >= offset ? start - offset : start;
}

/** The most that a page asks for at once, bytes. */
export const MAX_MEMORY_WINDOW = 256 * 1024;

/** The address space of one process. */
export interface MemoryMap {
  readonly pid: number;
  /** Bytes. */
  readonly pageSize: number;
  /** By address. */
  readonly regions: readonly MemoryRegion[];
}

/** A process in the list of those that had memory. */
export interface MemoryProcess {
  readonly pid: number;
  readonly comm?: string;
  /** Bytes of its own that were dumped. */
  readonly dumpedBytes: number;
}

/** A mapping as far as it is needed of all of them at once: to draw them, to scroll over them and to name addresses. */
export type RegionOutline = Pick<MemoryRegion, 'start' | 'end' | 'permissions' | 'offset' | 'kind' | 'name' | 'bytes'>;

/** The address space of a process in short. */
export interface MemoryOutline {
  readonly pid: number;
  /** Bytes. */
  readonly pageSize: number;
  readonly pointerBytes: 4 | 8;
  readonly byteOrder: 'little' | 'big';
  /** By address. Where no image lists the mappings: what was dumped, as far as it goes on. */
  readonly regions: readonly RegionOutline[];
  readonly threads: readonly { readonly tid: number; readonly comm?: string }[];
}
