import type { FileSet } from '../../../archive/file-set.ts';
import { goOn, type Awaitable } from '../../../bytes/awaitable.ts';
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
  readonly #opened = new Map<string, Awaitable<Opened | undefined>>();

  constructor(files: FileSet) {
    this.#files = files;
  }

  /** @throws CheckpointError `unreadable`, `changed` */
  open(path: string): Awaitable<Opened | undefined> {
    let opening = this.#opened.get(path);
    if (!opening) {
      const entry = this.#files.entries.get(path);
      opening = entry && openSource(this.#files.open(entry));
      this.#opened.set(path, opening);
    }
    return opening;
  }

  async close(): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    for (const opening of all) {
      const opened = await Promise.resolve(opening).catch(() => undefined);
      await opened?.source.close();
    }
  }
}

export function openSource(source: ByteSource): Awaitable<Opened> {
  return goOn(source.place?.(), (place) => {
    if (!place) return { source };
    const { descriptor, offset, state } = place;
    return { source, place: { file: { descriptor, name: source.name, ...(state && { state }) }, offset } };
  });
}
