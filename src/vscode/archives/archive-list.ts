import { stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ArchiveMetadata } from '../../protocol/metadata-api.ts';
import { Disposable, onDispose } from '../disposable.ts';
import { Emitter } from '../emitter.ts';
import { hasReason } from '../failure.ts';
import type { Log } from '../log.ts';
import {
  candidateAt,
  findCandidates,
  isCandidateName,
  isInSkipped,
  isMarker,
  looksLikeArchive,
  type Candidate,
} from './find-candidates.ts';
import type { MetadataCache } from './metadata-cache.ts';

/** A checkpoint that was found, or what looks like one and cannot be read. */
export interface ArchiveItem extends Candidate {
  readonly metadata?: ArchiveMetadata;
  readonly error?: unknown;
}

export interface ArchiveListOptions {
  readonly cache: MetadataCache;
  readonly read: (locator: string, signal: AbortSignal) => Promise<ArchiveMetadata | null>;
  /** Asked at each search. */
  readonly where: () => { readonly folders: readonly string[]; readonly maxDepth: number };
  readonly log: Log;
  /** Milliseconds of quiet before a file that changes is read again: it may still be being written. */
  readonly settle?: number;
}

/** Milliseconds. */
const SETTLE = 1000;

/** Why an archive is no checkpoint that anybody would want to see in a list. */
const OF_NO_INTEREST = ['not-a-checkpoint', 'unsupported', 'not-found', 'cancelled', 'closed'];

/** The checkpoints in some folders, found by content. Knows of changes only what it is told. */
export class ArchiveList extends Disposable {
  readonly #options: ArchiveListOptions;
  readonly #items = new Map<string, ArchiveItem>();
  readonly #changed = new Emitter<void>();
  readonly #updates = new Map<string, AbortController>();
  #search = new AbortController();
  #searching: Promise<void> | undefined;

  constructor(options: ArchiveListOptions) {
    super();
    this.#options = options;
    this.own(
      onDispose(() => {
        this.#search.abort();
        for (const update of this.#updates.values()) update.abort();
      }),
    );
  }

  get onChanged(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** The newest first. */
  get items(): readonly ArchiveItem[] {
    return [...this.#items.values()].sort((a, b) => timeOf(b) - timeOf(a) || (a.path < b.path ? -1 : 1));
  }

  /** The search that is under way, or that was the last. */
  get searched(): Promise<void> | undefined {
    return this.#searching;
  }

  /** Looks everywhere anew; what is under way is given up. Resolves when all that was found has been read. */
  refresh(): Promise<void> {
    this.#search.abort();
    this.#search = new AbortController();
    this.#searching = this.#look(this.#search.signal);
    return this.#searching;
  }

  /** Looks at what belongs to one file, once it has been quiet for a moment. */
  update(path: string): Promise<void> {
    return this.#afterQuiet(path, async (signal) => {
      const found = await candidateAt(path);
      // What lies in a folder that is a checkpoint belongs to it: a rootfs-diff.tar is no archive of its own.
      if (found && !this.#lies(found.path)) await this.#examine(found, signal);
      if (!found) this.#remove((item) => item.path === path || (isMarker(path) && liesIn(path, item)));
    });
  }

  /** Looks into a folder that came with all that is in it; a file is of no interest here. */
  async lookInto(path: string): Promise<void> {
    if (isCandidateName(path) || isInSkipped(path) || !(await isFolder(path))) return;
    return this.#afterQuiet(path, async (signal) => {
      const { maxDepth } = this.#options.where();
      for await (const candidate of findCandidates(path, { maxDepth, signal })) {
        if (!this.#lies(candidate.path)) await this.#examine(candidate, signal);
      }
    });
  }

  /** A file or a folder is gone, and what was in it. */
  forget(path: string): void {
    this.#remove((item) => item.path === path || item.path.startsWith(path + sep));
  }

  async #afterQuiet(path: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#updates.get(path)?.abort();
    const update = new AbortController();
    this.#updates.set(path, update);
    try {
      await wait(this.#options.settle ?? SETTLE, undefined, { signal: update.signal });
      await work(update.signal);
    } catch (error) {
      if (!update.signal.aborted) this.#options.log.error(`Looking at ${path} failed.`, error);
    } finally {
      if (this.#updates.get(path) === update) this.#updates.delete(path);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { where, log } = this.#options;
    const { folders, maxDepth } = where();
    const seen = new Set<string>();
    const onSkipped = (path: string, why: unknown) => log.debug(`Not looked into: ${path}`, why);
    for (const folder of folders) {
      for await (const candidate of findCandidates(folder, { maxDepth, signal, onSkipped })) {
        if (seen.has(candidate.path)) continue;
        seen.add(candidate.path);
        await this.#examine(candidate, signal);
      }
    }
    if (!signal.aborted) this.#remove(({ path }) => !seen.has(path));
  }

  async #examine(candidate: Candidate, signal: AbortSignal): Promise<void> {
    let item: ArchiveItem | undefined;
    try {
      const metadata = await this.#metadata(candidate, signal);
      item = metadata ? { ...candidate, metadata } : undefined;
    } catch (error) {
      if (signal.aborted) return;
      if (!hasReason(error, ...OF_NO_INTEREST)) item = { ...candidate, error };
      this.#options.log.debug(`${candidate.path} could not be read.`, error);
    }
    if (signal.aborted) return;
    if (!item) this.#remove(({ path }) => path === candidate.path);
    else if (!isSame(this.#items.get(item.path), item)) {
      this.#items.set(item.path, item);
      this.#changed.fire();
    }
  }

  async #metadata(candidate: Candidate, signal: AbortSignal): Promise<ArchiveMetadata | null> {
    const { cache, read } = this.#options;
    const known = await cache.get(candidate);
    if (known !== undefined) return known;
    const metadata =
      candidate.kind === 'archive' && !(await looksLikeArchive(candidate.path))
        ? null
        : await read(candidate.path, signal);
    await cache.set(candidate, metadata);
    return metadata;
  }

  #lies(path: string): boolean {
    return [...this.#items.values()].some((item) => liesIn(path, item));
  }

  #remove(which: (item: ArchiveItem) => boolean): void {
    const gone = [...this.#items.values()].filter(which);
    for (const { path } of gone) this.#items.delete(path);
    if (gone.length > 0) this.#changed.fire();
  }
}

/** When it was checkpointed, or else written. */
function timeOf({ metadata, mtime }: ArchiveItem): number {
  const time = metadata?.checkpointed === undefined ? NaN : Date.parse(metadata.checkpointed);
  return Number.isNaN(time) ? mtime : time;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function liesIn(path: string, item: ArchiveItem): boolean {
  return item.kind === 'folder' && path.startsWith(item.path + sep);
}

function isSame(a: ArchiveItem | undefined, b: ArchiveItem): boolean {
  return a?.size === b.size && a.mtime === b.mtime && a.error === undefined && b.error === undefined;
}
