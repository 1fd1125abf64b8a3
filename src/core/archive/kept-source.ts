import type { Awaitable } from '../bytes/awaitable.ts';
import type { BytePlace, ByteSource } from '../bytes/byte-source.ts';
import { readAvailable } from '../bytes/sources.ts';

/** The bytes of another source, which stays open, of which some are kept: these are not read again. */
export function keptSource(source: ByteSource, kept: KeptBlocks): ByteSource {
  return source.fillNow ? new FastKeptSource(source, kept) : new KeptSource(source, kept);
}

class KeptSource implements ByteSource {
  readonly name: string;
  protected readonly source: ByteSource;
  readonly #kept: KeptBlocks;

  constructor(source: ByteSource, kept: KeptBlocks) {
    this.name = source.name;
    this.source = source;
    this.#kept = kept;
  }

  get size(): number | undefined {
    return this.source.size;
  }

  get isFar(): boolean {
    return this.source.isFar === true;
  }

  get identity(): string | undefined {
    return this.source.identity;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.keptNow(offset, length) ?? this.source.read(offset, length, signal);
  }

  readNow(offset: number, length: number): Uint8Array | undefined {
    return this.keptNow(offset, length) ?? this.source.readNow?.(offset, length);
  }

  keptNow(offset: number, length: number): Uint8Array | undefined {
    const bytes = this.#kept.find(offset, length);
    // As everything that is read, what is kept must not outlive the archive that it is of.
    if (bytes) this.source.confirm?.();
    return bytes;
  }

  confirm(): void {
    this.source.confirm?.();
  }

  fill(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> | undefined {
    return this.source.fill?.(target, offset, signal);
  }

  readAvailable(offset: number, least: number, most: number, signal?: AbortSignal): Promise<Uint8Array> {
    return readAvailable(this.source, offset, least, most, signal);
  }

  place(): Awaitable<BytePlace | undefined> {
    return this.source.place?.();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Of a source that is read without waiting. */
class FastKeptSource extends KeptSource {
  fillNow(target: Uint8Array, offset: number): number | undefined {
    return this.source.fillNow?.(target, offset);
  }
}

/** Blocks that were read for the headers in them, by offset, up to a total size: the first ones stay. */
export class KeptBlocks {
  readonly #limit: number;
  readonly #starts: number[] = [];
  readonly #blocks: Uint8Array[] = [];
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keeps a block if it lies behind all before it, and below the limit. @returns whether it did */
  add(start: number, block: Uint8Array): boolean {
    const previous = this.#starts.at(-1);
    if (this.#total + block.length > this.#limit || (previous !== undefined && start < previous)) return false;
    this.#starts.push(start);
    this.#blocks.push(block);
    this.#total += block.length;
    return true;
  }

  /** The bytes, if one of the blocks holds all of them. */
  find(offset: number, length: number): Uint8Array | undefined {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const start = this.#starts[low - 1];
    const block = this.#blocks[low - 1];
    if (start === undefined || !block || offset + length > start + block.length) return undefined;
    // Of a Buffer, subarray takes several times as long.
    return new Uint8Array(block.buffer, block.byteOffset + offset - start, length);
  }

  clear(): void {
    this.#starts.length = 0;
    this.#blocks.length = 0;
    this.#total = 0;
  }
}
