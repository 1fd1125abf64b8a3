import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { BytePlace, ByteSource } from './byte-source.ts';
import { orCancelled, throwIfCancelled } from './cancel.ts';
import { fileError, rethrowAs } from './file-source.ts';

/** What a decompressor gives: seekable, growing until the decompressor has reached the end or cannot go on. */
export interface GrowingSource extends ByteSource {
  /** Bytes that can be read without waiting. */
  readonly available: number;
  /** Why there is less than there should be. Whole when `ended`. */
  readonly notes: readonly Note[];
  /** Resolves when no bytes will be added any more; rejects when that is because the work was cancelled. */
  readonly ended: Promise<void>;
  readAvailable(offset: number, least: number, most: number, signal?: AbortSignal): Promise<Uint8Array>;
}

export function isGrowing(source: ByteSource): source is GrowingSource {
  return 'available' in source && 'ended' in source;
}

interface Waiting {
  readonly until: number;
  resolve(): void;
}

/** Up to here a read of the page cache takes less time than handing it to a thread. */
const SYNC_READ_LIMIT = 256 * 1024;

/** The reader's side of a file that is being written from its beginning. */
export class GrowingFile implements GrowingSource {
  readonly name: string;
  readonly identity: string | undefined;
  readonly ended: Promise<void>;
  readonly notes: Note[] = [];
  readonly #handle: FileHandle;
  readonly #release: () => Promise<void>;
  readonly #waiting = new Set<Waiting>();
  #available = 0;
  #hasEnded = false;
  #closed: Promise<void> | undefined;
  #failure: Error | undefined;
  #settle: { resolve(): void; reject(error: Error): void } = { resolve: () => undefined, reject: () => undefined };

  /** @param release is called once when the source is closed, and closes the handle */
  constructor(handle: FileHandle, place: { name: string; identity: string | undefined }, release: () => Promise<void>) {
    this.#handle = handle;
    this.name = place.name;
    this.identity = place.identity;
    this.#release = release;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Nobody may be listening: reads report it too.
    this.ended.catch(() => undefined);
  }

  get size(): number | undefined {
    return this.#hasEnded ? this.#available : undefined;
  }

  get available(): number {
    return this.#available;
  }

  /** So many bytes are in the file now. */
  grow(available: number): void {
    this.#available = available;
    for (const waiting of this.#waiting) if (waiting.until <= available) this.#wake(waiting);
  }

  /** Nothing more will come. */
  end(): void {
    this.#stop();
    this.#settle.resolve();
  }

  /** The work was given up: nothing can be read any more. `ended` rejects when its traces are removed. */
  async fail(failure: Error, removed: Promise<unknown>): Promise<void> {
    this.#failure = failure;
    this.#stop();
    await removed.catch(() => undefined);
    this.#settle.reject(failure);
  }

  #stop(): void {
    this.#hasEnded = true;
    for (const waiting of this.#waiting) this.#wake(waiting);
  }

  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.readAvailable(offset, length, length, signal);
  }

  async readAvailable(offset: number, least: number, most: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfCancelled(signal);
    if (!this.#hasEnded && offset + least > this.#available) await this.#reached(offset + least, signal);
    if (this.#failure) throw this.#failure;
    if (this.#closed) {
      throw new CheckpointError('unreadable', sentence('{0} was closed.', this.name), { where: this.name });
    }
    const length = Math.max(0, Math.min(most, this.#available - offset));
    const now = this.readNow(offset, length);
    if (now) return now;
    const buffer = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await this.#handle
        .read(buffer, filled, length - filled, offset + filled)
        .catch(rethrowAs(this.name));
      if (bytesRead === 0) return buffer.subarray(0, filled);
      filled += bytesRead;
    }
    return buffer;
  }

  readNow(offset: number, length: number): Uint8Array | undefined {
    const within = this.#nowWithin(offset, length);
    if (within === undefined) return undefined;
    const buffer = Buffer.allocUnsafe(within);
    return buffer.subarray(0, this.#readSync(buffer, within, offset));
  }

  fillNow(target: Uint8Array, offset: number): number | undefined {
    const within = this.#nowWithin(offset, target.length);
    return within === undefined ? undefined : this.#readSync(target, within, offset);
  }

  /** How many bytes can be read without waiting. */
  #nowWithin(offset: number, length: number): number | undefined {
    const isThere = this.#hasEnded || offset + length <= this.#available;
    if (!isThere || this.#failure || this.#closed) return undefined;
    const within = Math.max(0, Math.min(length, this.#available - offset));
    return within > SYNC_READ_LIMIT ? undefined : within;
  }

  place(): BytePlace | undefined {
    const isReadable = this.#failure === undefined && this.#closed === undefined;
    return isReadable ? { descriptor: this.#handle.fd, offset: 0 } : undefined;
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#release());
  }

  #readSync(target: Uint8Array, wanted: number, offset: number): number {
    try {
      let filled = 0;
      for (let count = -1; filled < wanted && count !== 0; filled += count) {
        count = readSync(this.#handle.fd, target, filled, wanted - filled, offset + filled);
      }
      return filled;
    } catch (error) {
      throw fileError(this.name, error);
    }
  }

  async #reached(until: number, signal: AbortSignal | undefined): Promise<void> {
    let waiting: Waiting | undefined;
    const reached = new Promise<void>((resolve) => this.#waiting.add((waiting = { until, resolve })));
    try {
      await orCancelled(reached, signal);
    } finally {
      if (waiting) this.#waiting.delete(waiting);
    }
  }

  #wake(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    waiting.resolve();
  }
}
