import type { MemoryRange, MemorySource, MemoryWindow } from '../../src/protocol/memory.ts';
import type { Wire } from '../../src/protocol/wire.ts';

/** Bytes that are fetched and kept together. */
const CHUNK = 16 * 1024;
/** Chunks fetched at once at most, and kept at most. */
const MAX_FETCH = 8;
const MAX_KEPT = 128;
/** The last chunk that there can be. */
const LAST = 2 ** 50 - 1;

export type Read = (address: bigint, length: number, signal: AbortSignal) => Promise<Wire<MemoryWindow>>;

/** What is known of one byte. */
export interface ByteAt {
  /** Undefined where it is not in the checkpoint. */
  readonly value: number | undefined;
  readonly source: MemorySource;
}

/** Whole ones only: what of it lies in no mapping is said so by its ranges. */
interface Chunk {
  readonly start: bigint;
  readonly bytes: Uint8Array;
  readonly ranges: readonly Wire<MemoryRange>[];
  /** For each byte the position of its range. */
  readonly rangeOf: Uint16Array;
}

/**
 * Memory of one process as far as it was looked at lately, fetched as it comes into view. One fetch is under way at a
 * time: what is no longer wanted is given up.
 */
export class ByteCache {
  readonly #read: Read;
  readonly #listeners = new Set<() => void>();
  /** By number of chunk; least recently used first. */
  readonly #chunks = new Map<number, Chunk>();
  #fetch: { readonly first: number; readonly count: number; readonly controller: AbortController } | undefined;
  #error: { readonly at: number; readonly error: unknown } | undefined;

  constructor(read: Read) {
    this.#read = read;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why what is wanted cannot be fetched; undefined where it can. */
  get error(): unknown {
    return this.#error?.error;
  }

  /** The byte at an address; undefined where it has not come yet. */
  at(address: bigint): ByteAt | undefined {
    const chunk = this.#chunks.get(numberOf(address));
    if (!chunk) return undefined;
    const at = Number(address - chunk.start);
    const range = chunk.ranges[chunk.rangeOf[at] ?? 0];
    if (!range) return undefined;
    return { value: range.present ? chunk.bytes[at] : undefined, source: range.source };
  }

  /** Where the byte at an address is, or would be. */
  rangeAt(address: bigint): Wire<MemoryRange> | undefined {
    const chunk = this.#chunks.get(numberOf(address));
    return chunk?.ranges[chunk.rangeOf[Number(address - chunk.start)] ?? 0];
  }

  /** The bytes from an address on, up to the first that is missing or has not come yet. */
  bytesFrom(address: bigint, most: number): Uint8Array {
    const bytes: number[] = [];
    while (bytes.length < most) {
      const value = this.at(address + BigInt(bytes.length))?.value;
      if (value === undefined) break;
      bytes.push(value);
    }
    return Uint8Array.from(bytes);
  }

  /** What is in view now, [start, end): what of it is not here is fetched, with what one is likely to scroll to. */
  want(start: bigint, end: bigint): void {
    if (end <= start) return;
    const first = numberOf(start);
    const last = numberOf(end - 1n);
    for (let number = first; number <= last; number++) this.#touch(number);
    const needed = this.#missing(first, last);
    const running = this.#fetch;
    const wanted = needed ?? (running ? undefined : this.#missing(Math.max(0, first - 1), Math.min(LAST, last + 1)));
    if (wanted === undefined || this.#error?.at === wanted) return;
    if (running && running.first <= wanted && wanted < running.first + running.count) return;
    running?.controller.abort();
    this.#start(wanted, last + 1);
  }

  /** What is kept is of an older state, or could not be read: the next wish fetches anew. */
  renew(): void {
    this.#chunks.clear();
    this.#error = undefined;
    this.#notify();
  }

  close(): void {
    this.#fetch?.controller.abort();
    this.#fetch = undefined;
  }

  /** The first chunk of several that is not here. */
  #missing(first: number, last: number): number | undefined {
    for (let number = first; number <= last; number++) if (!this.#chunks.has(number)) return number;
    return undefined;
  }

  /** Fetches from a chunk on, as far as they are missing and up to `last`. */
  #start(first: number, last: number): void {
    let count = 1;
    while (count < MAX_FETCH && first + count <= Math.min(LAST, last) && !this.#chunks.has(first + count)) count++;
    const controller = new AbortController();
    this.#fetch = { first, count, controller };
    this.#read(BigInt(first) * BigInt(CHUNK), count * CHUNK, controller.signal).then(
      (window) => {
        if (controller.signal.aborted) return;
        this.#fetch = undefined;
        this.#error = undefined;
        this.#put(window);
        this.#notify();
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        this.#fetch = undefined;
        this.#error = { at: first, error };
        this.#notify();
      },
    );
  }

  #put({ address, bytes, ranges }: Wire<MemoryWindow>): void {
    const start = BigInt(address);
    for (let done = 0; done < bytes.length; done += CHUNK) {
      const at = start + BigInt(done);
      const number = numberOf(at);
      this.#chunks.delete(number);
      this.#chunks.set(number, chunkOf(at, bytes.slice(done, done + CHUNK), ranges));
    }
    for (const number of this.#chunks.keys()) {
      if (this.#chunks.size <= MAX_KEPT) break;
      this.#chunks.delete(number);
    }
  }

  #notify(): void {
    this.#listeners.forEach((listener) => listener());
  }

  #touch(number: number): void {
    const chunk = this.#chunks.get(number);
    if (!chunk) return;
    this.#chunks.delete(number);
    this.#chunks.set(number, chunk);
  }
}

function chunkOf(start: bigint, bytes: Uint8Array, all: readonly Wire<MemoryRange>[]): Chunk {
  const rangeOf = new Uint16Array(bytes.length);
  const ranges: Wire<MemoryRange>[] = [];
  for (const range of all) {
    const from = Number(BigInt(range.start) - start);
    const to = Math.min(bytes.length, from + range.length);
    if (to <= 0 || from >= bytes.length) continue;
    rangeOf.fill(ranges.length, Math.max(0, from), to);
    ranges.push(range);
  }
  return { start, bytes, ranges, rangeOf };
}

function numberOf(address: bigint): number {
  return Number(address / BigInt(CHUNK));
}
