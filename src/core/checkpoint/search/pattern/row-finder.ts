import { membersOf } from './byte-set.ts';
import { exactBytes, longestOf, type Element } from './elements.ts';

/** Where a pattern may begin, and in which bytes it must lie. Places in a window. */
export interface Span {
  readonly begin: number;
  readonly end: number;
  /** The first beginning, and the first one that is too far. */
  readonly from: number;
  readonly to: number;
}

/** Takes a match; false: no more. */
export type Found = (start: number, length: number) => boolean;

/** Bytes of a pattern by which it is looked for: the rarer they are, the less has to be compared. */
interface Anchor {
  /** Index of its element, and how far that may be from the beginning. */
  readonly index: number;
  readonly reach: number;
  readonly bytes: readonly number[];
}

/** A byte that is found more often than one in so many is no help; the second where the rest is compared by the machine. */
const TOO_COMMON = 48;
const TOO_COMMON_IN_ROW = 16;
/** Rows up to this length `Buffer.indexOf` finds by their first byte; longer ones it looks for in a slower way. */
const ROW = 4;
/** So many pieces of a window, of so many bytes each, tell how common each byte is. */
const SAMPLE_PIECES = 32;
const SAMPLE_BYTES = 128;
/** What earlier windows count of what they did when the next one comes. */
const FADING = 0.9;

/**
 * Looks for a row of places. The rarest byte of those that the pattern asks for is looked for by the machine's own
 * instructions (`Buffer.indexOf`), with some that follow where they are exact; only where it is found is the rest compared.
 */
export class RowFinder {
  readonly #elements: readonly Element[];
  readonly #exact: Uint8Array | undefined;
  /** Some of the exact bytes, and where in them they are. */
  #row: { readonly index: number; readonly bytes: Uint8Array };
  readonly #anchors: readonly Anchor[];
  /** How often each byte was in samples, those of earlier windows counting less and less. */
  readonly #counts = new Float64Array(256);
  #sampled = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #anchor: Anchor | undefined;
  #way: 'anchor' | 'exact' | 'everywhere' = 'everywhere';
  /** For each byte of the anchor, or for the exact bytes, where they are next. */
  #next: number[] = [];

