/** A zombie is what CRIU writes as dead. `unknown`: a number that no CRIU of today writes, see `stateNumber`. */
export type TaskState = 'running' | 'stopped' | 'zombie' | 'unknown';

export interface ThreadFacts {
  /** As seen inside the container's pid namespace. */
  readonly tid: number;
  readonly comm?: string;
  readonly state: TaskState;
  /** Why so little is known: its core image is missing or damaged. */
  readonly missing?: boolean;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly comm?: string;
  readonly state: TaskState;
  readonly stateNumber?: number;
  /** Of a zombie: the code that it ended with, or the signal that ended it. */
  readonly exitCode?: number;
  readonly exitSignal?: number;
  /** Absent where the process has no memory (a zombie) or its memory cannot be read: then `notes` say so. */
  readonly arguments?: readonly string[];
  /** Base64 of the argument strings as they stood in memory, where they are not UTF-8. */
  readonly argumentBytes?: string;
  /** `KEY=value` strings as they stood in memory; some may have no `=`. */
  readonly environment?: readonly string[];
  /** Base64 of the environment as it stood in memory, where it is not UTF-8. */
  readonly environmentBytes?: string;
  readonly executable?: string;
  readonly workingDirectory?: string;
  readonly rootDirectory?: string;
  readonly umask?: number;
  readonly threads: readonly ThreadFacts[];
  /** Real, effective, saved, file system. */
  readonly uids?: readonly [number, number, number, number];
  readonly gids?: readonly [number, number, number, number];
  readonly groups?: readonly number[];
  /** Bytes mapped, and bytes whose pages the checkpoint holds. */
  readonly mappedBytes?: number;
  readonly dumpedBytes?: number;
  /** Of the mount namespace, as CRIU numbers them: joins the mounts. */
  readonly mountNamespace?: number;
  /** False while some of its images have not come out of the decompressor yet. */
  readonly complete: boolean;
}
