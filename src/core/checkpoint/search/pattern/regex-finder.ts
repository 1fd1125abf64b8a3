import { createContext, Script, type Context } from 'node:vm';
import { MAX_MATCH } from '../../../../protocol/search.ts';
import type { Needle } from './compile.ts';
import { RowFinder, type Found, type Span } from './row-finder.ts';

/**
 * Bytes that become a text at once. Texts of this size live and die in the young generation; larger ones are mapped and
 * unmapped each, which takes longer than the search.
 */
const SLICE = 64 * 1024;
/** Of a slice that took too long, so many bytes are tried at once. */
const SMALL_SLICE = 4096;
/** Milliseconds that a part of a window may take, and a small slice. */
const PATIENCE = 1000;
const SMALL_PATIENCE = 100;
/** After so many small slices of a window took too long, the rest of it is left out. */
const MOST_FAILURES = 8;
/** Bytes behind a match that its last places look at. */
const AHEAD = 64;
/** Where the required text is more often than this (in a span), the expression itself is quicker. */
const TOO_MANY_HITS = 0.25;

export type RegexNeedle = Extract<Needle, { readonly type: 'regex' }>;

/** Looks for a regular expression in bytes; matches do not overlap. */
export class RegexFinder {
  readonly #needle: RegexNeedle;
  readonly #expression: RegExp;
  /** Bytes of the longest match, and those before it that may matter. */
  readonly #longest: number;
  readonly #behind: number;
  readonly #required: RowFinder | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #watch: Watch | undefined;
  #failures = 0;
  /** What took too long and was passed over: the first place, and the first one behind it. */
  readonly skipped: { readonly from: number; readonly to: number }[] = [];

  constructor(needle: RegexNeedle, longest: number, behind: number) {
    this.#needle = needle;
    this.#expression = new RegExp(needle.source, 'gm');
    this.#longest = longest;
    this.#behind = behind;
    this.#required = needle.required && new RowFinder(needle.required.elements);
  }

  load(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#required?.load(bytes);
    this.skipped.length = 0;
    this.#failures = 0;
  }

  /**
   * Finds the matches in a span, in order.
   * @returns where to go on if `found` wanted no more
   */
  each(span: Span, found: Found): number | undefined {
    const work = new SpanWork(span, this.#candidates(span));
    const find = (): void => {
      while (!work.isDone) this.#slice(work, SLICE, found);
    };
    if (!this.#needle.isCostly) find();
    else while (!work.isDone) if (this.#hasGivenUp || !this.#within(PATIENCE, find)) this.#trySmall(work, found);
    return work.stoppedAt;
  }

  /** The parts of a span where a match may begin: all of it, or where the required text is not too far. */
  #candidates({ begin, end, from, to }: Span): readonly Range[] {
    const all = [{ from, to }];
    const { required } = this.#needle;
    if (!this.#required || !required) return all;
    const ranges: Range[] = [];
    let covered = 0;
    const limit = (to - from) * TOO_MANY_HITS;
    const isEnough = (start: number): boolean => {
      const low = Math.max(from, start - required.before);
      const high = Math.min(to, start + 1);
      if (low >= high) return true;
      const last = ranges.at(-1);
      covered += last && low < last.to ? Math.max(0, high - last.to) : high - low;
      if (last && low <= last.to) last.to = Math.max(last.to, high);
      else ranges.push({ from: low, to: high });
      return covered <= limit;
    };
    const span = { begin, end, from, to: Math.min(end, to + this.#longest) };
    return this.#required.each(span, isEnough) === undefined ? ranges : all;
  }

  /** The next matches of a piece of work, in a text of so many beginnings. */
  #slice(work: SpanWork, size: number, found: Found): void {
    const { begin, end } = work.span;
    const { from, to } = work.next(size);
    const textStart = Math.max(begin, from - this.#behind);
    const text = this.#bytes.toString('latin1', textStart, Math.min(end, to + this.#longest + AHEAD));
    const expression = this.#expression;
    expression.lastIndex = from - textStart;
    for (let match = expression.exec(text); match; match = expression.exec(text)) {
      const start = textStart + match.index;
      if (start >= to) break;
      const { length } = match[0];
      if (length === 0) {
        expression.lastIndex++;
        continue;
      }
      const taken = Math.min(length, MAX_MATCH);
      expression.lastIndex = match.index + taken;
      work.reach(start + taken);
      if (!found(start, taken)) {
        work.stop(start + taken);
        return;
      }
    }
    work.reach(to);
  }

  /** After a piece took too long: in small ones, of which those that do so again are left out. */
  #trySmall(work: SpanWork, found: Found): void {
    const end = work.at + SLICE;
    while (!work.isDone && work.at < end) {
      const { from, to } = work.next(SMALL_SLICE);
      if (!this.#hasGivenUp && this.#within(SMALL_PATIENCE, () => this.#slice(work, SMALL_SLICE, found))) continue;
      this.#failures++;
      const last = this.skipped.at(-1);
      if (last?.to === from) this.skipped[this.skipped.length - 1] = { from: last.from, to };
      else this.skipped.push({ from, to });
      work.reach(to);
    }
  }

  get #hasGivenUp(): boolean {
    return this.#failures >= MOST_FAILURES;
  }

  /** @returns whether it was done within so many milliseconds */
  #within(milliseconds: number, work: () => void): boolean {
    this.#watch ??= new Watch();
    return this.#watch.run(work, milliseconds);
  }
}

interface Range {
  from: number;
  to: number;
}

/** How far a span has been searched. */
class SpanWork {
  readonly span: Span;
  readonly #ranges: readonly Range[];
  #range = 0;
  at: number;
  stoppedAt: number | undefined;

  constructor(span: Span, ranges: readonly Range[]) {
    this.span = span;
    this.#ranges = ranges;
    this.at = ranges[0]?.from ?? span.to;
  }

  get isDone(): boolean {
    return this.stoppedAt !== undefined || this.#range >= this.#ranges.length;
  }

  /** The next beginnings to look at. */
  next(size: number): Range {
    const range = this.#ranges[this.#range] as Range;
    return { from: this.at, to: Math.min(range.to, this.at + size) };
  }

  /** Everything before this is done. */
  reach(place: number): void {
    this.at = Math.max(this.at, place);
    for (let range = this.#ranges[this.#range]; range && this.at >= range.to; range = this.#ranges[this.#range]) {
      this.#range++;
    }
    this.at = Math.max(this.at, this.#ranges[this.#range]?.from ?? 0);
  }

  stop(place: number): void {
    this.stoppedAt = place;
  }
}

/** Ends what takes too long, also where it is one call of a regular expression: nothing else in Node.js can. */
class Watch {
  readonly #context: Context;
  readonly #script = new Script('run()');
  #run: () => void = () => undefined;

  constructor() {
    this.#context = createContext({ run: () => this.#run() });
  }

  run(work: () => void, timeout: number): boolean {
    this.#run = work;
    try {
      this.#script.runInContext(this.#context, { timeout });
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
      throw error;
    }
  }
}
