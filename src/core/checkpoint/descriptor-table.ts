import type { FileEntry, RegFileEntry } from '../criu/schema/generated/messages.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import { known } from './known-images.ts';

/**
 * What stands behind the file ids that other images refer to: files.img, or in dumps before CRIU 3.4 the split
 * reg-files.img.
 */
export class DescriptorTable {
  readonly #entries: ReadonlyMap<number, FileEntry>;

  private constructor(entries: ReadonlyMap<number, FileEntry>) {
    this.#entries = entries;
  }

  static async load(images: ImageDirectory, signal?: AbortSignal): Promise<DescriptorTable> {
    const entries = new Map<number, FileEntry>();
    for (const reg of await known(images, 'REG_FILES', 'reg-files.img', signal)) entries.set(reg.id, asFile(reg));
    for (const file of await known(images, 'FILES', 'files.img', signal)) entries.set(file.id, file);
    return new DescriptorTable(entries);
  }

  /** Path of a regular file or directory as the process saw it. */
  path(id: number): string | undefined {
    const entry = this.#entries.get(id);
    return entry?.reg?.name;
  }
}

function asFile(reg: RegFileEntry): FileEntry {
  return { type: 1, id: reg.id, reg };
}
