import { MAX_CONTEXT, MAX_MATCH, MAX_SHOWN, type SearchQuery, type SearchStep } from '../../../protocol/search.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { compilePattern } from './pattern/compile.ts';
import { planTasks } from './plan.ts';
import { runTasks } from './run.ts';
import { ScansHere, ScansInThreads } from './scan/scans.ts';
import { warmThreads } from './scan/thread-pool.ts';
import { Scope } from './scope.ts';
import type { Search, SearchedParts, SearchOptions } from './search.ts';

const USUAL_CONTEXT = 32;
/** Matches in one answer of a thread. */
const MOST = 1000;
/** A thread takes as long to start as this many bytes to search. */
const THREADS_FROM = 16 * 1024 * 1024;

/** Searches what an archive holds. */
export class ArchiveSearch implements Search {
  readonly #parts: SearchedParts;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: SearchedParts) {
    this.#parts = parts;
  }

  async *run(query: SearchQuery, options: SearchOptions = {}): AsyncGenerator<SearchStep> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.#ending.signal]) : this.#ending.signal;
    const pattern = compilePattern(query.pattern);
    const isStrings = query.pattern.kind === 'strings';
    const context = Math.min(query.context ?? (isStrings ? 0 : USUAL_CONTEXT), MAX_CONTEXT);
    await orCancelled(this.#parts.files.completed, signal);
    const job = { pattern, context, shown: isStrings ? MAX_MATCH : MAX_SHOWN, most: MOST };
    // What may take long must leave this thread free to hear that it is to stop.
    const isCostly = pattern.needles.some((needle) => needle.type === 'regex' && needle.isCostly);
    const isLittle = this.#bytes() < (options.threadsFrom ?? THREADS_FROM) && !isCostly;
    // The threads start while it is found out what they are to do.
    const scans = isLittle ? new ScansHere(job) : new ScansInThreads(job, { beginHere: !isCostly });
    const finished = Promise.withResolvers<unknown>();
    this.#running.add(finished.promise);
    let scope: Scope | undefined;
    try {
      scope = await Scope.open(this.#parts, query, signal);
      const tasks = planTasks(scope.spaces(signal), pattern, context, options.taskSize, signal);
      yield* runTasks(tasks, scans, { pattern, limit: query.limit, total: scope.bytes, signal });
    } finally {
      await scans.close();
      await scope?.close();
      this.#running.delete(finished.promise);
      finished.resolve(undefined);
    }
  }

  prepare(): Promise<void> {
    warmThreads();
    return Promise.resolve();
  }

  /** Of all that the archive holds. */
  #bytes(): number {
    let sum = 0;
    for (const { size } of this.#parts.files.entries.values()) sum += size;
    return sum;
  }

  /** Ends what is running; resolves when nothing is read any more. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
  }
}
