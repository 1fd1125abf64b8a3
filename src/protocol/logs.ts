import type { Sentence } from './sentence.ts';

/** Whose log it is: what the container wrote, or what CRIU told while it dumped or restored. */
export type LogKind = 'container' | 'dump' | 'restore';

/**
 * `cri`: time, stream, a tag that says whether the line goes on, text; also Podman's k8s-file. `json-file`: Docker's
 * JSON object a line. `criu`: seconds since the start, in parentheses. `plain`: none of these.
 */
export type LogFormat = 'cri' | 'json-file' | 'criu' | 'plain';

export interface LogFile {
  /** Entry name. */
  readonly name: string;
  readonly kind: LogKind;
  /** Bytes. */
  readonly size: number;
}

/** What of this kind a checkpoint has. */
export interface LogFiles {
  /** The container's log first, then CRIU's. */
  readonly logs: readonly LogFile[];
  readonly configuration: readonly ConfigurationFile[];
}

/** Something that was written at once: lines that a runtime had split are joined. */
export interface LogRecord {
  /** From 0 on, in the order in which they begin in the file. */
  readonly number: number;
  /** Where it begins in the file, bytes. */
  readonly offset: number;
  readonly text: string;
  /** RFC 3339, as the runtime wrote it. */
  readonly time?: string;
  readonly stream?: 'stdout' | 'stderr';
  /** Microseconds since CRIU started. */
  readonly elapsed?: number;
  readonly level?: LogLevel;
  /** Where in CRIU's sources it was said: `criu/sk-inet.c:200`. */
  readonly source?: string;
  /** Bytes that are left out of `text`. */
  readonly cut?: number;
  /** The file ends before the line does, or the runtime never wrote its end. */
  readonly unfinished?: boolean;
  /** Not of the file's format: the text is the line as it stands. */
  readonly foreign?: boolean;
}

export type LogLevel = 'error' | 'warning' | 'info';

/** A line of CRIU's log that tells of a problem. */
export interface LogProblem {
  readonly record: LogRecord;
  /**
   * `cause`: it may have ended the dump. `consequence`: it says once more that something else went wrong.
   * `harmless`: it stands in the logs of dumps that went well.
   */
  readonly weight: 'cause' | 'consequence' | 'harmless';
  /** What it means, and what can be done; absent where the message is not known. */
  readonly explanation?: Sentence;
}

/** What CRIU's log says on the whole. */
export interface LogProblems {
  readonly file: string;
  /** `unknown`: the log ends before CRIU said how it went. */
  readonly outcome: 'success' | 'failure' | 'unknown';
  readonly criuVersion?: string;
  /** The node, its kernel and machine, as CRIU writes them. */
  readonly node?: string;
  /** Microseconds from the first to the last line. */
  readonly duration?: number;
  readonly problems: readonly LogProblem[];
  /** More problems than are listed. */
  readonly more: number;
}

/** A file that describes the container, or what the engine did with it. */
export interface ConfigurationFile {
  /** Entry name. */
  readonly name: string;
  readonly size: number;
  /** What it is. */
  readonly about: Sentence;
}

/** One value in a file of JSON. */
export interface ConfigurationNode {
  /** Number of the node above it in the list, -1 at the top. */
  readonly parent: number;
  readonly key: string;
  /** Absent for objects and lists. */
  readonly value?: string | number | boolean | null;
  readonly kind: 'object' | 'list' | 'text' | 'number' | 'boolean' | 'null';
  /** Members of an object or list, also of one that a text holds. */
  readonly members?: number;
  /** The text held JSON of its own, which stands below it. */
  readonly embedded?: boolean;
  /** A value of the environment, or `NAME=value`: mask the value where a person looks. */
  readonly secret?: 'value' | 'assignment';
}

export interface ConfigurationTree {
  readonly nodes: readonly ConfigurationNode[];
  /** Why there are none, or not all of them. */
  readonly problem?: Sentence;
}
