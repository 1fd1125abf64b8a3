import type { ByteSource } from '../bytes/byte-source.ts';
import { readAvailable } from '../bytes/sources.ts';
import { BLOCK } from './tar-header.ts';

const SMALLEST = 4 * 1024;
const LARGEST = 256 * 1024;
/** Headers closer than this are worth reading what lies between them. */
const DENSE = 8 * 1024;

/**
 * Reads the headers of an archive: in growing blocks where they are close together, in small ones where large contents
 * lie between them. The blocks that hold whole small files are kept, up to a limit, so that these need no second read.
 */
export class HeaderWindow {
  readonly #source: ByteSource;
  readonly #kept: KeptBlocks;
  #block: Uint8Array = new Uint8Array(0);
  #start = 0;
  #length = SMALLEST;
  #last = 0;

  constructor(source: ByteSource, kept: KeptBlocks) {
    this.#source = source;
    this.#kept = kept;
  }

  /** True when the header at `offset` can be had without a read. */
  holds(offset: number): boolean {
    return offset >= this.#start && offset + BLOCK <= this.#start + this.#block.length;
  }

  /** The header block at `offset`; shorter only where the archive ends. Valid until the next call. */
  async at(offset: number, signal?: AbortSignal): Promise<Uint8Array> {
    const stride = offset - this.#last;
    this.#last = offset;
    if (stride > 2 * DENSE) this.#length = SMALLEST;
    if (!this.holds(offset)) await this.#move(offset, stride, signal);
    return this.#block.subarray(offset - this.#start, offset - this.#start + BLOCK);
  }

  /** Bytes of an extended header. Valid until the next call. */
  async content(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const end = offset + length;
    if (offset >= this.#start && end <= this.#start + this.#block.length) {
      return this.#block.subarray(offset - this.#start, end - this.#start);
    }
    return this.#source.read(offset, length, signal);
  }

  async #move(offset: number, stride: number, signal: AbortSignal | undefined): Promise<void> {
    this.#block = await readAvailable(this.#source, offset, BLOCK, this.#length, signal);
    this.#start = offset;
    this.#kept.add(offset, this.#block);
    if (stride <= DENSE) this.#length = Math.min(this.#length * 2, LARGEST);
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

  /** Keeps a block, which lies behind all before it. */
  add(start: number, block: Uint8Array): void {
    const previous = this.#starts.at(-1);
    if (this.#total + block.length > this.#limit || (previous !== undefined && start < previous)) return;
    this.#starts.push(start);
    this.#blocks.push(block);
    this.#total += block.length;
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
    return block.subarray(offset - start, offset - start + length);
  }

  clear(): void {
    this.#starts.length = 0;
    this.#blocks.length = 0;
    this.#total = 0;
  }
}
