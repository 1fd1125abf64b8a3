import type { HashResult, OpenRequest, Progress } from '../../protocol/checkpoint-api.ts';
import type { ChangeFacts } from '../../protocol/changes.ts';
import type { ConnectionGraph } from '../../protocol/connections.ts';
import type { MountFacts } from '../../protocol/mounts.ts';
import type { Note } from '../../protocol/note.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { detectLayout, type Layout } from '../archive/layout.ts';
import { openLocator, type OpenedFiles, type OpenImage, type OpenRemote } from '../archive/open-locator.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { openSameFile } from '../bytes/file-source.ts';
import { ImageDirectory } from '../criu/image-directory.ts';
import { CheckpointError } from '../errors.ts';
import type { ListedChange } from './changes.ts';
import type { FileView } from './file-view.ts';
import type { Interior } from './interior.ts';
import type { Isolation } from './isolation/isolation.ts';
import { lazily } from './lazily.ts';
import type { Logs } from './logs/logs.ts';
import type { Memory } from './memory/memory.ts';
import { Metadata } from './metadata.ts';
import { readMountTable } from './mount-table.ts';
import { Notebook } from './notebook.ts';
import { describeOverview } from './overview.ts';
import type { OpenFiles } from './open-files/open-files.ts';
import { Processes } from './processes.ts';
import type { Raw } from './raw/raw.ts';
import type { Sockets } from './sockets/sockets.ts';
import { noteGap, noteMissing } from './completeness.ts';
import type { Search } from './search/search.ts';
import { statisticsDirectory } from './known-images.ts';

export interface OpenOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** More became known, or everything did. */
  readonly onChanged?: (state: { readonly complete: boolean }) => void;
  /** The way to archives that are neither a path nor a `file:` URI. */
  readonly openRemote?: OpenRemote;
  /** The way to checkpoint images in registries. */
  readonly openImage?: OpenImage;
}

export interface Changes {
  readonly changes: readonly ListedChange[];
  /** What the reader must know of the list as a whole, e.g. files that the engine may have left out. */
  readonly remark?: Sentence;
}

