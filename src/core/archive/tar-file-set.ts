import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { orCancelled, throwIfCancelled } from '../bytes/cancel.ts';
import { sliceSource } from '../bytes/sources.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import type { Entry, FileSet } from './file-set.ts';
import { HeaderWindow, KeptBlocks } from './header-window.ts';
import { normalPath } from './tar-entry.ts';
import { TarIndexer, type IndexSink } from './tar-index.ts';

/** Blocks with small files that the index read anyway, bytes. */
const KEEP_LIMIT = 8 * 1024 * 1024;
/** What the entries of one archive may take of memory, bytes, estimated: hostile archives hold millions. */
const INDEX_LIMIT = 160 * 1024 * 1024;
const ENTRY_COST = 400;
const MAX_NOTES = 500;
const MAX_LINK_HOPS = 8;

/**
 * Indexes a tar archive in the background. The set owns the source and closes it.
 * @param signal ends the indexing, also after this returned
 */
export function openTar(source: ByteSource, signal?: AbortSignal): FileSet {
  return new TarFileSet(source, signal);
}

class TarFileSet implements FileSet, IndexSink {
  readonly name: string;
  readonly completed: Promise<void>;
  readonly #source: ByteSource;
  readonly #content: ByteSource;
  readonly #kept = new KeptBlocks(KEEP_LIMIT);
  readonly #entries = new Map<string, Entry>();
  readonly #notes: Note[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #stop = new AbortController();
  #complete = false;
  #grown = false;
  #cost = 0;

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.name = source.name;
    this.#source = source;
    this.#content = withKept(source, this.#kept);
    const ended = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    this.completed = this.#index(ended);
    // Nobody may be listening: the failure is kept for those who ask.
    this.completed.catch(() => undefined);
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  get complete(): boolean {
    return this.#complete;
  }

  get notes(): readonly Note[] {
    return this.#notes;
  }

  async find(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
    throwIfCancelled(signal);
    if (!this.#entries.has(path) && !this.#complete) await orCancelled(this.#arrival(path), signal);
    const entry = this.#entries.get(path);
    // An index that failed does not know that there is no such entry.
    if (!entry && this.#complete) await this.completed;
    return entry;
  }

  open(entry: Entry): ByteSource {
    const target = entry.type === 'hardlink' && entry.size === 0 ? this.#follow(entry) : entry;
    if (!target) return danglingSource(entry);
    return sliceSource(this.#content, target.offset ?? 0, target.size, entry.path);
  }

  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.completed.catch(() => undefined);
    this.#kept.clear();
    await this.#source.close();
  }

  add(entry: Entry): boolean {
    this.#cost += costOf(entry);
    if (this.#cost > INDEX_LIMIT) return false;
    const path = this.#entries.has(entry.path) ? this.#freePath(entry) : entry.path;
    // The last of several counts, and stands where it stands in the archive.
    if (path === entry.path) this.#entries.delete(path);
    this.#entries.set(path, path === entry.path ? entry : { ...entry, path });
    this.#grown = true;
    const waiting = this.#waiting.get(path);
    this.#waiting.delete(path);
    waiting?.forEach((resolve) => resolve());
    return true;
  }

  truncate(entry: Entry): void {
    for (const [path, known] of this.#entries) {
      if (known.headerOffset === entry.headerOffset) this.#entries.set(path, { ...known, truncated: true });
    }
    this.#grown = true;
  }

  note(note: Note): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push(note);
  }

  flush(): void {
    if (!this.#grown) return;
    this.#grown = false;
    for (const listener of this.#listeners) listener();
  }

  async #index(signal: AbortSignal): Promise<void> {
    try {
      await new TarIndexer(this.#source, new HeaderWindow(this.#source, this.#kept), this, signal).run();
    } catch (error) {
      if (isCancelled(error) || !(error instanceof CheckpointError) || this.#entries.size === 0) throw error;
      this.note({
        kind: error.reason === 'changed' ? 'stale' : 'damaged',
        where: error.where ?? this.name,
        ...(error.offset !== undefined && { offset: error.offset }),
        text: error.sentence,
      });
    } finally {
      this.#complete = true;
      this.#grown = true;
      for (const waiting of this.#waiting.values()) waiting.forEach((resolve) => resolve());
      this.#waiting.clear();
      this.flush();
    }
  }

  /** Resolves when an entry of that name is there or none will come. */
  #arrival(path: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(path) ?? new Set();
      waiting.add(resolve);
      this.#waiting.set(path, waiting);
    });
  }

  #follow(link: Entry): Entry | undefined {
    let entry: Entry | undefined = link;
    for (let hops = 0; entry?.type === 'hardlink' && entry.size === 0 && hops < MAX_LINK_HOPS; hops++) {
      entry = this.#entries.get(normalPath(entry.linkTarget ?? ''));
    }
    return entry?.type === 'hardlink' && entry.size === 0 ? undefined : entry;
  }

  /** Two names that are not UTF-8 may look the same without being it. */
  #freePath(entry: Entry): string {
    let path = entry.path;
    for (let number = 2; ; number++) {
      const known = this.#entries.get(path);
      if (!known || sameBytes(known.pathBytes, entry.pathBytes)) return path;
      path = `${entry.path} (${String(number)})`;
    }
  }
}

/** Looks into the kept blocks before it reads. */
function withKept(source: ByteSource, kept: KeptBlocks): ByteSource {
  return {
    name: source.name,
    get size() {
      return source.size;
    },
    get identity() {
      return source.identity;
    },
    read(offset, length, signal) {
      const bytes = kept.find(offset, length);
      return bytes ? Promise.resolve(bytes) : source.read(offset, length, signal);
    },
    ...(source.readAvailable && {
      readAvailable: (offset: number, least: number, most: number, signal?: AbortSignal) =>
        source.readAvailable?.(offset, least, most, signal) ?? source.read(offset, most, signal),
    }),
    close: () => Promise.resolve(),
  };
}

/** Stands for the content of a hard link whose target is not in the archive. */
function danglingSource(entry: Entry): ByteSource {
  const text = sentence('{0} is a hard link to {1}, which is not in the archive.', entry.path, entry.linkTarget ?? '');
  return {
    name: entry.path,
    size: 0,
    read: () => Promise.reject(new CheckpointError('not-found', text, { where: entry.path })),
    close: () => Promise.resolve(),
  };
}

function costOf(entry: Entry): number {
  let cost = ENTRY_COST + 2 * (entry.path.length + (entry.linkTarget?.length ?? 0)) + (entry.pathBytes?.length ?? 0);
  for (const [name, value] of entry.xattrs ?? []) cost += ENTRY_COST + name.length + value.length;
  return cost;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (!a || !b) return a === b;
  return Buffer.compare(a, b) === 0;
}
