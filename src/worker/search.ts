import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { matchRecord, stringRecord } from '../core/checkpoint/search/match-record.ts';
import { CheckpointError, isCancelled } from '../core/errors.ts';
import type { Note } from '../protocol/note.ts';
import {
  MAX_RESULTS,
  type SearchMatch,
  type SearchQuery,
  type SearchRequest,
  type SearchState,
} from '../protocol/search.ts';
import { sentence, type Sentence } from '../protocol/sentence.ts';
import { gridOf, type Grid } from './grids/grid.ts';
import { copyRows } from './grids/copy.ts';
import { SEARCH_KIND, searchTable } from './grids/search.ts';
import { Throttle } from './throttle.ts';

/** Searches whose results are kept: one for each page that shows the checkpoint, and not many show the same. */
const KEPT = 6;
/** Milliseconds between two events of one search. */
const INTERVAL = 100;
/** Notes of one search. */
const MAX_NOTES = 100;
/** Bytes of the results of one search: strings may be long. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_ID = 100;

export interface SearchEvents {
  /** How a search stands has changed. */
  searched(state: SearchState): void;
}

/** The searches that the pages of one checkpoint have asked for, and what they found. */
export class Searches {
  readonly #checkpoint: Checkpoint;
  readonly #events: SearchEvents;
  /** The oldest first. */
  readonly #searches = new Map<string, RunningSearch>();

  constructor(checkpoint: Checkpoint, events: SearchEvents) {
    this.#checkpoint = checkpoint;
    this.#events = events;
  }

  start(id: string, request: SearchRequest): SearchState {
    if (id.length > MAX_ID) throw new CheckpointError('usage', sentence('There is no search of this name.'));
    this.drop(id);
    const search = new RunningSearch(id, this.#checkpoint, queryOf(request), (state) => this.#events.searched(state));
    this.#searches.set(id, search);
    for (const [oldest, { stop }] of [...this.#searches].slice(0, -KEPT)) {
      stop();
      this.#searches.delete(oldest);
    }
    return search.state;
  }

  state(id: string): SearchState | null {
    return this.#searches.get(id)?.state ?? null;
  }

  stop(id: string): void {
    this.#searches.get(id)?.stop();
  }

  drop(id: string): void {
    this.#searches.get(id)?.stop();
    this.#searches.delete(id);
  }

  /** What a search has found up to now. */
  grid(id: string): Grid {
    const search = this.#searches.get(id);
    return gridOf(searchTable(search?.matches ?? []), search?.state.finished ?? true);
  }

  export(id: string, format: 'json' | 'csv'): string {
    const search = this.#searches.get(id);
    const matches = search?.matches ?? [];
    if (format === 'csv') return copyRows(SEARCH_KIND, searchTable(matches).rows, 'csv');
    const record = search?.isStrings === true ? stringRecord : matchRecord;
    return `${JSON.stringify(matches.map(record), null, 2)}\n`;
  }

  /** Ends all. */
  close(): void {
    for (const search of this.#searches.values()) search.stop();
  }
}

class RunningSearch {
  readonly id: string;
  readonly isStrings: boolean;
  readonly matches: SearchMatch[] = [];
  readonly #stop = new AbortController();
  readonly #throttle: Throttle<SearchState>;
  readonly #notes: Note[] = [];
  #bytes = 0;
  #progress = { done: 0, total: 0, more: false };
  #finished = false;
  #failure: Sentence | undefined;

  constructor(id: string, checkpoint: Checkpoint, query: SearchQuery, tell: (state: SearchState) => void) {
    this.id = id;
    this.isStrings = query.pattern.kind === 'strings';
    this.#throttle = new Throttle(INTERVAL, tell);
    void this.#run(checkpoint, query);
  }

  get state(): SearchState {
    return {
      id: this.id,
      found: this.matches.length,
      ...this.#progress,
      finished: this.#finished,
      stopped: this.#stop.signal.aborted,
      notes: [...this.#notes],
      ...(this.#failure && { failure: this.#failure }),
    };
  }

  readonly stop = (): void => {
    if (!this.#finished) this.#stop.abort();
  };

  /** Never rejects: why it ended is part of its state. */
  async #run(checkpoint: Checkpoint, query: SearchQuery): Promise<void> {
    try {
      for await (const step of checkpoint.search.run(query, { signal: this.#stop.signal, threadsFrom: 0 })) {
        const isFull = !this.#keep(step.matches);
        this.#notes.push(...step.notes.slice(0, MAX_NOTES - this.#notes.length));
        this.#progress = { done: step.done, total: step.total, more: isFull || step.more === true };
        this.#throttle.push(this.state);
        if (isFull) break;
      }
      // How much there was had been an estimate.
      if (!this.#progress.more) this.#progress.total = this.#progress.done;
    } catch (error) {
      if (!isCancelled(error)) this.#failure = why(error);
    }
    this.#finished = true;
    this.#throttle.flush(this.state);
  }

  /** False where they are too many bytes: the last ones are left out. */
  #keep(matches: readonly SearchMatch[]): boolean {
    for (const match of matches) {
      this.#bytes += match.context.length;
      if (this.#bytes > MAX_BYTES) return false;
      this.matches.push(match);
    }
    return true;
  }
}

function why(error: unknown): Sentence {
  if (CheckpointError.is(error)) return error.sentence;
  return sentence('The search failed: {0}.', error instanceof Error ? error.message : String(error));
}

/** @throws CheckpointError `usage` for addresses that are none */
function queryOf({ range, limit, ...request }: SearchRequest): SearchQuery {
  const query = { ...request, limit: Math.min(limit, MAX_RESULTS) };
  if (!range) return query;
  const [start, end] = [range.start, range.end].map((text) => {
    if (/^0x[0-9a-f]{1,17}$/i.test(text)) return BigInt(text);
    throw new CheckpointError('usage', sentence('{0} is not an address.', text));
  });
  return { ...query, range: { start: start ?? 0n, end: end ?? 0n } };
}
