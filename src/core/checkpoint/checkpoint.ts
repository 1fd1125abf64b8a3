import type { HashResult, OpenRequest, Progress } from '../../protocol/checkpoint-api.ts';
import type { ChangeFacts } from '../../protocol/changes.ts';
import type { ConnectionGraph } from '../../protocol/connections.ts';
import type { MountFacts } from '../../protocol/mounts.ts';
import type { Note } from '../../protocol/note.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { detectLayout, type Layout } from '../archive/layout.ts';
import { openNested } from '../archive/nested.ts';
import { openLocator, type OpenedFiles, type OpenRemote } from '../archive/open-locator.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { openFile } from '../bytes/file-source.ts';
import { ImageDirectory } from '../criu/image-directory.ts';
import { CheckpointError } from '../errors.ts';
import { EntryBranch, type Placed } from './entry-branch.ts';
import { BranchedView, type FileView } from './file-view.ts';
import { Filesystem } from './filesystem.ts';
import { ImagesBranch } from './images-branch.ts';
import { openLogs, type Logs } from './logs/logs.ts';
import { DumpedMemory, type Memory } from './memory/memory.ts';
import { openIsolation, type Isolation } from './isolation/isolation.ts';
import { Metadata } from './metadata.ts';
import { readMountTable } from './mount-table.ts';
import { Notebook } from './notebook.ts';
import { describeOverview } from './overview.ts';
import { contentsFolder } from './open-files/contents-branch.ts';
import { DumpedFiles, type OpenFiles } from './open-files/open-files.ts';
import { ProcBranch } from './proc/proc-branch.ts';
import { Processes } from './processes.ts';
import { openRaw, type Raw } from './raw/raw.ts';
import { DumpedSockets, type Sockets } from './sockets/sockets.ts';
import { noteGap, noteMissing } from './completeness.ts';
import { LazySearch, type Search } from './search/search.ts';
import { statisticsDirectory } from './known-images.ts';
import { NodeBranch } from './view-nodes.ts';

export interface OpenOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** More became known, or everything did. */
  readonly onChanged?: (state: { readonly complete: boolean }) => void;
  /** The way to archives that are neither a path nor a `file:` URI. */
  readonly openRemote?: OpenRemote;
}

export interface Changes {
  readonly changes: readonly ChangeFacts[];
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
  /** The archive's bytes as they are stored, to be closed before the checkpoint. @throws CheckpointError `unsupported` for folders */
  openArchive(signal?: AbortSignal): Promise<ByteSource>;
  close(): Promise<void>;
}

/** A plain archive's index takes milliseconds; only where it does not is an answer given before it is whole. */
const PATIENCE = 500;

