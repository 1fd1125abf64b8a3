import type { CompiledPattern } from '../pattern/compile.ts';

/** An open file of this process, and what fstat says as long as nobody changes it. */
export interface ScanFile {
  readonly descriptor: number;
  readonly name: string;
  readonly state?: { readonly size: number; readonly mtimeMs: number };
}

/** Bytes that stand somewhere as they are, or come along. */
export interface Piece {
  /** Where they begin, from the base of their part. */
  readonly at: number;
  readonly length: number;
  /** Index among the task's files, and where in it they are. */
  readonly file: number;
  readonly offset: number;
  /** Instead of a file. */
  readonly bytes?: Uint8Array;
}

/** A stretch of one address space, of one memory object or of one file. Places are counted from a base of its own. */
export interface Part {
  /** In order, without overlaps. What touches is one text; between others nothing matches. */
  readonly pieces: readonly Piece[];
  /** Where a match may begin; the bytes before and behind are there for it to go on, and to be seen. */
  readonly from: number;
  readonly to: number;
  /** Only matches count that begin before this place and end behind it. */
  readonly across?: number;
}

/** As much as is looked through at once. It stands for itself: any thread can do it. */
export interface ScanTask {
  readonly files: readonly ScanFile[];
  readonly parts: readonly Part[];
}

export interface ScanMatch {
  /** Index of the part, and where in it, from its base. */
  readonly part: number;
  readonly at: number;
  readonly length: number;
  /** Index of the needle that was found. */
  readonly needle: number;
  /** Bytes around it, and where in them it begins. */
  readonly context: Uint8Array;
  readonly contextOffset: number;
}

export interface ScanAnswer {
  /** In order. */
  readonly matches: readonly ScanMatch[];
  /** There were more than one answer holds: where to go on. */
  readonly next?: { readonly part: number; readonly at: number };
  /** What took too long to be searched. */
  readonly skipped: readonly { readonly part: number; readonly at: number; readonly length: number }[];
  /** Bytes that were not there: a file ends early. */
  readonly missing: readonly { readonly part: number; readonly at: number; readonly length: number }[];
}

/** What a thread is made for. */
export interface ScanJob {
  readonly pattern: CompiledPattern;
  /** Bytes wanted on either side of a match, and of the match itself. */
  readonly context: number;
  readonly shown: number;
  /** Matches in one answer. */
  readonly most: number;
}
