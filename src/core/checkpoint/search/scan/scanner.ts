import type { Needle } from '../pattern/compile.ts';
import { RegexFinder } from '../pattern/regex-finder.ts';
import { RowFinder, type Span } from '../pattern/row-finder.ts';
import type { Part, ScanAnswer, ScanJob, ScanMatch, ScanTask } from './task.ts';
import { ScanWindow, type Stretch } from './window.ts';

/** A match in the window. */
interface Hit {
  readonly start: number;
  readonly length: number;
  readonly needle: number;
}

/** Looks through one task after the other. Buffers and what was compiled are used again. */
export class Scanner {
  readonly #job: ScanJob;
  readonly #window = new ScanWindow();
  readonly #finders: readonly (RowFinder | RegexFinder)[];

  constructor(job: ScanJob) {
    this.#job = job;
    const { needles, longest, behind } = job.pattern;
    this.#finders = needles.map((needle) => finderOf(needle, longest, behind));
  }

  /** @throws CheckpointError `unreadable`, `changed` */
  scan(task: ScanTask): ScanAnswer {
    const window = this.#window;
    window.load(task);
    for (const finder of this.#finders) finder.load(window.bytes);
    const matches: ScanMatch[] = [];
    const skipped: { part: number; at: number; length: number }[] = [];
    for (const stretch of window.stretches) {
      const part = task.parts[stretch.part] as Part;
      const span = spanOf(stretch, part);
      if (span.from >= span.to) continue;
      const { hits, next } = this.#hits(span, stretch, this.#job.most - matches.length);
      for (const hit of hits) if (counts(hit, stretch, part)) matches.push(this.#match(hit, stretch));
      for (const { from, to } of this.#skippedIn(span)) {
        skipped.push({ part: stretch.part, at: placeIn(stretch, from), length: to - from });
      }
      if (next !== undefined) {
        const answer = { matches, skipped, missing: window.missing };
        return { ...answer, next: { part: stretch.part, at: placeIn(stretch, next) } };
      }
    }
    return { matches, skipped, missing: window.missing };
  }

  /** In order; where there are more than `most`, all up to `next`. */
  #hits(span: Span, stretch: Stretch, most: number): { readonly hits: readonly Hit[]; readonly next?: number } {
    let hits: Hit[] = [];
    let next: number | undefined;
    this.#finders.forEach((finder, needle) => {
      const before = hits.length;
      const stopped = finder.each(span, (start, length) => {
        hits.push({ start, length, needle });
        return hits.length - before < most;
      });
      if (stopped !== undefined) next = Math.min(next ?? Infinity, stopped);
    });
    const end = next;
    if (end !== undefined) hits = hits.filter(({ start }) => start < end);
    if (!isSorted(hits)) hits.sort((a, b) => a.start - b.start || a.needle - b.needle);
    const isEven = ({ start }: Hit): boolean => placeIn(stretch, start) % 2 === 0;
    return { hits: withoutOtherEnd(hits, this.#job.pattern.needles, isEven), ...(end !== undefined && { next: end }) };
  }

  *#skippedIn(span: Span): Generator<{ readonly from: number; readonly to: number }> {
    for (const finder of this.#finders) {
      if (!(finder instanceof RegexFinder)) continue;
      for (const range of finder.skipped) if (range.from >= span.from && range.from < span.to) yield range;
    }
  }

  #match({ start, length, needle }: Hit, stretch: Stretch): ScanMatch {
    const { context, shown } = this.#job;
    const from = Math.max(stretch.begin, start - context);
    const to = Math.min(stretch.end, start + Math.min(length, shown) + context);
    return {
      part: stretch.part,
      at: placeIn(stretch, start),
      length,
      needle,
      context: new Uint8Array(this.#window.bytes.subarray(from, to)),
      contextOffset: start - from,
    };
  }
}

function finderOf(needle: Needle, longest: number, behind: number): RowFinder | RegexFinder {
  return needle.type === 'row' ? new RowFinder(needle.elements) : new RegexFinder(needle, longest, behind);
}

/** Where in the part a place of the window is. */
function placeIn({ at, begin }: Stretch, place: number): number {
  return at + place - begin;
}

function spanOf({ at, begin, end }: Stretch, { from, to }: Part): Span {
  return { begin, end, from: Math.max(begin, begin + from - at), to: Math.min(end, begin + to - at) };
}

function counts({ start, length }: Hit, stretch: Stretch, { across }: Part): boolean {
  if (across === undefined) return true;
  const at = placeIn(stretch, start);
  return at < across && at + length > across;
}

function isSorted(hits: readonly Hit[]): boolean {
  return hits.every((hit, index) => index === 0 || (hits[index - 1] as Hit).start <= hit.start);
}

/**
 * A text of Latin letters in UTF-16 looks the same from the other end, one byte earlier: `\0a\0b` is in `\0a\0b\0`, and so
 * is `a\0b\0`. Of two such matches the one at an even place is meant.
 */
function withoutOtherEnd(
  hits: readonly Hit[],
  needles: readonly Needle[],
  isEven: (hit: Hit) => boolean,
): readonly Hit[] {
  const encodings = needles.map((needle) => (needle.type === 'row' ? needle.encoding : undefined));
  const little = encodings.indexOf('utf-16le');
  const big = encodings.indexOf('utf-16be');
  if (little < 0 || big < 0) return hits;
  const starts = new Set(hits.filter(({ needle }) => needle === little).map(({ start }) => start));
  const doubled = new Set(
    hits.filter(({ needle, start }) => needle === big && starts.has(start + 1)).map(({ start }) => start),
  );
  return hits.filter((hit) => {
    const isDoubled =
      (hit.needle === big && doubled.has(hit.start)) || (hit.needle === little && doubled.has(hit.start - 1));
    return !isDoubled || isEven(hit);
  });
}
