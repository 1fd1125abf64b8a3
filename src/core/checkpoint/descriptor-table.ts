import type { FileEntry, RegFileEntry } from '../criu/schema/generated/messages.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import { known } from './known-images.ts';

/**
 * What stands behind the file ids that other images refer to: files.img, or in dumps before CRIU 3.4 the split
 * reg-files.img.
 */
export class DescriptorTable {
  readonly #entries: ReadonlyMap<number, FileEntry>;
  /** Names of memfds by inode id. */
  readonly #memfds: ReadonlyMap<bigint, string>;

  private constructor(entries: ReadonlyMap<number, FileEntry>, memfds: ReadonlyMap<bigint, string>) {
    this.#entries = entries;
    this.#memfds = memfds;
  }

  static async load(images: ImageDirectory, signal?: AbortSignal): Promise<DescriptorTable> {
    const entries = new Map<number, FileEntry>();
    for (const reg of await known(images, 'REG_FILES', 'reg-files.img', signal)) entries.set(reg.id, asFile(reg));
    for (const file of await known(images, 'FILES', 'files.img', signal)) entries.set(file.id, file);
    const memfds = await known(images, 'MEMFD_INODE', 'memfd.img', signal);
    return new DescriptorTable(entries, new Map(memfds.map((inode) => [inode.inode_id, inode.name])));
  }

  /**
   * Path of a file or directory as the process saw it. Shared anonymous memory is dumped as a memfd of the name that the
   * kernel gives it.
   */
  path(id: number): string | undefined {
    const entry = this.#entries.get(id);
    const memfd = entry?.memfd && this.#memfds.get(BigInt(entry.memfd.inode_id));
    if (memfd !== undefined) return memfd === '/dev/zero' ? '/dev/zero (deleted)' : `/memfd:${memfd} (deleted)`;
    return entry?.reg?.name;
  }
}

function asFile(reg: RegFileEntry): FileEntry {
  return { type: 1, id: reg.id, reg };
}
