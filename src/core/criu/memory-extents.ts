import type { MemorySource } from '../../protocol/memory.ts';

/** A piece of memory with one origin, as the images alone tell. */
export interface MemoryExtent {
  readonly start: bigint;
  /** Bytes. */
  readonly length: number;
  readonly source: MemorySource;
  /** The bytes are in a pages image. */
  readonly present: boolean;
  /** Entry path of the image that holds them, or of the one that should. */
  readonly where?: string;
  /** Where in that image, or in the mapped file, they start; of compressed pages where their entry's payload starts. */
  readonly offset?: bigint;
  readonly compressed?: boolean;
  /** The mapped file's id, where the bytes are in a file. */
  readonly fileId?: number;
}

/** Takes extents in the order of their addresses. */
export interface ExtentSink {
  /** No more are wanted. */
  readonly full: boolean;
  add(extent: MemoryExtent): void;
}

/** Gathers extents in the order of their addresses; what goes on where the last one ended becomes one with it. */
export class ExtentList implements ExtentSink {
  readonly items: MemoryExtent[] = [];
  readonly #limit: number;
  #full = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** As many as asked for; what is added now is left out. */
  get full(): boolean {
    return this.#full;
  }

  add(extent: MemoryExtent): void {
    if (this.#full || extent.length <= 0) return;
    const last = this.items.at(-1);
    if (last && continues(last, extent)) {
      this.items[this.items.length - 1] = { ...last, length: last.length + extent.length };
    } else if (this.items.length < this.#limit) {
      this.items.push(extent);
    } else {
      this.#full = true;
    }
  }

  /** The same list for who counts from elsewhere: `by` is added to each start. */
  shifted(by: bigint): ExtentSink {
    const isFull = (): boolean => this.#full;
    return {
      get full() {
        return isFull();
      },
      add: (extent) => this.add({ ...extent, start: extent.start + by }),
    };
  }
}

function continues(last: MemoryExtent, next: MemoryExtent): boolean {
  return (
    last.source === next.source &&
    last.present === next.present &&
    last.where === next.where &&
    last.fileId === next.fileId &&
    last.start + BigInt(last.length) === next.start &&
    (last.compressed || next.compressed
      ? last.compressed === next.compressed && last.offset === next.offset
      : last.offset === undefined
        ? next.offset === undefined
        : last.offset + BigInt(last.length) === next.offset)
  );
}
