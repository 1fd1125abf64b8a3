import type { CopyFormat, GridQuery, GridWindow } from './grid.ts';
import type { MountFacts } from './mounts.ts';
import type { Note } from './note.ts';
import type { OpenFileDetail } from './open-files.ts';
import type { Overview } from './overview.ts';
import type { ProcessFacts } from './processes.ts';
import type { ChangeFacts } from './changes.ts';

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
  change(path: string): Promise<ChangeFacts>;
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
}

export const MAX_READ = 4 * 1024 * 1024;

export interface ProcessDetail {
  readonly process: ProcessFacts;
  /** Values are the mask where `masked`. */
  readonly environment: readonly { readonly key: string; readonly value: string; readonly masked: boolean }[];
  readonly mounts: readonly { readonly id: number; readonly destination: string; readonly type: string }[];
  /** How many descriptors it has open. */
  readonly openFiles: number;
  readonly notes: readonly Note[];
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
