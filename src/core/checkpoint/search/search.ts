import type { SearchQuery, SearchStep } from '../../../protocol/search.ts';
import type { FileSet } from '../../archive/file-set.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { Change } from '../changes.ts';
import type { FileView } from '../file-view.ts';
import type { Memory } from '../memory/memory.ts';
import type { DumpedFiles } from '../open-files/open-files.ts';
import type { Processes } from '../processes.ts';
import type { ArchiveSearch } from './archive-search.ts';
import type { TaskSize } from './plan.ts';

/** What can be searched of a checkpoint. */
export interface SearchedParts {
  readonly files: FileSet;
  readonly images: ImageDirectory;
  readonly imagesPrefix: string;
  readonly processes: Processes;
  readonly memory: Memory;
  readonly openFiles: DumpedFiles;
  readonly view: () => FileView;
  readonly changes: (signal?: AbortSignal) => Promise<readonly Change[]>;
}

export interface SearchOptions {
  readonly signal?: AbortSignal;
  /** Bytes up to which no threads are started for it. */
  readonly threadsFrom?: number;
  /** Tests make them small. */
  readonly taskSize?: TaskSize;
}

/** Looks for bytes in a checkpoint, wherever in it they are. */
export interface Search {
  /**
   * Looks for a pattern, and brings what is found as it is found, in the order of the places: memory process by process
   * and by address, then shared memory, and so on. Waits until the whole archive is known, and while nobody takes what it
   * found.
   * @throws CheckpointError `usage` for a pattern that cannot be searched; `not-found` for a process that there is not;
   * `cancelled`, `unreadable`, `changed`
   */
  run(query: SearchQuery, options?: SearchOptions): AsyncGenerator<SearchStep>;
  /** A search may come soon: loads what searches, and starts its threads. */
  prepare(): Promise<void>;
}

/** Loads what searches when something is searched. */
export class LazySearch implements Search {
  readonly #parts: SearchedParts;
  #loading: Promise<ArchiveSearch> | undefined;

  constructor(parts: SearchedParts) {
    this.#parts = parts;
  }

  async *run(query: SearchQuery, options?: SearchOptions): AsyncGenerator<SearchStep> {
    yield* (await this.#load()).run(query, options);
  }

  async prepare(): Promise<void> {
    await (await this.#load()).prepare();
  }

  #load(): Promise<ArchiveSearch> {
    return (this.#loading ??= import('./archive-search.ts').then((module) => new module.ArchiveSearch(this.#parts)));
  }

  /** Ends what is running; resolves when nothing is read any more. */
  async close(): Promise<void> {
    await (await this.#loading)?.close();
  }
}