/** @throws CheckpointError `not-found`, `unreadable`, `not-a-checkpoint`, `unsupported`, `damaged`, `no-space`, `cancelled` */
export async function openCheckpoint(request: OpenRequest, options: OpenOptions = {}): Promise<Checkpoint> {
  const { signal, onProgress, openRemote } = options;
  const opened = await openLocator(request.locator, {
    spill: request.spill,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(openRemote && { openRemote }),
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
  readonly #opened: OpenedFiles;
  readonly #layout: Layout;
  readonly #notebook = new Notebook();
  readonly #images: ImageDirectory;
  #statistics: ImageDirectory | undefined;
  readonly metadata: Metadata;
  readonly #processes: Processes;
  readonly #filesystem: Filesystem;
  readonly #stopListening: () => void;
  readonly sockets: Sockets;
  readonly files: FileView;
  readonly openFiles: OpenFiles;
  readonly memory: Memory;
  readonly isolation: Isolation;
  readonly logs: Logs;
  readonly search: LazySearch;
  readonly raw: Raw;
  readonly completed: Promise<void>;

  constructor(request: OpenRequest, opened: OpenedFiles, layout: Layout, { onChanged }: OpenOptions) {
    const { files } = opened;
    this.#opened = opened;
    this.#layout = layout;
    this.#images = new ImageDirectory(files, layout.imagesPrefix);
    this.metadata = new Metadata(files, this.#notebook);
    this.#processes = new Processes(this.#images, this.#notebook);
    this.sockets = new DumpedSockets(this.#images, this.#processes, this.#notebook);
    const mounts = (signal?: AbortSignal) => this.#mountTable(signal);
    this.#filesystem = new Filesystem({
      files,
      imagesPrefix: layout.imagesPrefix,
      engine: layout.engine,
      metadata: this.metadata,
      notebook: this.#notebook,
      openNested: (entry, signal) => openNested(files, entry, request.spill, signal),
      mounts,
    });
    this.logs = openLogs({ files, imagesPrefix: layout.imagesPrefix });
    this.isolation = openIsolation({
      images: this.#images,
      processes: this.#processes,
      metadata: this.metadata,
      notebook: this.#notebook,
      engine: layout.engine,
    });
    this.memory = new DumpedMemory({
      images: this.#images,
      processes: this.#processes,
      mounts,
      files: () => this.files,
      notebook: this.#notebook,
      contents: (signal) => this.#filesystem.contents(signal),
    });
    const openFiles = new DumpedFiles({
      images: this.#images,
      processes: this.#processes,
      notebook: this.#notebook,
      mounts,
    });
    this.openFiles = openFiles;
    this.search = new LazySearch({
      files,
      images: this.#images,
      imagesPrefix: layout.imagesPrefix,
      processes: this.#processes,
      memory: this.memory,
      openFiles,
      view: () => this.files,
      changes: (signal) => this.#filesystem.changes(signal),
    });
    this.files = new BranchedView({
      archive: new EntryBranch(
        () => Promise.resolve(this.#archiveEntries()),
        () => files.entries.size,
      ),
      rootfs: new EntryBranch(
        () => this.#rootfsEntries(),
        () => files.entries.size,
      ),
      proc: new ProcBranch({
        processes: this.#processes,
        images: this.#images,
        mounts,
        isolation: this.isolation,
        metadata: this.metadata,
        openFiles,
        sockets: this.sockets,
        memory: this.memory,
      }),
      contents: new NodeBranch('/contents', contentsFolder(openFiles)),
      images: new ImagesBranch(files, this.#images, this.#notebook),
    });
    this.raw = openRaw({
      files,
      imagesPrefix: layout.imagesPrefix,
      images: this.#images,
      notebook: this.#notebook,
    });
    this.completed = files.completed;
    this.#stopListening = files.onGrowth(() => onChanged?.({ complete: files.complete }));
  }

  get complete(): boolean {
    return this.#opened.files.complete;
  }

  async overview(signal?: AbortSignal): Promise<Overview> {
    const { files, wrapping, compression, archiveSize, archivePath } = this.#opened;
    return describeOverview(
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
  }

  async notes(signal?: AbortSignal): Promise<readonly Note[]> {
    await this.overview(signal);
    await this.processes(signal);
    await this.#mountTable(signal);
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
    const contents = await this.#filesystem.contents(signal);
    return (await this.#mountTable(signal)).map((mount) =>
      contents.has(mount.destination) ? { ...mount, contents: `/rootfs${mount.destination}` } : mount,
    );
  }

  async changes(signal?: AbortSignal): Promise<Changes> {
    const changes = await this.#filesystem.changes(signal);
    const remark = this.#filesystem.remark();
    return { changes: changes.map((change) => change.facts), ...(remark && { remark }) };
  }

  async connections(apart: readonly number[], signal?: AbortSignal): Promise<ConnectionGraph> {
    const { readConnections } = await import('./connections/connections.ts');
    return readConnections({ images: this.#images, processes: this.#processes, sockets: this.sockets }, apart, signal);
  }

  async hash(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<HashResult> {
    const { archivePath: path, hashRemote, archiveSize = 0 } = this.#opened;
    if (hashRemote) return { algorithm: 'sha256', hex: await hashRemote(signal), bytes: archiveSize };
    if (path === undefined)
      throw new CheckpointError('unsupported', sentence('A folder has no hash of its own: only archives do.'));
    const { hashSource } = await import('./hash.ts');
    const source = await openFile(path);
    try {
      return await hashSource(source, onProgress, signal);
    } finally {
      await source.close();
    }
  }

  openArchive(signal?: AbortSignal): Promise<ByteSource> {
    const { openArchive } = this.#opened;
    if (openArchive) return openArchive(signal);
    const text = sentence('A folder is not an archive: there are no bytes that could be passed on as they are.');
    throw new CheckpointError('unsupported', text);
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.search.close();
    await this.#filesystem.close();
    await this.logs.close();
    await this.#opened.close();
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
    const parts = { images: this.#images, imagesPrefix, metadata: this.metadata, processes: this.#processes };
    const { mounts, notes } = await readMountTable(parts, signal);
    this.#notebook.add(...notes);
    return mounts;
  }

  #archiveEntries(): Iterable<readonly [string, Placed]> {
    const { files } = this.#opened;
    return [...files.entries.values()].map((entry) => [entry.path, { files, entry }] as const);
  }

  async #rootfsEntries(): Promise<Iterable<readonly [string, Placed]>> {
    const changes = await this.#filesystem.changes();
    return changes.flatMap(({ facts, content }) => (content ? [[facts.path, content] as const] : []));
  }
}

async function settled(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise.then(() => undefined), patience]).finally(() => clearTimeout(timer));
}
