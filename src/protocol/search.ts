import type { Note } from './note.ts';
import type { Sentence } from './sentence.ts';
import type { HexString } from './wire.ts';

/**
 * Where can be searched.
 *
 * - `memory`: the processes' own memory
 * - `shared`: memory objects that processes share or shared (shared anonymous memory, System V), memfds included
 * - `ghost`: files that were deleted while they were open
 * - `queue`: bytes on their way, in pipes, FIFOs, terminals, sockets, message queues; and in BPF maps
 * - `files`: the rootfs diff, volumes, /dev/shm and tmpfs, as far as the checkpoint holds them
 * - `archive`: everything else in the archive: logs, metadata, images
 */
export const SEARCH_PLACES = ['memory', 'shared', 'ghost', 'queue', 'files', 'archive'] as const;

export type SearchPlace = (typeof SEARCH_PLACES)[number];

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** `ascii`: bytes that are printable characters of ASCII. */
export type StringEncoding = 'ascii' | TextEncoding;

/** What a person looks for. */
export interface TypedPattern {
  /** `hex`: digits of bytes, `?` for any digit. `regex`: of bytes, see byte-regex.ts. */
  readonly kind: 'text' | 'hex' | 'regex';
  readonly text: string;
  /** Texts and regular expressions. */
  readonly ignoreCase?: boolean;
  /** Of a text: UTF-8 alone where absent. */
  readonly encodings?: readonly TextEncoding[];
}

/** Whatever is readable: printable characters and tabs in a row, so many at least. */
export interface StringsPattern {
  readonly kind: 'strings';
  readonly least: number;
  readonly encoding: StringEncoding;
}

export type SearchPattern = TypedPattern | StringsPattern;

export interface SearchQuery {
  readonly pattern: SearchPattern;
  /** Where; everywhere but in the archive's other entries where absent. */
  readonly places?: readonly SearchPlace[];
  /** Only what these processes have in their memory. */
  readonly pids?: readonly number[];
  /** Only this range of the memory of the one process of `pids`, whatever it is in. */
  readonly range?: { readonly start: bigint; readonly end: bigint };
  /** Only this file of the file view. */
  readonly path?: string;
  /** So many results at most. */
  readonly limit: number;
  /** Bytes to bring along on either side. */
  readonly context?: number;
}

/**
 * What holds the bytes that match. `mapped-file`: a file of the rootfs diff or a volume that a process had mapped; its
 * pages are not in the dump, because they are the file's.
 */
export type MatchSource =
  | 'memory'
  | 'shared'
  | 'mapped-file'
  | 'memfd'
  | 'ghost'
  | 'pipe'
  | 'fifo'
  | 'tty'
  | 'socket'
  | 'message-queue'
  | 'bpf-map'
  | 'file'
  | 'archive';

/** A descriptor of a process. */
export interface ContentHolder {
  readonly pid: number;
  readonly fd: number;
}

export interface SearchMatch {
  readonly source: MatchSource;
  /** The process in whose memory it is, and where; null where it is not in the memory of a process. */
  readonly pid: number | null;
  readonly address: bigint | null;
  /** Where it is in what is not memory, bytes. */
  readonly offset?: number;
  /** Bytes. */
  readonly length: number;
  /** The name of the mapping, as in /proc/PID/maps; the path of the file; what else the bytes belong to. */
  readonly region: string;
  /** What the kernel calls the process. */
  readonly process: string | null;
  /** Of a text: how it is encoded there. */
  readonly encoding?: StringEncoding;
  /** Where the file view has what holds it. */
  readonly path?: string;
  /** The open descriptors that stand for it; of many the first. */
  readonly holders?: readonly ContentHolder[];
  /** The bytes that match, the first ones of many, with those around them. */
  readonly context: Uint8Array;
  /** Where in `context` they begin. */
  readonly contextOffset: number;
  /** It may go on: a match has no more than {@link MAX_MATCH} bytes. */
  readonly cut?: boolean;
}

/** The longest match of a regular expression, bytes. */
export const MAX_MATCH = 16 * 1024;
/** Bytes that may be asked for on either side of a match. */
export const MAX_CONTEXT = 4096;
/** What an answer holds of a long match that is no string. */
export const MAX_SHOWN = 256;

/** Some results, in the order of the search, and how far it is. */
export interface SearchStep {
  readonly matches: readonly SearchMatch[];
  /** Bytes searched, and in all as far as that is known. */
  readonly done: number;
  readonly total: number;
  /** The limit was reached, and there are more. */
  readonly more?: boolean;
  /** What was not searched, and why. */
  readonly notes: readonly Note[];
}

/** What the page asks for; addresses are `0x…`. */
export interface SearchRequest extends Omit<SearchQuery, 'range' | 'context'> {
  readonly range?: { readonly start: HexString; readonly end: HexString };
}

/** How a search that the page asked for stands. Its results are the rows of the grid `search` of its id. */
export interface SearchState {
  readonly id: string;
  readonly found: number;
  /** Bytes searched, and in all as far as known. */
  readonly done: number;
  readonly total: number;
  /** It has ended: everything was searched, the limit was reached, it was stopped, or it failed. */
  readonly finished: boolean;
  /** The limit was reached, and there are more. */
  readonly more: boolean;
  readonly stopped: boolean;
  /** What was not searched, and why. */
  readonly notes: readonly Note[];
  /** Why it failed. */
  readonly failure?: Sentence;
}

/** Results of one search that are kept for the page. */
export const MAX_RESULTS = 10_000;
