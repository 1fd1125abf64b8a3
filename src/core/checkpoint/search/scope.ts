import { SEARCH_PLACES, type SearchPlace, type SearchQuery } from '../../../protocol/search.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { Entry } from '../../archive/file-set.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import type { SearchedParts } from './search.ts';
import { ContentOwners } from './spaces/content-owners.ts';
import { archiveSpaces, FileSpaces, viewSpace } from './spaces/file-spaces.ts';
import { ghostSpaces, queueSpaces } from './spaces/kept-contents.ts';
import { MemorySpace } from './spaces/memory-space.ts';
import { openSource, Places, type Opened } from './spaces/places.ts';
import { searchedProcesses, type MappedProcess } from './spaces/processes.ts';
import { RangeSpace } from './spaces/range-space.ts';
import { sharedSpaces } from './spaces/shared-objects.ts';
import type { SearchSpace } from './spaces/space.ts';

/** Where is searched if the query does not say it. */
const USUAL_PLACES: readonly SearchPlace[] = SEARCH_PLACES.filter((place) => place !== 'archive');

/** What one search looks through, and the files that are open for it. */
export class Scope {
  readonly #parts: SearchedParts;
  readonly #query: SearchQuery;
  readonly #processes: readonly MappedProcess[];
  readonly #places: ReadonlySet<SearchPlace>;
  readonly #opened: Places;
  readonly #fileSpaces: FileSpaces;
  #file: Opened | undefined;
  /** In all, as far as that is known before. */
  bytes = 0;

  private constructor(parts: SearchedParts, processes: readonly MappedProcess[], query: SearchQuery) {
    this.#parts = parts;
    this.#query = query;
    this.#processes = processes;
    this.#places = new Set(query.places ?? USUAL_PLACES);
    this.#opened = new Places(parts.files);
    this.#fileSpaces = new FileSpaces(processes);
  }

  /** @throws CheckpointError `not-found` for a process or a file that there is not, `usage` for a range of none */
  static async open(parts: SearchedParts, query: SearchQuery, signal: AbortSignal): Promise<Scope> {
    const processes = await searchedProcesses(parts.processes, parts.memory, query.pids, signal);
    if (query.range && (processes.length !== 1 || query.range.end <= query.range.start)) {
      throw new CheckpointError('usage', sentence('A range of addresses is one of a single process, and has an end.'));
    }
    const scope = new Scope(parts, processes, query);
    await scope.#measure(signal);
    return scope;
  }

  /** One after the other, as they are wanted; those that are known without waiting together. */
  async *spaces(signal: AbortSignal): AsyncGenerator<Iterable<SearchSpace>> {
    const { range, path, pids } = this.#query;
    const [process] = this.#processes;
    if (this.#file) yield [viewSpace(path ?? '', this.#file)];
    else if (range && process) yield [new RangeSpace(process, range, this.#opened)];
    else if (path === undefined) yield* this.#everywhere(pids !== undefined, signal);
  }

  async close(): Promise<void> {
    await this.#opened.close();
    await this.#fileSpaces.close();
    await this.#file?.source.close();
  }

  /** @param only what the processes see */
  async *#everywhere(only: boolean, signal: AbortSignal): AsyncGenerator<Iterable<SearchSpace>> {
    const { images, files, imagesPrefix, openFiles } = this.#parts;
    const places = this.#opened;
    if (this.#has('memory')) {
      for (const [index, process] of this.#processes.entries()) {
        if (await hasMemory(process, signal)) yield [new MemorySpace(process, places)];
        // Listing them takes a while, which passes while memory is searched.
        if (index === 0 && this.#has('files')) this.#parts.changes(signal).catch(() => undefined);
      }
    }
    if (this.#has('shared')) yield* each(sharedSpaces(images, places, openFiles, this.#processes, only, signal));
    if (!only && (this.#has('ghost') || this.#has('queue'))) {
      const owners = await ContentOwners.load(openFiles, signal);
      if (this.#has('ghost')) yield* each(ghostSpaces(images, places, owners, signal));
      if (this.#has('queue')) yield* each(queueSpaces(images, places, owners, signal));
    }
    if (this.#has('files')) yield await this.#fileSpaces.spaces(await this.#parts.changes(signal), only);
    if (this.#has('archive') && !only) {
      yield archiveSpaces(files, places, (entry) => isSearchedElsewhere(entry, imagesPrefix));
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { path, range, pids } = this.#query;
    if (path !== undefined) {
      this.#file = await openSource(await this.#parts.view().open(path, signal));
      this.bytes = this.#file.source.size ?? 0;
      return;
    }
    if (range) {
      this.bytes = Number(range.end - range.start);
      const [process] = this.#processes;
      // A range may reach over much that is not there.
      if (process) this.bytes = Math.min(this.bytes, (await process.space(signal)).dumpedBytes);
      return;
    }
    if (pids) {
      for (const process of this.#processes) this.bytes += (await process.space(signal)).dumpedBytes;
      return;
    }
    for (const entry of this.#parts.files.entries.values()) {
      // What is compressed is more, which is known when it is searched.
      const isWanted = PAGES.test(entry.path)
        ? this.#has('memory') || this.#has('shared')
        : this.#has(isNested(entry, this.#parts.imagesPrefix) ? 'files' : 'archive');
      if (isWanted) this.bytes += entry.size;
    }
  }

  #has(place: SearchPlace): boolean {
    return this.#places.has(place);
  }
}

const PAGES = /(?:^|\/)pages-(?:shmem-)?\d+\.img$/;

async function* each(spaces: AsyncIterable<SearchSpace>): AsyncGenerator<Iterable<SearchSpace>> {
  for await (const space of spaces) yield [space];
}

/** The dump may have lost what it held of one process. */
async function hasMemory(process: MappedProcess, signal: AbortSignal): Promise<boolean> {
  try {
    await process.space(signal);
    return true;
  } catch (error) {
    if (isCancelled(error) || !CheckpointError.is(error, 'not-found')) throw error;
    return false;
  }
}

/** Images whose content is searched as what it is, and archives in the archive. */
const KEPT = /^(?:ghost-file-[0-9a-f]+|(?:pipes|fifo|tty|bpfmap)-data|sk-queues|tcp-stream-[0-9a-f]+)\.img$/;
const NESTED = /^(?:tmpfs-(?:dev-)?\d+\.tar\.gz\.img|rootfs-diff\.tar|devshm-checkpoint\.tar|volumes\/.+\.tar)$/;

function isSearchedElsewhere(entry: Entry, imagesPrefix: string): boolean {
  return PAGES.test(entry.path) || KEPT.test(nameOf(entry, imagesPrefix)) || isNested(entry, imagesPrefix);
}

function isNested(entry: Entry, imagesPrefix: string): boolean {
  return NESTED.test(nameOf(entry, imagesPrefix)) || NESTED.test(entry.path);
}

function nameOf({ path }: Entry, imagesPrefix: string): string {
  return path.startsWith(imagesPrefix) ? path.slice(imagesPrefix.length) : path;
}
