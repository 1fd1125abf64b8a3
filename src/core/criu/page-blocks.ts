import { WireDamage, type WireReader } from './wire.ts';

/** The LZ4 blocks of one entry: 0 is a block of zeros, a block's full size one stored as it is. */
export interface EntryBlocks {
  readonly sizes: Uint32Array;
  readonly total: number;
  readonly pagesPerBlock: number;
}

/** Of all entries of a pagemap: what a process of 64 GiB has, page by page. They take 64 MiB here. */
const maxBlocks = 16 * 1024 * 1024;

/** The blocks of all entries of a pagemap, in typed arrays: a large process has millions. */
export class PageBlocks {
  readonly #sizes = new Numbers();
  /** Of each entry that has blocks: its index, where its sizes begin, how many pages a block has. */
  readonly #entries = new Numbers();
  readonly #starts = new Numbers();
  readonly #pagesPerBlock = new Numbers();
  /** How many of the sizes belong to entries. */
  #closed = 0;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether sizes were added that belong to no entry yet. */
  get isOpen(): boolean {
    return this.#sizes.length > this.#closed;
  }

  /** @throws WireDamage where there are more of them than memory should hold */
  add(size: number, position: number): void {
    if (this.#sizes.length === maxBlocks) {
      throw new WireDamage('it has more compressed blocks than can be shown', position);
    }
    this.#sizes.push(size);
  }

  /** Gives the sizes that were added last to an entry; entries come in the order of their indices. */
  close(entry: number, pagesPerBlock: number): void {
    this.#starts.push(this.#closed);
    this.#entries.push(entry);
    this.#pagesPerBlock.push(pagesPerBlock);
    this.#closed = this.#sizes.length;
  }

  /** Those of an entry; undefined where its pages are stored as they are. */
  of(entry: number): EntryBlocks | undefined {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries.at(middle) < entry) low = middle + 1;
      else high = middle;
    }
    if (low === this.#entries.length || this.#entries.at(low) !== entry) return undefined;
    const end = low + 1 < this.#starts.length ? this.#starts.at(low + 1) : this.#closed;
    const sizes = this.#sizes.slice(this.#starts.at(low), end);
    return { sizes, total: sizes.reduce((sum, size) => sum + size, 0), pagesPerBlock: this.#pagesPerBlock.at(low) };
  }
}

/** A list of 32-bit numbers. */
class Numbers {
  #values = new Uint32Array(64);
  length = 0;

  at(index: number): number {
    return this.#values[index] as number;
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** A view: it holds as long as nothing is added. */
  slice(start: number, end: number): Uint32Array {
    return this.#values.subarray(start, end);
  }
}

/**
 * Reads a message of type `pagemap_blocks`, whose sizes are packed or, where others wrote it, one by one.
 * @returns how many pages a block has
 */
export function readBlocks(reader: WireReader, end: number, blocks: PageBlocks): number {
  let pagesPerBlock = 1;
  while (reader.position < end) {
    const tag = reader.uint32(end);
    if (tag === 0x0a) {
      const packedEnd = reader.lengthDelimited(end);
      while (reader.position < packedEnd) blocks.add(reader.uint32(packedEnd), reader.position);
    } else if (tag === 0x08) blocks.add(reader.uint32(end), reader.position);
    else if (tag === 0x18) pagesPerBlock = reader.uint32(end) || 1;
    else reader.skip(tag & 7, end);
  }
  return pagesPerBlock;
}