/** A frozen container. Answers questions, each from the few kilobytes that it needs. */
export interface Checkpoint {
  /** False while entries are still coming out of a decompressor. */
  readonly complete: boolean;
  readonly completed: Promise<void>;
  overview(signal?: AbortSignal): Promise<Overview>;
  /**
   * Everything wrong, missing or not understood in what describes the container, its processes and mounts; of the
   * files what was met so far.
   */
  notes(signal?: AbortSignal): Promise<readonly Note[]>;
  /** Parents before their children, in the order of pstree.img. */
  processes(signal?: AbortSignal): Promise<readonly ProcessFacts[]>;
  /** The same, but of each process only what pstree.img says; `complete` is false. */
  processTree(signal?: AbortSignal): Promise<readonly ProcessFacts[]>;
  /** Some of the processes, by pid; without those that are not there. */
  someProcesses(pids: ReadonlySet<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, ProcessFacts>>;
  mounts(signal?: AbortSignal): Promise<readonly MountFacts[]>;
  changes(signal?: AbortSignal): Promise<Changes>;
  /** All facts of them, each made when it is taken and none kept; to be gone over once. */
  eachChange(signal?: AbortSignal): Promise<Omit<Changes, 'changes'> & { readonly changes: Iterable<ChangeFacts> }>;
  readonly sockets: Sockets;
  /** Who talks to whom. Processes `apart` are drawn by themselves, however much they are like others. */
  connections(apart: readonly number[], signal?: AbortSignal): Promise<ConnectionGraph>;
  readonly files: FileView;
  readonly openFiles: OpenFiles;
  readonly memory: Memory;
  readonly isolation: Isolation;
  readonly logs: Logs;
  readonly search: Search;
  readonly raw: Raw;
  /** SHA-256 of the archive file as it is on disk. @throws CheckpointError `unsupported` for folders */
  hash(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<HashResult>;
  /** What the engine's own files say, as they are. */
  readonly metadata: Metadata;
  /**
   * Compares the bytes of a container image's layer with the digest that the image has for them. Reads all of them.
   * @returns whether that left a new note
   */
  verify(signal?: AbortSignal): Promise<boolean>;
  /** Names the state of the archive file that is shown; undefined of what is no file of this machine. */
  readonly archiveState?: string | undefined;
  /** The archive's bytes as they are stored, or of a folder those that it would have; to be closed before the checkpoint. */
  openArchive(signal?: AbortSignal): Promise<ByteSource>;
  close(): Promise<void>;
}

/** A plain archive's index takes milliseconds; only where it does not is an answer given before it is whole. */
const PATIENCE = 500;

/** @throws CheckpointError `not-found`, `unreadable`, `not-a-checkpoint`, `unsupported`, `damaged`, `no-space`, `cancelled` */
export async function openCheckpoint(request: OpenRequest, options: OpenOptions = {}): Promise<Checkpoint> {
  const { signal, onProgress, openRemote, openImage } = options;
  const opened = await openLocator(request.locator, {
    spill: request.spill,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(openRemote && { openRemote }),
    ...(openImage && { openImage }),
  });
  try {
    if (opened.compression === 'none') await settled(opened.files.completed, PATIENCE);
    const layout = await detectLayout(opened.files, signal);
    return new OpenCheckpoint(request, opened, layout, options);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

class OpenCheckpoint implements Checkpoint {
  readonly #request: OpenRequest;
  readonly #opened: OpenedFiles;
  readonly #layout: Layout;
  readonly #notebook = new Notebook();
  readonly #images: ImageDirectory;
  #statistics: ImageDirectory | undefined;
  readonly metadata: Metadata;
  readonly #processes: Processes;
  #interior: Promise<Interior> | undefined;
  /** Questions that were answered from the whole archive: what there is to note of them is noted. */
  readonly #noted = new Set<'overview' | 'mounts'>();
  readonly #stopListening: () => void;
  readonly sockets: Sockets;
  readonly files: FileView;
  readonly openFiles: OpenFiles;
  readonly memory: Memory;
  readonly isolation: Isolation;
  readonly logs: Logs;
  readonly search: Search;
  readonly raw: Raw;
  readonly completed: Promise<void>;

  constructor(request: OpenRequest, opened: OpenedFiles, layout: Layout, { onChanged }: OpenOptions) {
    const { files } = opened;
    this.#request = request;
    this.#opened = opened;
    this.#layout = layout;
    this.#images = new ImageDirectory(files, layout.imagesPrefix);
    this.metadata = new Metadata(files, this.#notebook);
    this.#processes = new Processes(this.#images, this.#notebook);
    const interior = (): Promise<Interior> => this.#loadInterior();
    this.sockets = lazily<Sockets>(async () => (await interior()).sockets, ['details']);
    this.files = lazily(async () => (await interior()).files);
    this.openFiles = lazily<OpenFiles>(async () => (await interior()).openFiles, ['details', 'each']);
    this.memory = lazily(async () => (await interior()).memory);
    this.isolation = lazily(async () => (await interior()).isolation);
    this.logs = lazily(async () => (await interior()).logs);
    this.search = lazily<Search>(async () => (await interior()).search, ['run']);
    this.raw = lazily(async () => (await interior()).raw);
    this.completed = files.completed;
    this.#stopListening = files.onGrowth(() => onChanged?.({ complete: files.complete }));
  }

  get complete(): boolean {
    return this.#opened.files.complete;
  }

  async overview(signal?: AbortSignal): Promise<Overview> {
    const { files, wrapping, compression, archiveSize, archivePath } = this.#opened;
    const { complete } = files;
    const overview = await describeOverview(
      {
        files,
        images: this.#images,
        statistics: this.#statisticsDirectory(),
        imagesPrefix: this.#layout.imagesPrefix,
        engine: this.#layout.engine,
        wrapping,
        compression,
        ...(archiveSize !== undefined && { archiveSize }),
        ...(archivePath !== undefined && { archivePath }),
        metadata: this.metadata,
        processes: this.#processes,
        notes: () => this.#collectNotes(),
      },
      signal,
    );
    if (complete) this.#noted.add('overview');
    return overview;
  }

  async notes(signal?: AbortSignal): Promise<readonly Note[]> {
    if (!this.#noted.has('overview')) await this.overview(signal);
    if (!this.#processes.areNoted) await this.processes(signal);
    if (!this.#noted.has('mounts')) await this.#mountTable(signal);
    return this.#collectNotes();
  }

  processes(signal?: AbortSignal): Promise<readonly ProcessFacts[]> {
    return this.#processes.list(signal);
  }

  processTree(signal?: AbortSignal): Promise<readonly ProcessFacts[]> {
    return this.#processes.outline(signal);
  }

  someProcesses(pids: ReadonlySet<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, ProcessFacts>> {
    return this.#processes.some(pids, signal);
  }

  async mounts(signal?: AbortSignal): Promise<readonly MountFacts[]> {
    const { filesystem } = await this.#loadInterior();
    const contents = await filesystem.contents(signal);
    return (await this.#mountTable(signal)).map((mount) =>
      contents.has(mount.destination) ? { ...mount, contents: `/rootfs${mount.destination}` } : mount,
    );
  }

  async changes(signal?: AbortSignal): Promise<Changes> {
    const { filesystem } = await this.#loadInterior();
    const changes = await filesystem.changes(signal);
    const remark = filesystem.remark();
    return { changes, ...(remark && { remark }) };
  }

  async eachChange(
    signal?: AbortSignal,
  ): Promise<Omit<Changes, 'changes'> & { readonly changes: Iterable<ChangeFacts> }> {
    const { filesystem } = await this.#loadInterior();
    const changes = Iterator.from(await filesystem.each(signal)).map((change) => change.facts);
    const remark = filesystem.remark();
    return { changes, ...(remark && { remark }) };
  }

  async connections(apart: readonly number[], signal?: AbortSignal): Promise<ConnectionGraph> {
    const { readConnections } = await import('./connections/connections.ts');
    return readConnections({ images: this.#images, processes: this.#processes, sockets: this.sockets }, apart, signal);
  }

  async hash(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<HashResult> {
    const { archivePath: path, archiveState: state, hashRemote, archiveSize = 0 } = this.#opened;
    if (hashRemote) return { algorithm: 'sha256', hex: await hashRemote(signal), bytes: archiveSize };
    if (path === undefined || state === undefined)
      throw new CheckpointError('unsupported', sentence('A folder has no hash of its own: only archives do.'));
    const { hashSource } = await import('../bytes/hash-source.ts');
    const source = await openSameFile(path, state);
    try {
      return await hashSource(source, onProgress, signal);
    } finally {
      await source.close();
    }
  }

  async verify(signal?: AbortSignal): Promise<boolean> {
    return (await this.#opened.verify?.(signal)) ?? false;
  }

  get archiveState(): string | undefined {
    return this.#opened.archiveState;
  }

  openArchive(signal?: AbortSignal): Promise<ByteSource> {
    return this.#opened.openArchive(signal);
  }

  async close(): Promise<void> {
    this.#stopListening();
    await (await this.#interior)?.close();
    await this.#opened.close();
  }

  #loadInterior(): Promise<Interior> {
    this.#interior ??= import('./interior.ts').then(
      (module) =>
        new module.Interior({
          files: this.#opened.files,
          layout: this.#layout,
          spill: this.#request.spill,
          images: this.#images,
          metadata: this.metadata,
          processes: this.#processes,
          notebook: this.#notebook,
          mounts: (signal) => this.#mountTable(signal),
        }),
    );
    return this.#interior;
  }

  /** Kept for its notes; chosen anew while the archive may still bring a stats-dump. */
  #statisticsDirectory(): ImageDirectory {
    const { files } = this.#opened;
    if (!this.#statistics || !files.complete) this.#statistics = statisticsDirectory(files, this.#images);
    return this.#statistics;
  }

  #collectNotes(): readonly Note[] {
    const { files } = this.#opened;
    this.#notebook.add(...files.notes, ...this.#images.notes, ...(this.#statistics?.notes ?? []));
    if (files.complete)
      this.#notebook.add(...noteMissing({ files, ...this.#layout }), ...noteGap(files, this.#layout.engine));
    return this.#notebook.list();
  }

  async #mountTable(signal?: AbortSignal): Promise<readonly MountFacts[]> {
    const { imagesPrefix } = this.#layout;
    const { complete } = this.#opened.files;
    const parts = { images: this.#images, imagesPrefix, metadata: this.metadata, processes: this.#processes };
    const { mounts, notes } = await readMountTable(parts, signal);
    this.#notebook.add(...notes);
    if (complete) this.#noted.add('mounts');
    return mounts;
  }
}

async function settled(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise.then(() => undefined), patience]).finally(() => clearTimeout(timer));
}
