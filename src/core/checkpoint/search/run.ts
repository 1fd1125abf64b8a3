import { sentence } from '../../../protocol/sentence.ts';
import type { Note } from '../../../protocol/note.ts';
import { MAX_MATCH, type SearchMatch, type SearchStep } from '../../../protocol/search.ts';
import { CheckpointError } from '../../errors.ts';
import { orCancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import type { CompiledPattern } from './pattern/compile.ts';
import type { PlannedTask } from './plan.ts';
import type { Scans } from './scan/scans.ts';
import type { Part, ScanAnswer, ScanMatch, ScanTask } from './scan/task.ts';
import type { PlacedMatch, SearchSpace } from './spaces/space.ts';

/** Tasks that a thread has before it, so that it never waits, not even while whoever plans them is busy for a moment. */
const AHEAD = 8;
/** The same where the tasks bring along more bytes than this, which had to be decompressed for them. */
const AHEAD_WITH_BYTES = 2;
const MANY_BYTES = 16 * 1024 * 1024;
/** Results that are handed on at once, where there are many more: the first ones come sooner. */
const PORTION = 100;
/** Ranges of skipped bytes that a search tells of one by one. */
const MAX_NOTES = 20;
/** After so many bytes that took too long, a search is given up. */
const MAX_SKIPPED = 32 * 1024 * 1024;

interface UnderWay {
  readonly planned: PlannedTask;
  readonly answer: Promise<ScanAnswer>;
}

/** What a run needs to know beside its tasks. */
export interface RunOptions {
  readonly pattern: CompiledPattern;
  readonly limit: number;
  /** Bytes in all, as far as known. */
  readonly total: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has tasks done by several at once and brings what they find in the order of the tasks. Waits while nobody takes it.
 * @throws CheckpointError `cancelled`, and what reading throws
 */
export async function* runTasks(
  tasks: AsyncIterator<PlannedTask>,
  scans: Scans,
  options: RunOptions,
): AsyncGenerator<SearchStep> {
  const { limit, total, signal } = options;
  const under: UnderWay[] = [];
  const refill = async (): Promise<void> => {
    const isFull = (): boolean =>
      under.length >= scans.width * AHEAD ||
      (under.length >= scans.width * AHEAD_WITH_BYTES &&
        under.reduce((sum, { planned }) => sum + planned.carried, 0) > MANY_BYTES);
    while (!isFull()) {
      const next = await tasks.next();
      if (next.done === true) return;
      const answer = scans.run(next.value.task);
      // It is looked at later; until then a failure must not count as unhandled.
      answer.catch(() => undefined);
      under.push({ planned: next.value, answer });
    }
  };
  const order = new MatchOrder(options.pattern);
  const notes = new SkipNotes();
  let left = limit;
  let done = 0;
  await refill();
  for (let current = under.shift(); current; current = under.shift()) {
    const { planned } = current;
    let answer = await orCancelled(current.answer, signal);
    await refill();
    for (;;) {
      const again = order.overlap(planned, answer);
      if (again) answer = await orCancelled(scans.run(again), signal);
      let matches: SearchMatch[] = [];
      for (const match of answer.matches) {
        throwIfCancelled(signal);
        matches.push(...(await order.describe(planned, match, signal)));
        if (matches.length > left) break;
        if (matches.length < PORTION) continue;
        yield { matches, done, total: Math.max(done, total), notes: [] };
        left -= matches.length;
        matches = [];
      }
      const isEnough = matches.length > left;
      notes.add(planned, answer);
      if (!answer.next || isEnough) done += planned.bytes;
      yield {
        matches: matches.slice(0, left),
        done,
        total: Math.max(done, total),
        notes: notes.take(),
        ...(isEnough && { more: true }),
      };
      if (isEnough) return;
      left -= matches.length;
      if (!answer.next) break;
      answer = await orCancelled(scans.run(rest(planned.task, answer.next)), signal);
    }
  }
}

/** A task from a place on. */
function rest(task: ScanTask, next: { readonly part: number; readonly at: number }): ScanTask {
  const parts = task.parts.map((part, index): Part => {
    if (index > next.part) return part;
    return index < next.part ? { ...part, pieces: [], from: part.to } : { ...part, from: next.at };
  });
  return { ...task, parts };
}

/** Brings matches into one order where a match of one task reaches into the next one. */
class MatchOrder {
  readonly #encodings;
  readonly #mayOverlap: boolean;
  #space: SearchSpace | undefined;
  #end = 0n;

  constructor({ needles }: CompiledPattern) {
    this.#encodings = needles.map(({ encoding }) => encoding);
    this.#mayOverlap = needles.every(({ type }) => type === 'row');
  }

  /**
   * Matches of a regular expression do not overlap. Where the last one before a task reaches into it, and it found another
   * one there, it is done anew from behind that one.
   */
  overlap({ task, parts }: PlannedTask, { matches }: ScanAnswer): ScanTask | undefined {
    const [first] = matches;
    const origin = first && parts[first.part];
    if (this.#mayOverlap || !first || !origin || origin.space !== this.#space) return undefined;
    if (task.parts[first.part]?.across !== undefined || origin.base + BigInt(first.at) >= this.#end) return undefined;
    return rest(task, { part: first.part, at: Number(this.#end - origin.base) });
  }

  async describe(
    { task, parts }: PlannedTask,
    match: ScanMatch,
    signal?: AbortSignal,
  ): Promise<readonly SearchMatch[]> {
    const { space, base } = parts[match.part] as PlannedTask['parts'][number];
    const start = base + BigInt(match.at);
    if (task.parts[match.part]?.across === undefined) {
      this.#space = space;
      this.#end = start + BigInt(match.length);
    }
    const encoding = this.#encodings[match.needle];
    const placed: PlacedMatch = {
      start,
      length: match.length,
      ...(encoding && { encoding }),
      context: match.context,
      contextOffset: match.contextOffset,
      ...(match.length >= MAX_MATCH && { cut: true }),
    };
    return space.describe(placed, signal);
  }
}

/** What was passed over, as notes; of very many only that there are more. */
class SkipNotes {
  #notes: Note[] = [];
  #count = 0;
  #skipped = 0;

  /** @throws CheckpointError `usage` for an expression that takes too long almost everywhere */
  add({ parts }: PlannedTask, { skipped, missing }: ScanAnswer): void {
    this.#skipped += skipped.reduce((sum, { length }) => sum + length, 0);
    if (this.#skipped > MAX_SKIPPED) {
      throw new CheckpointError(
        'usage',
        sentence(
          'This expression takes too long: it can be tried in too many ways. Repetitions within repetitions, as in (a+)+, do that.',
        ),
      );
    }
    for (const { part, at, length } of skipped) {
      const { space, base } = parts[part] as PlannedTask['parts'][number];
      const place = space.name(base + BigInt(at));
      this.#add({
        kind: 'may-be-incomplete',
        where: place.where,
        text: sentence(
          'Searching {0} bytes from {1} on took too long for this expression: a match there would be missing. A simpler expression helps.',
          length,
          place.text,
        ),
      });
    }
    for (const { part, at, length } of missing) {
      const { space, base } = parts[part] as PlannedTask['parts'][number];
      const place = space.name(base + BigInt(at));
      this.#add({
        kind: 'truncated',
        where: place.where,
        text: sentence('{0} bytes from {1} on are not in the archive and could not be searched.', length, place.text),
      });
    }
  }

  take(): readonly Note[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  #add(note: Note): void {
    if (this.#count++ < MAX_NOTES) this.#notes.push(note);
  }
}
