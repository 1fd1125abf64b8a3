/** Bytes that are not there, from the start of what was asked for. */
export interface MissingRange {
  readonly offset: number;
  readonly length: number;
}

interface Gap {
  start: number;
  end: number;
}

/** What was asked for, filled piece by piece, remembering which bytes are still missing. */
export class MemoryRead {
  readonly bytes: Uint8Array;
  /** In order, neither touching nor overlapping; shared by all parts. */
  readonly #gaps: Gap[];
  readonly #start: number;

  private constructor(bytes: Uint8Array, gaps: Gap[], start: number) {
    this.bytes = bytes;
    this.#gaps = gaps;
    this.#start = start;
  }

  static of(length: number): MemoryRead {
    return new MemoryRead(new Uint8Array(length), length > 0 ? [{ start: 0, end: length }] : [], 0);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Of the whole read, whichever part is asked. */
  get missing(): readonly MissingRange[] {
    return this.#gaps.map(({ start, end }) => ({ offset: start, length: end - start }));
  }

  /** A window of it: what is put there is put here. */
  part(from: number, to: number): MemoryRead {
    return new MemoryRead(this.bytes.subarray(from, to), this.#gaps, this.#start + from);
  }

  put(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
    this.#cover(this.#start + offset, this.#start + offset + bytes.length);
  }

  #cover(start: number, end: number): void {
    const gaps = this.#gaps;
    // From the back: reads go forward, so the last gap is mostly the one.
    for (let index = gaps.length - 1; index >= 0; index--) {
      const gap = gaps[index] as Gap;
      if (gap.end <= start) return;
      if (gap.start >= end) continue;
      const left = { start: gap.start, end: Math.max(gap.start, start) };
      const right = { start: Math.min(gap.end, end), end: gap.end };
      gaps.splice(index, 1, ...[left, right].filter((rest) => rest.end > rest.start));
    }
  }
}
