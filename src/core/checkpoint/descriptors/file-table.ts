import type { FileEntry, MemfdInodeEntry } from '../../criu/schema/generated/messages.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { rawText } from '../../criu/decode-message.ts';
import { known } from '../known-images.ts';
import { isMarkedDeleted, readRemap, type Remap } from './remaps.ts';
import { FD_TYPE, splitFiles, type FileType } from './split-files.ts';

/** Of a dump with more open files, which would be more than a hundred megabytes, none is kept for the next question. */
const KEPT = 200_000;
const kept = new WeakMap<ImageDirectory, FileTable>();
/** What the kernel writes behind such a path. */
const DELETED = ' (deleted)';

/**
 * What stands behind the file ids that other images refer to: the open file descriptions of the dump, whether they lie
 * in files.img or, before CRIU 3.4, in an image for each type.
 */
export class FileTable {
  readonly #entries: ReadonlyMap<number, FileEntry>;
  /** Those whose id another file of another type has too. */
  readonly #namesakes: ReadonlyMap<number, readonly FileEntry[]>;
  readonly #memfds: ReadonlyMap<bigint, MemfdInodeEntry>;
  /** By the id of the file whose path leads nowhere. */
  readonly remaps: ReadonlyMap<number, Remap>;

  private constructor(
    entries: ReadonlyMap<number, FileEntry>,
    namesakes: ReadonlyMap<number, readonly FileEntry[]>,
    memfds: ReadonlyMap<bigint, MemfdInodeEntry>,
    remaps: ReadonlyMap<number, Remap>,
  ) {
    this.#entries = entries;
    this.#namesakes = namesakes;
    this.#memfds = memfds;
    this.remaps = remaps;
  }

  /** Read once for all who ask, as soon as all of the archive is there. */
  static async load(images: ImageDirectory, signal?: AbortSignal): Promise<FileTable> {
    const earlier = kept.get(images);
    if (earlier) return earlier;
    const isWhole = images.complete;
    const table = await FileTable.#read(images, signal);
    if (isWhole && table.#entries.size <= KEPT) kept.set(images, table);
    return table;
  }

  static async #read(images: ImageDirectory, signal?: AbortSignal): Promise<FileTable> {
    const entries = new Map<number, FileEntry>();
    const namesakes = new Map<number, FileEntry[]>();
    const add = (file: FileEntry): void => {
      const same = entries.get(file.id);
      if (same && same.type !== file.type) namesakes.set(file.id, [...(namesakes.get(file.id) ?? []), same]);
      entries.set(file.id, file);
    };
    for (const file of await splitFiles(images, signal)) add(file);
    for (const file of await known(images, 'FILES', 'files.img', signal)) add(file);
    const memfds = await known(images, 'MEMFD_INODE', 'memfd.img', signal);
    const remaps = await known(images, 'REMAP_FPATH', 'remap-fpath.img', signal);
    return new FileTable(
      entries,
      namesakes,
      new Map(memfds.map((inode) => [inode.inode_id, inode])),
      new Map(remaps.map((entry) => [entry.orig_id, readRemap(entry)])),
    );
  }

  /** Every file that has an id of its own. */
  get entries(): IteratorObject<FileEntry> {
    return this.#entries.values();
  }

  /**
   * The file of an id. Old dumps gave a FIFO or a terminal and the regular file that tells its path the same id: the
   * type says which is meant. Where none is of that type, what there is.
   */
  entry(id: number, type?: FileType): FileEntry | undefined {
    const entry = this.#entries.get(id);
    if (type === undefined || entry?.type === type) return entry;
    return this.#namesakes.get(id)?.find((namesake) => namesake.type === type) ?? entry;
  }

  /** Memory that memfds stand for; also what processes share without a descriptor. */
  get memfds(): IteratorObject<MemfdInodeEntry> {
    return this.#memfds.values();
  }

  /** The memory that a memfd's files stand for. */
  memfd(inodeId: number): MemfdInodeEntry | undefined {
    return this.#memfds.get(BigInt(inodeId));
  }

  /** Path of a file or directory as the process saw it. */
  path(id: number): string | undefined {
    const entry = this.entry(id, FD_TYPE.reg);
    const memfd = entry?.memfd && this.memfd(entry.memfd.inode_id)?.name;
    return memfd === undefined ? entry?.reg?.name : memfdTarget(memfd);
  }

  /** The same as the kernel's links and maps show it: ` (deleted)` behind the path of what is no longer there. */
  target(id: number): string | undefined {
    const path = this.path(id);
    return path !== undefined && this.#isMarked(id, path) ? `${path}${DELETED}` : path;
  }

  /** The bytes of the target, where they are not UTF-8. */
  targetBytes(id: number): Uint8Array | undefined {
    const entry = this.entry(id, FD_TYPE.reg);
    if (entry?.memfd) {
      const inode = this.memfd(entry.memfd.inode_id);
      const name = inode && rawText(inode, 'name');
      return name && Buffer.concat([Buffer.from('/memfd:'), name, Buffer.from(DELETED)]);
    }
    const name = entry?.reg && rawText(entry.reg, 'name');
    return name && this.#isMarked(id, this.path(id) ?? '') ? Buffer.concat([name, Buffer.from(DELETED)]) : name;
  }

  #isMarked(id: number, path: string): boolean {
    const remap = this.remaps.get(id);
    return remap !== undefined && isMarkedDeleted(remap, path);
  }
}

/** Shared anonymous memory and System V segments are dumped as memfds of the names that the kernel gives them. */
const KERNEL_NAME = /^\/(?:dev\/zero|SYSV[0-9a-f]{8}|anon_hugepage)$/;

/** What readlink gives for a memfd. Source: criu/memfd.c, dump_one_memfd, which takes `/memfd:` off. */
export function memfdTarget(name: string): string {
  return `${KERNEL_NAME.test(name) ? '' : '/memfd:'}${name}${DELETED}`;
}
