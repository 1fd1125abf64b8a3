import {
  MAX_CONTEXT,
  MAX_SHOWN,
  SEARCH_PLACES,
  type SearchPlace,
  type SearchQuery,
  type SearchStep,
} from '../../../protocol/search.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { Entry } from '../../archive/file-set.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import type { Change } from '../changes.ts';
import { FileTable } from '../descriptors/file-table.ts';
import { compilePattern } from './pattern/compile.ts';
import { planTasks } from './plan.ts';
import { runTasks } from './run.ts';
import type { Search, SearchedParts, SearchOptions } from './search.ts';
import { ScansHere, ScanThreads } from './scan/scan-threads.ts';
import { archiveSpaces, FileSpaces } from './spaces/file-spaces.ts';
import { ghostSpaces, queueSpaces } from './spaces/kept-contents.ts';
import { MemorySpace } from './spaces/memory-space.ts';
import { Places } from './spaces/places.ts';
import { SearchedProcesses, type MappedProcess } from './spaces/processes.ts';
import { sharedSpaces } from './spaces/shared-objects.ts';
import type { SearchSpace } from './spaces/space.ts';

/** Where is searched if the query does not say it. */
const USUAL_PLACES: readonly SearchPlace[] = SEARCH_PLACES.filter((place) => place !== 'archive');
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
    const { files } = this.#parts;
    const signal = options.signal ? AbortSignal.any([options.signal, this.#ending.signal]) : this.#ending.signal;
    const pattern = compilePattern(query.pattern);
    const context = Math.min(query.context ?? USUAL_CONTEXT, MAX_CONTEXT);
    await orCancelled(files.completed, signal);
    const scope = await this.#scope(query, signal);
    const job = { pattern, context, shown: MAX_SHOWN, most: MOST };
    // What may take long must leave this thread free to hear that it is to stop.
    const isCostly = pattern.needles.some((needle) => needle.type === 'regex' && needle.isCostly);
    const isLittle = scope.bytes < (options.threadsFrom ?? THREADS_FROM) && !isCostly;
    const scans = isLittle ? new ScansHere(job) : new ScanThreads(job);
    const finished = Promise.withResolvers<unknown>();
    this.#running.add(finished.promise);
    try {
      const tasks = planTasks(scope.spaces(signal), pattern, context, options.taskSize, signal);
      yield* runTasks(tasks, scans, { pattern, limit: query.limit, total: scope.bytes, signal });
    } finally {
      await scans.close();
      await scope.close();
      this.#running.delete(finished.promise);
      finished.resolve(undefined);
    }
  }

  /** Ends what is running; resolves when nothing is read any more. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
  }

  async #scope(query: SearchQuery, signal: AbortSignal): Promise<Scope> {
    const { processes, memory } = this.#parts;
    const list = await processes.list(signal);
    const absent = query.pids?.find((pid) => !list.some((process) => process.pid === pid));
    if (absent !== undefined) {
      throw new CheckpointError('not-found', sentence('There is no process {0} in this checkpoint.', absent));
    }
    const searched = new SearchedProcesses(list, memory, query.pids).all;
    const scope = new Scope(this.#parts, searched, query);
    await scope.measure(signal);
    return scope;
  }
}

/** What one search looks through. */
class Scope {
  readonly #parts: SearchedParts;
  readonly #processes: readonly MappedProcess[];
  readonly #places: ReadonlySet<SearchPlace>;
  /** Only what these processes see. */
  readonly #onlyProcesses: boolean;
  readonly #opened: Places;
  readonly #fileSpaces: FileSpaces;
  #changes: readonly Change[] = [];
  /** In all, as far as that is known before. */
  bytes = 0;

  constructor(parts: SearchedParts, processes: readonly MappedProcess[], { places, pids }: SearchQuery) {
    this.#parts = parts;
    this.#processes = processes;
    this.#places = new Set(places ?? USUAL_PLACES);
    this.#onlyProcesses = pids !== undefined;
    this.#opened = new Places(parts.files);
    this.#fileSpaces = new FileSpaces(processes);
  }

  async measure(signal: AbortSignal): Promise<void> {
    const has = (place: SearchPlace): boolean => this.#places.has(place);
    if (has('files')) this.#changes = await this.#parts.changes(signal);
    if (this.#onlyProcesses) {
      for (const process of this.#processes) this.bytes += (await spaceOf(process, signal))?.dumpedBytes ?? 0;
      return;
    }
    for (const entry of this.#parts.files.entries.values()) {
      const isPages = /(?:^|\/)pages-(?:shmem-)?\d+\.img$/.test(entry.path);
      if (isPages ? has('memory') || has('shared') : has('archive')) this.bytes += entry.size;
    }
    for (const { content } of this.#changes) this.bytes += content?.entry.size ?? 0;
  }

  async *spaces(signal: AbortSignal): AsyncGenerator<SearchSpace> {
    const { images, files, imagesPrefix } = this.#parts;
    const only = this.#onlyProcesses;
    const places = this.#opened;
    const has = (place: SearchPlace): boolean => this.#places.has(place);
    if (has('memory')) {
      for (const process of this.#processes) {
        if (await spaceOf(process, signal)) yield new MemorySpace(process, places);
      }
    }
    if (has('shared')) yield* sharedSpaces(images, places, this.#processes, only, signal);
    const table = only ? undefined : await FileTable.load(images, signal);
    if (table && has('ghost')) yield* ghostSpaces(images, places, table, signal);
    if (table && has('queue')) yield* queueSpaces(images, places, table, signal);
    if (has('files')) yield* this.#fileSpaces.spaces(this.#changes, only);
    if (has('archive') && !only) {
      yield* archiveSpaces(files, places, (entry) => isSearchedElsewhere(entry, imagesPrefix));
    }
  }

  async close(): Promise<void> {
    await this.#opened.close();
    await this.#fileSpaces.close();
  }
}

/** Undefined for a process whose memory the dump does not hold. */
async function spaceOf(process: MappedProcess, signal: AbortSignal) {
  try {
    return await process.space(signal);
  } catch (error) {
    if (isCancelled(error) || !CheckpointError.is(error, 'not-found')) throw error;
    return undefined;
  }
}

/** Pages, and archives in the archive: their content is searched as what it is. */
function isSearchedElsewhere({ path }: Entry, imagesPrefix: string): boolean {
  const name = path.startsWith(imagesPrefix) ? path.slice(imagesPrefix.length) : path;
  return (
    /^(?:pages-(?:shmem-)?\d+|ghost-file-[0-9a-f]+|tmpfs-(?:dev-)?\d+\.tar\.gz|(?:pipes|fifo|tty)-data|sk-queues)\.img$/.test(
      name,
    ) || /^(?:rootfs-diff\.tar|devshm-checkpoint\.tar|volumes\/.+\.tar)$/.test(path)
  );
}
