import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { isGrowing } from '../bytes/growing-source.ts';
import { sliceSource } from '../bytes/sources.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import { EntryIndex } from './entry-index.ts';
import type { Entry, FileSet } from './file-set.ts';
import { HeaderWindow } from './header-window.ts';
import { KeptBlocks, keptSource } from './kept-source.ts';
import { normalPath } from './tar-entry.ts';
import { sparseSource, type SparseFacts } from './tar-sparse.ts';
import { TarIndexer, type IndexSink } from './tar-index.ts';

/** Blocks with small files that the index read anyway, bytes: those of some hundred processes. */
export const KEEP_LIMIT = 8 * 1024 * 1024;
const MAX_LINK_HOPS = 8;
/** Entries hidden by later ones of their name that are told one by one. */
const MAX_SHADOWED = 20;

/**
 * Indexes a tar archive in the background. The set owns the source and closes it.
 * @param signal ends the indexing, also after this returned
 * @param notes what is known of the archive besides; may grow
 * @param keep how many bytes of small files, which the index reads with the headers around them, are kept for their readers
 */
export function openTar(
  source: ByteSource,
  signal?: AbortSignal,
  notes: readonly Note[] = [],
  keep = KEEP_LIMIT,
): FileSet {
  return new TarFileSet(source, signal, notes, new KeptBlocks(keep));
}

class TarFileSet implements FileSet {
  readonly name: string;
  readonly completed: Promise<void>;
  readonly #source: ByteSource;
  readonly #content: ByteSource;
  readonly #kept: KeptBlocks;
  readonly #index = new EntryIndex((earlier) => this.#noteShadowed(earlier));
  /** By the offset of their headers. */
  readonly #sparse = new Map<number | undefined, SparseFacts>();
  readonly #outerNotes: readonly Note[];
  readonly #stop = new AbortController();
  #shadowed = 0;
  #lastShadowed = '';

  constructor(source: ByteSource, signal: AbortSignal | undefined, notes: readonly Note[], kept: KeptBlocks) {
    this.name = source.name;
    this.#source = source;
    this.#kept = kept;
    this.#content = keptSource(source, this.#kept);
    this.#outerNotes = notes;
    this.completed = this.#run(signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal);
    // Nobody may be listening: the failure is kept for those who ask.
    this.completed.catch(() => undefined);
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#index.entries;
  }

  get complete(): boolean {
    return this.#index.complete;
  }

  get isFar(): boolean {
    return this.#source.isFar === true;
  }

  get notes(): readonly Note[] {
    const ofSource = isGrowing(this.#source) ? this.#source.notes : [];
    return [...this.#outerNotes, ...ofSource, ...this.#index.notes];
  }

  async find(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const entry = await this.#index.find(path, signal);
    // An index that failed does not know that there is no such entry.
    if (!entry) await this.completed;
    return entry;
  }

  open(entry: Entry): ByteSource {
    const target = isLink(entry) ? this.#follow(entry) : entry;
    if (!target) return danglingSource(entry);
    const content = sliceSource(this.#content, target.offset ?? 0, target.size, entry.path);
    const sparse = target.type === 'sparse' ? this.#sparse.get(target.headerOffset) : undefined;
    return sparse ? sparseSource(this.#content, content, sparse) : content;
  }

  onGrowth(listener: () => void): () => void {
    return this.#index.onGrowth(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.completed.catch(() => undefined);
    this.#kept.clear();
    await this.#source.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const sink: IndexSink = {
      add: (entry) => this.#index.add(entry),
      sparse: (entry, facts) => this.#sparse.set(entry.headerOffset, facts),
      truncate: (entry) => this.#index.replace({ ...entry, truncated: true }),
      note: (note) => this.#index.note(note),
      flush: () => this.#index.flush(),
    };
    try {
      const window = new HeaderWindow(this.#source, this.#kept);
      await new TarIndexer(this.#source, window, sink, signal).run();
      window.end();
      // What the decompressor meets behind the last entry belongs to the notes.
      if (isGrowing(this.#source)) await this.#source.ended;
    } catch (error) {
      if (isCancelled(error) || !(error instanceof CheckpointError) || this.entries.size === 0) throw error;
      this.#index.note({
        kind: error.reason === 'changed' ? 'stale' : 'damaged',
        where: error.where ?? this.name,
        ...(error.offset !== undefined && { offset: error.offset }),
        text: error.sentence,
      });
    } finally {
      this.#noteMoreShadowed();
      this.#index.finish();
    }
  }

  /** As when it is unpacked the last one of a name stays: what the others hold would go unseen. */
  #noteShadowed({ path, headerOffset = 0 }: Entry): void {
    this.#lastShadowed = path;
    if (++this.#shadowed > MAX_SHADOWED) return;
    const text = sentence(
      '{0} holds {1} more than once. The last one is shown, as it is when the archive is unpacked; the one at byte {2} is not.',
      this.name,
      path,
      headerOffset,
    );
    this.#index.note({ kind: 'may-be-incomplete', where: path, text });
  }

  #noteMoreShadowed(): void {
    const more = this.#shadowed - MAX_SHADOWED;
    if (more <= 0) return;
    const text = sentence('{0} holds {1} more entries that later ones of the same name hide.', this.name, more);
    this.#index.note({ kind: 'may-be-incomplete', where: this.#lastShadowed, text });
  }

  #follow(link: Entry): Entry | undefined {
    let entry: Entry | undefined = link;
    for (let hops = 0; entry && isLink(entry) && hops < MAX_LINK_HOPS; hops++) {
      entry = this.entries.get(normalPath(entry.linkTarget ?? ''));
    }
    return entry && isLink(entry) ? undefined : entry;
  }
}

/** True for a hard link without content of its own, which only some writers of pax archives give it. */
function isLink(entry: Entry): boolean {
  return entry.type === 'hardlink' && entry.size === 0;
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
