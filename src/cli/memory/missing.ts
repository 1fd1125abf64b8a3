import type { MemoryRange } from '../../protocol/memory.ts';
import { hex } from '../../protocol/wire.ts';
import type { Output } from '../output.ts';

/** Ranges that stderr lists. */
const MANY = 20;

/** Tells on stderr which bytes of an output are not in the checkpoint, each stretch once, whatever windows it was read in. */
export class MissingBytes {
  readonly #output: Output;
  readonly #words: string;
  #last: MemoryRange | undefined;
  #told = 0;
  /** Of the ranges added so far. */
  count = 0n;

  /** @param words what the output has in their place, e.g. `is written as zeros` */
  constructor(output: Output, words: string) {
    this.#output = output;
    this.#words = words;
  }

  /** Ranges in the order of their addresses. */
  add(ranges: readonly MemoryRange[]): void {
    for (const range of ranges) {
      const last = this.#last;
      const goesOn =
        last !== undefined &&
        !range.present &&
        last.source === range.source &&
        last.where === range.where &&
        last.start + BigInt(last.length) === range.start;
      if (!range.present) this.count += BigInt(range.length);
      if (goesOn) this.#last = { ...last, length: last.length + range.length };
      else {
        this.#tell();
        this.#last = range.present ? undefined : range;
      }
    }
  }

  /** After the last range. */
  end(): void {
    this.#tell();
    if (this.#told > MANY) this.#output.error(`${String(this.#told - MANY)} more ranges are missing.`);
  }

  #tell(): void {
    if (!this.#last || ++this.#told > MANY) return;
    const { start, length, source, where } = this.#last;
    const place = where === undefined ? '' : ` (${where})`;
    this.#output.error(
      `${hex(start)}-${hex(start + BigInt(length))} is not in this checkpoint and ${this.#words}: ${source}${place}`,
    );
  }
}