  constructor(elements: readonly Element[]) {
    this.#elements = elements;
    this.#exact = exactBytes(elements);
    this.#row = { index: 0, bytes: this.#exact ?? new Uint8Array(0) };
    this.#anchors = elements.flatMap((element, index) => {
      const bytes = 'set' in element ? membersOf(element.set) : [];
      const isRare = bytes.length === 1 || bytes.length === 2;
      return isRare ? [{ index, reach: longestOf(elements.slice(0, index)), bytes }] : [];
    });
  }

  /** Takes the bytes of a window. Spans are then looked through from the front to the back. */
  load(bytes: Buffer): void {
    this.#bytes = bytes;
    if (this.#exact) {
      this.#way = 'exact';
      this.#row = this.#rarestRow(this.#exact);
      this.#next = [-1];
      return;
    }
    const best = this.#rarest();
    this.#anchor = best?.anchor;
    this.#way = best && best.count * TOO_COMMON <= this.#sampled ? 'anchor' : 'everywhere';
    this.#next = (this.#way === 'anchor' ? (best?.anchor.bytes ?? []) : [0]).map(() => -1);
  }

  /**
   * Finds every match in a span, also those that overlap; nearly in order.
   * @returns where to go on if `found` wanted no more; all that begin before that were found
   */
  each(span: Span, found: Found): number | undefined {
    if (this.#way === 'exact' && this.#exact) return this.#eachExact(this.#exact, span, found);
    if (this.#way === 'anchor' && this.#anchor) return this.#eachAnchor(this.#anchor, span, found);
    for (let at = span.from; at < span.to; at++) {
      const length = this.#matchedFrom(0, at, span.end);
      if (length > 0 && !found(at, length)) return at + 1;
    }
    return undefined;
  }

  #rarest(): { readonly anchor: Anchor; readonly count: number } | undefined {
    if (this.#anchors.length === 0) return undefined;
    this.#sample();
    const counts = this.#counts;
    let best: { anchor: Anchor; count: number } | undefined;
    for (const anchor of this.#anchors) {
      const count = anchor.bytes.reduce((sum, byte) => sum + (counts[byte] as number), 0);
      if (!best || count < best.count) best = { anchor, count };
    }
    return best;
  }

  /** Begins with the rarest byte that another one follows; all of them where even that one is common. */
  #rarestRow(exact: Uint8Array): { readonly index: number; readonly bytes: Uint8Array } {
    this.#sample();
    const counts = this.#counts;
    let index = 0;
    for (let at = 1; at < exact.length - 1; at++) {
      if ((counts[exact[at] as number] as number) < (counts[exact[index] as number] as number)) index = at;
    }
    const isRare = (counts[exact[index] as number] as number) * TOO_COMMON_IN_ROW <= this.#sampled;
    return isRare ? { index, bytes: exact.subarray(index, index + ROW) } : { index: 0, bytes: exact };
  }

  /** Counts bytes in some pieces that are spread over the window. */
  #sample(): void {
    const bytes = this.#bytes;
    const counts = this.#counts;
    for (let byte = 0; byte < 256; byte++) counts[byte] = (counts[byte] as number) * FADING;
    this.#sampled *= FADING;
    const step = Math.max(SAMPLE_BYTES, Math.floor(bytes.length / SAMPLE_PIECES));
    for (let start = 0; start < bytes.length; start += step) {
      const end = Math.min(bytes.length, start + SAMPLE_BYTES);
      this.#sampled += end - start;
      for (let at = start; at < end; at++) {
        const byte = bytes[at] as number;
        counts[byte] = (counts[byte] as number) + 1;
      }
    }
  }

  #eachExact(exact: Uint8Array, { end, from, to }: Span, found: Found): number | undefined {
    const { index, bytes } = this.#row;
    for (let at = from; ; at++) {
      if ((this.#next[0] as number) < at) this.#next[0] = orNever(this.#bytes.indexOf(bytes, at + index)) - index;
      at = this.#next[0] as number;
      if (at >= to || at + exact.length > end) return undefined;
      const isFound = bytes.length === exact.length || isAt(this.#bytes, exact, at);
      if (isFound && !found(at, exact.length)) return at + 1;
    }
  }

  #eachAnchor({ index, reach, bytes }: Anchor, { begin, end, from, to }: Span, found: Found): number | undefined {
    const limit = Math.min(end, to + reach);
    for (let at = this.#anchorFrom(bytes, from); at < limit; at = this.#anchorFrom(bytes, at + 1)) {
      const start = this.#startOf(index, at, begin);
      if (start < from || start >= to) continue;
      const length = this.#matchedFrom(index, at, end);
      if (length > 0 && !found(start, at - start + length)) return Math.max(start + 1, at + 1 - reach);
    }
    return undefined;
  }

  /** Where one of the anchor's bytes is, from a place on. */
  #anchorFrom(bytes: readonly number[], from: number): number {
    const next = this.#next;
    let first = Infinity;
    for (let which = 0; which < bytes.length; which++) {
      let at = next[which] as number;
      if (at < from) at = next[which] = orNever(this.#bytes.indexOf(bytes[which] as number, from));
      if (at < first) first = at;
    }
    return first;
  }

  /** Where a match begins whose element `index` is at `at`; -1 where what is before it does not fit. */
  #startOf(index: number, at: number, begin: number): number {
    const bytes = this.#bytes;
    let start = at;
    for (let before = index - 1; before >= 0; before--) {
      const element = this.#elements[before] as Element;
      if ('set' in element) {
        start--;
        if (start < begin || element.set[bytes[start] as number] === 0) return -1;
      } else {
        const end = start;
        const variant = element.variants.find((one) => end - one.length >= begin && isAt(bytes, one, end - one.length));
        if (!variant) return -1;
        start -= variant.length;
      }
    }
    return start;
  }

  /** How many bytes the elements from `index` on take if they stand at `at`; 0 where they do not. */
  #matchedFrom(index: number, at: number, end: number): number {
    const bytes = this.#bytes;
    let place = at;
    for (let next = index; next < this.#elements.length; next++) {
      const element = this.#elements[next] as Element;
      if ('set' in element) {
        if (place >= end || element.set[bytes[place] as number] === 0) return 0;
        place++;
      } else {
        const start = place;
        const variant = element.variants.find((one) => start + one.length <= end && isAt(bytes, one, start));
        if (!variant) return 0;
        place += variant.length;
      }
    }
    return place - at;
  }
}

function orNever(found: number): number {
  return found < 0 ? Infinity : found;
}

function isAt(bytes: Uint8Array, variant: Uint8Array, at: number): boolean {
  for (let index = 0; index < variant.length; index++) if (bytes[at + index] !== variant[index]) return false;
  return true;
}
