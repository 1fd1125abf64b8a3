import { goOn, type Awaitable } from './awaitable.ts';
import type { BytePlace, ByteSource } from './byte-source.ts';
import { throwIfCancelled } from './cancel.ts';

/** A source over bytes in memory. They are not copied. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read(offset, length, signal) {
      throwIfCancelled(signal);
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}

/**
 * A window of another source. Closing it leaves the parent open. Where the parent ends inside the window, so does it;
 * its `size` says so as soon as the parent's is known.
 */
export function sliceSource(parent: ByteSource, offset: number, length: number, name: string): ByteSource {
  return new SliceSource(parent, offset, length, name);
}

class SliceSource implements ByteSource {
  readonly name: string;
  readonly #parent: ByteSource;
  readonly #start: number;
  readonly #length: number;

  constructor(parent: ByteSource, start: number, length: number, name: string) {
    this.name = name;
    this.#parent = parent;
    this.#start = start;
    this.#length = length;
  }

  get size(): number {
    const end = this.#parent.size;
    return end === undefined ? this.#length : Math.max(0, Math.min(this.#length, end - this.#start));
  }

  get isFar(): boolean {
    return this.#parent.isFar === true;
  }

  get identity(): string | undefined {
    const { identity } = this.#parent;
    return identity === undefined ? undefined : `${identity}[${String(this.#start)}+${String(this.#length)}]`;
  }

  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#parent.read(this.#start + offset, this.#within(offset, length), signal);
  }

  readNow(offset: number, length: number): Uint8Array | undefined {
    return this.#parent.readNow?.(this.#start + offset, this.#within(offset, length));
  }

  fillNow(target: Uint8Array, offset: number): number | undefined {
    return this.#parent.fillNow?.(this.#part(target, offset), this.#start + offset);
  }

  fill(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> | undefined {
    return this.#parent.fill?.(this.#part(target, offset), this.#start + offset, signal);
  }

  keptNow(offset: number, length: number): Uint8Array | undefined {
    return this.#parent.keptNow?.(this.#start + offset, this.#within(offset, length));
  }

  confirm(): void {
    this.#parent.confirm?.();
  }

  readAvailable(offset: number, least: number, most: number, signal?: AbortSignal): Promise<Uint8Array> {
    return readAvailable(
      this.#parent,
      this.#start + offset,
      this.#within(offset, least),
      this.#within(offset, most),
      signal,
    );
  }

  place(): Awaitable<BytePlace | undefined> {
    return goOn(this.#parent.place?.(), (outer) => outer && { ...outer, offset: outer.offset + this.#start });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #within(offset: number, length: number): number {
    return Math.max(0, Math.min(length, this.#length - offset));
  }

  /** As much of a buffer as the slice has bytes for. */
  #part(target: Uint8Array, offset: number): Uint8Array {
    const within = this.#within(offset, target.length);
    return within < target.length ? target.subarray(0, within) : target;
  }
}

/** Reads at least `least` bytes, waiting for them, and up to `most` where they are there. Shorter only at the end. */
export function readAvailable(
  source: ByteSource,
  offset: number,
  least: number,
  most: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return source.readAvailable?.(offset, least, most, signal) ?? source.read(offset, most, signal);
}
