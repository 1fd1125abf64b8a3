import { orCancelled } from '../core/bytes/cancel.ts';
import type { ByteSource } from '../core/bytes/byte-source.ts';
import type { FileView } from '../core/checkpoint/file-view.ts';
import { CheckpointError } from '../core/errors.ts';
import { MAX_READ } from '../protocol/checkpoint-api.ts';
import { sentence } from '../protocol/sentence.ts';

/** Files kept open: what an editor reads window by window is not decoded anew for each. */
const KEEP = 4;

interface OpenFile {
  readonly source: Promise<ByteSource>;
  readers: number;
  dropped: boolean;
}

/** Reads windows of the files of a view, and keeps the last few files open. */
export class FileWindows {
  readonly #view: FileView;
  readonly #open = new Map<string, OpenFile>();

  constructor(view: FileView) {
    this.#view = view;
  }

  /**
   * @returns bytes of their own, fit to be handed over; shorter than `length` only at the end of the file
   * @throws CheckpointError `usage` for a window that is none, and what the view throws
   */
  async read(path: string, offset: number, length: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0) {
      throw new CheckpointError('usage', sentence('{0} cannot be read from byte {1} on.', path, offset), {
        where: path,
      });
    }
    const file = this.#take(path);
    file.readers++;
    try {
      const source = await orCancelled(file.source, signal);
      return new Uint8Array(await source.read(offset, Math.min(length, MAX_READ), signal));
    } finally {
      file.readers--;
      await closeUnused(file);
    }
  }

  /** Closes all, those still being read as soon as that is done. What they held may be another now. */
  async drop(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(files.map(dropFile));
  }

  #take(path: string): OpenFile {
    const known = this.#open.get(path);
    const file = known ?? { source: this.#view.open(path), readers: 0, dropped: false };
    this.#open.delete(path);
    this.#open.set(path, file);
    if (!known) {
      file.source.catch(() => {
        if (this.#open.get(path) === file) this.#open.delete(path);
      });
      this.#dropOldest();
    }
    return file;
  }

  #dropOldest(): void {
    const [oldest] = this.#open;
    if (this.#open.size <= KEEP || !oldest) return;
    this.#open.delete(oldest[0]);
    void dropFile(oldest[1]);
  }
}

async function dropFile(file: OpenFile): Promise<void> {
  file.dropped = true;
  await closeUnused(file);
}

async function closeUnused(file: OpenFile): Promise<void> {
  if (!file.dropped || file.readers > 0) return;
  const source = await file.source.catch(() => undefined);
  await source?.close();
}
