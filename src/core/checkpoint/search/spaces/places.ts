import type { FileSet } from '../../../archive/file-set.ts';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import type { ScanFile } from '../scan/task.ts';

/** A file of an archive that is open, and where its bytes are in a file on this machine, if they are. */
export interface Opened {
  readonly source: ByteSource;
  readonly place?: { readonly file: ScanFile; readonly offset: number };
}

/** The files of an archive that a search reads, open until it ends. */
export class Places {
  readonly #files: FileSet;
  readonly #opened = new Map<string, Promise<Opened | undefined>>();

  constructor(files: FileSet) {
    this.#files = files;
  }

  /** @throws CheckpointError `unreadable`, `changed` */
  open(path: string): Promise<Opened | undefined> {
    let opening = this.#opened.get(path);
    if (!opening) {
      const entry = this.#files.entries.get(path);
      opening = entry ? openSource(this.#files.open(entry)) : Promise.resolve(undefined);
      this.#opened.set(path, opening);
    }
    return opening;
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    for (const opened of all) if (opened.status === 'fulfilled') await opened.value?.source.close();
  }
}

export async function openSource(source: ByteSource): Promise<Opened> {
  const place = await source.place?.();
  if (!place) return { source };
  const { descriptor, offset, state } = place;
  return { source, place: { file: { descriptor, name: source.name, ...(state && { state }) }, offset } };
}
