import type { CopyFormat, GridQuery, GridWindow } from './grid.ts';
import type { IsolationFacts, SharingMatrix, ThreadIsolation } from './isolation.ts';
import type { LogFiles, LogProblems, LogRecord } from './logs.ts';
import type { MemoryOutline, MemoryProcess, MemoryWindow } from './memory.ts';
import type { MountFacts } from './mounts.ts';
import type { Note } from './note.ts';
import type { OpenCounts, OpenFileDetail } from './open-files.ts';
import type { Overview } from './overview.ts';
import type { CheckpointFacts } from './restore-facts.ts';
import type { ProcessFacts } from './processes.ts';
import type { SeccompSummary } from './seccomp.ts';
import type { FactRef, ImagePlace, RawDetail } from './raw.ts';
import type { ThreadRegisters } from './registers.ts';
import type { HexString } from './wire.ts';
import type { SearchRequest, SearchState } from './search.ts';
import type { ChangeFacts } from './changes.ts';
import type { ArchiveFacts, ImageDocuments } from './checkpoint-image.ts';
import type { ConnectionGraph } from './connections.ts';
import type { SizePicture } from './size-picture.ts';
import type { SocketView } from './sockets.ts';

/** What the host asks the worker that owns a checkpoint. Offsets and lengths in bytes. */
export interface CheckpointApi {
  overview(): Promise<Overview>;
  notes(): Promise<readonly Note[]>;
  grid(query: GridQuery): Promise<GridWindow>;
  /** Rows as text for the clipboard; masked cells stay masked. Without `ids`: all rows that match. */
  copy(query: GridQuery, format: CopyFormat, ids?: readonly string[]): Promise<string>;
  /** One process with everything known of it; environment values are masked unless `reveal`. */
  process(pid: number, reveal: boolean): Promise<ProcessDetail>;
  /** What the kernel calls it; null where there is no such process or its name is not in the checkpoint. */
  processName(pid: number): Promise<string | null>;
  /** One open descriptor of a process. */
  descriptor(pid: number, fd: number): Promise<OpenFileDetail>;
  mount(id: number): Promise<MountFacts>;
  /** A row of the table of sockets; the id is the row's. */
  socket(id: string): Promise<SocketView>;
  /** Who talks to whom. Processes `apart` are drawn by themselves, however much they are like others. */
  connections(apart: readonly number[]): Promise<ConnectionGraph>;
  /** What a process may do and what it sees. */
  isolation(pid: number): Promise<IsolationFacts>;
  /** Its threads, each with that in which it differs from the one that leads it. */
  isolationThreads(pid: number): Promise<readonly ThreadIsolation[]>;
  /** Who shares which namespace. */
  sharing(): Promise<SharingMatrix>;
  /** What a thread's seccomp filters answer to each call; null where it has none. */
  seccompSummary(pid: number, tid: number): Promise<SeccompSummary | null>;
  /** The logs of the checkpoint, and the files that describe the container. */
  logFiles(): Promise<LogFiles>;
  /** What CRIU's log tells of problems. @param name of its entry */
  logProblems(name: string): Promise<LogProblems>;
  /** One record of a log with more of its text than a row of the grid has. */
  logRecord(name: string, number: number): Promise<LogRecord>;
  change(path: string): Promise<ChangeFacts>;
  /** How the bytes of the changed files that match a filter divide. @param folder id of a row; the top where absent */
  changeSizes(filter: string, folder?: string): Promise<SizePicture>;
  /** An entry of the archive as it is; of an image also what is wrong with it. */
  rawEntry(path: string): Promise<RawDetail>;
  /** Where the images tell of a fact of another tab; null where none does. */
  factPlace(fact: FactRef): Promise<ImagePlace | null>;
  /** The processes that had memory, parents before their children. */
  memoryProcesses(): Promise<readonly MemoryProcess[]>;
  memoryOutline(pid: number): Promise<MemoryOutline>;
  /** @param address `0x…` @param length at most {@link MAX_MEMORY_WINDOW} */
  memoryRead(pid: number, address: HexString, length: number): Promise<MemoryWindow>;
  memoryRegisters(pid: number, tid: number): Promise<ThreadRegisters>;
  /** A search may come soon: what it needs is made ready. */
  searchPrepare(): Promise<void>;
  /**
   * Begins to search, under an id that the page makes up; an earlier search of the same id ends. How it goes on is told
   * by the event `searched`.
   */
  searchStart(id: string, request: SearchRequest): Promise<SearchState>;
  /** Null where there is no such search any more. */
  searchState(id: string): Promise<SearchState | null>;
  /** Ends a search; what it has found stays. */
  searchStop(id: string): Promise<void>;
  /** Ends a search, and forgets it. */
  searchDrop(id: string): Promise<void>;
  /** What a search has found, as a document: JSON as the command line prints it, or a table of it. */
  searchExport(id: string, format: 'json' | 'csv'): Promise<string>;
  fileStat(path: string): Promise<FileStat>;
  fileList(path: string): Promise<readonly FileEntry[]>;
  /** A window of a file; shorter only at its end. At most {@link MAX_READ} bytes at once. */
  fileRead(path: string, offset: number, length: number): Promise<Uint8Array>;
  /**
   * Writes a file or a folder with all below it to the worker's machine: into `target` under its own name where that is
   * a folder, otherwise as `target`; never outside it.
   * @param replace replace files and links that are there; without it that is a failure, and nothing is written
   */
  fileSave(path: string, target: string, replace?: boolean): Promise<SaveResult>;
  /** Starts (or joins) the background hash of the archive file. */
  hash(): Promise<HashResult>;
  /** What decides whether and how it can be restored. */
  restoreFacts(): Promise<CheckpointFacts>;
  /**
   * Makes a container image of the archive, which engines take for a checkpoint.
   * @param job by which its progress (event `imaged` of the worker) is known
   * @param path a file or folder that is not there yet, on the worker's machine
   * @param tag what the image is called
   * @returns the digest of its manifest
   */
  buildImage(job: string, form: ImageForm, path: string, tag: string): Promise<string>;
  /** The same image without writing it: for who sends it somewhere. Reads all of the archive. @param job as above */
  describeImage(job: string): Promise<ImageDocuments>;
  /** Opens the archive's own bytes; of a folder those of the archive that it would be. To be closed. */
  archiveOpen(): Promise<ArchiveFacts>;
  /** Shorter only at the end. At most {@link MAX_READ} bytes at once. */
  archiveRead(id: number, offset: number, length: number): Promise<Uint8Array>;
  archiveClose(id: number): Promise<void>;
}

