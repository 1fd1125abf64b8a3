import type { ByteSource, RemoteSource } from './byte-source.ts';
import { orCancelled, throwIfCancelled } from './cancel.ts';

export interface CacheOptions {
  /** Bytes that are fetched and kept as one. */
  readonly block?: number;
  /** Bytes that are kept at most; the least recently used go first. */
  readonly limit?: number;
  /** Bytes that are fetched at most ahead of who reads on and on. */
  readonly ahead?: number;
}

const BLOCK = 16 * 1024;
const LIMIT = 16 * 1024 * 1024;
const AHEAD = 512 * 1024;
/** How many times as much as last time is fetched for who reads on. */
const GROWTH = 4;

/**
 * Keeps blocks of a source whose every read is a journey. What is read one after the other is fetched in growing pieces,
 * what is read here and there in small ones; what two ask for at once is fetched once.
 */
export function cachedSource(source: RemoteSource, options?: CacheOptions): RemoteSource;
export function cachedSource(source: ByteSource, options?: CacheOptions): ByteSource;
export function cachedSource(source: ByteSource | RemoteSource, options: CacheOptions = {}): ByteSource {
  const cached = new CachedSource(source, options);
  return Object.assign(cached, {
    ...('hash' in source && { hash: source.hash.bind(source) }),
    ...(source.headersFrom && { headersFrom: source.headersFrom.bind(source) }),
  });
}

class CachedSource implements ByteSource {
  readonly name: string;
  readonly isFar = true;
  readonly #source: ByteSource;
  readonly #block: number;
  readonly #most: number;
  readonly #ahead: number;
  /** In the order of their last use. */
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #coming = new Map<number, Promise<void>>();
  /** Where the last piece that was fetched ended, in blocks, and how many it had. */
  #end = -1;
  #run = 1;

  constructor(source: ByteSource, { block = BLOCK, limit = LIMIT, ahead = AHEAD }: CacheOptions) {
    this.name = source.name;
    this.#source = source;
    this.#block = block;
    this.#most = Math.max(1, Math.floor(limit / block));
    this.#ahead = Math.max(1, Math.floor(ahead / block));
  }

  get size(): number | undefined {
    return this.#source.size;
  }

  get identity(): string | undefined {
    return this.#source.identity;
  }

  readNow(offset: number, length: number): Uint8Array | undefined {
    const wanted = this.#within(offset, length);
    if (wanted === 0) return new Uint8Array(0);
    return this.#assemble(offset, wanted);
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfCancelled(signal);
    const wanted = this.#within(offset, length);
    if (wanted === 0) return new Uint8Array(0);
    const first = Math.floor(offset / this.#block);
    const last = Math.floor((offset + wanted - 1) / this.#block);
    // More than half of the cache would throw out what is of use again.
    if (last - first + 1 > this.#most / 2) return this.#source.read(offset, wanted, signal);
    for (;;) {
      const known = this.#assemble(offset, wanted);
      if (known) return known;
      await orCancelled(this.#bring(first, last), signal);
      // What was brought may have been pushed out by others who read at the same time.
    }
  }

  async close(): Promise<void> {
    this.#blocks.clear();
    await this.#source.close();
  }

  #within(offset: number, length: number): number {
    const { size } = this.#source;
    return size === undefined ? length : Math.max(0, Math.min(length, size - offset));
  }

  /** The bytes, if all of their blocks are there. */
  #assemble(offset: number, length: number): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (let at = offset; at < offset + length;) {
      const index = Math.floor(at / this.#block);
      const block = this.#blocks.get(index);
      if (!block) return undefined;
      const from = at - index * this.#block;
      const part = block.subarray(from, Math.min(block.length, from + offset + length - at));
      if (part.length === 0) break;
      this.#blocks.delete(index);
      this.#blocks.set(index, block);
      parts.push(part);
      at += part.length;
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : Buffer.concat(parts);
  }

  /** Fetches what is missing of some blocks, in as few pieces as it takes. */
  #bring(first: number, last: number): Promise<unknown> {
    const waiting: Promise<void>[] = [];
    for (let index = first; index <= last;) {
      const coming = this.#coming.get(index);
      if (coming) waiting.push(coming);
      if (coming ?? this.#blocks.has(index)) {
        index++;
        continue;
      }
      let end = index;
      while (end <= last && !this.#blocks.has(end) && !this.#coming.has(end)) end++;
      waiting.push(this.#fetch(index, this.#stretch(index, end)));
      index = end;
    }
    return Promise.all(waiting);
  }

  /** Up to where a piece is fetched that begins at a block and must reach another. */
  #stretch(from: number, least: number): number {
    this.#run = from === this.#end ? Math.min(this.#run * GROWTH, this.#ahead) : 1;
    const { size } = this.#source;
    const blocks = size === undefined ? Infinity : Math.ceil(size / this.#block);
    let end = Math.min(blocks, Math.max(least, from + this.#run));
    for (let index = least; index < end; index++) {
      if (this.#blocks.has(index) || this.#coming.has(index)) end = index;
    }
    this.#end = end;
    return end;
  }

  #fetch(from: number, to: number): Promise<void> {
    const coming = this.#source.read(from * this.#block, (to - from) * this.#block).then((bytes) => {
      for (let index = from; index < to; index++) {
        const at = (index - from) * this.#block;
        // Copied: a block must not keep a whole piece in memory.
        this.#keep(index, bytes.slice(at, at + this.#block));
      }
    });
    const settled = coming.finally(() => {
      for (let index = from; index < to; index++) this.#coming.delete(index);
    });
    // Who asked for it may have given up.
    settled.catch(() => undefined);
    for (let index = from; index < to; index++) this.#coming.set(index, settled);
    return settled;
  }

  #keep(index: number, block: Uint8Array): void {
    this.#blocks.set(index, block);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#most) return;
      this.#blocks.delete(oldest);
    }
  }
}