export type ImageForm = 'oci-archive' | 'oci-layout';

export const MAX_READ = 4 * 1024 * 1024;

export interface ProcessDetail {
  readonly process: ProcessFacts;
  /** Values are the mask where `masked`. */
  readonly environment: readonly { readonly key: string; readonly value: string; readonly masked: boolean }[];
  readonly mounts: readonly { readonly id: number; readonly destination: string; readonly type: string }[];
  /** How much it has open; absent where that is not known. */
  readonly open?: OpenCounts;
  /** Where its threads stood: of very many the first, and only those whose registers are known. */
  readonly positions: readonly ThreadPosition[];
  readonly notes: readonly Note[];
  /** Entries of the archive that are images of it or of its threads. */
  readonly images: readonly string[];
}

/** Where a thread was in the program, and where its stack. */
export interface ThreadPosition {
  readonly tid: number;
  readonly instruction?: PointerFacts;
  readonly stack?: PointerFacts;
}

export interface PointerFacts {
  readonly address: bigint;
  /** The mapping that it leads into; without one there is nothing to be seen at the address. */
  readonly target?: {
    /** As in /proc/PID/maps. */
    readonly name: string;
    readonly permissions: string;
    /** From where the first mapping of that name would begin if all of the file were mapped. */
    readonly offset: bigint;
  };
}

export type FileKind = 'file' | 'directory' | 'symlink' | 'other';

export interface FileStat {
  readonly kind: FileKind;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  readonly mode?: number;
  readonly linkTarget?: string;
  /** What it holds is made of what lies elsewhere too: a copy of the folders above leaves it out unless it is named. */
  readonly onDemand?: boolean;
}

export interface FileEntry extends FileStat {
  readonly name: string;
}

export interface SaveResult {
  readonly files: number;
  readonly bytes: number;
  /** Entries that cannot be written as files (devices, sockets), with the reason. */
  readonly skipped: readonly Note[];
}

export interface HashResult {
  readonly algorithm: 'sha256';
  readonly hex: string;
  readonly bytes: number;
}

/** What the worker tells without being asked. */
export interface CheckpointEvents {
  /** While the archive is decompressed or hashed; `total` is absent where it is not known. */
  progress: Progress;
  /** More became known (entries came out of the decompressor, or the archive changed): ask again. */
  changed: { readonly complete: boolean };
  /** A search has found more, is further, or has ended. */
  searched: SearchState;
}

export interface Progress {
  readonly task: 'read' | 'hash';
  readonly done: number;
  readonly total?: number;
  readonly finished: boolean;
}

/** What the worker is started with. */
export interface OpenRequest {
  readonly locator: string;
  readonly spill: SpillSettings;
}

export interface SpillSettings {
  /** Folder for decompressed copies; made with mode 0700. */
  readonly directory: string;
  /** All spilled copies together may take this many bytes. */
  readonly limit: number;
  /**
   * Milliseconds that a copy outlives its last user: 5 minutes if absent. 0: removed when it is closed; Infinity: it
   * stays until room is needed.
   */
  readonly keepFor?: number;
}
