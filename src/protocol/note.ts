import type { Sentence } from './sentence.ts';

/** What kind of imperfection of the evidence a note reports. */
export type NoteKind = 'damaged' | 'missing' | 'truncated' | 'unknown' | 'encrypted' | 'stale' | 'may-be-incomplete';

/**
 * One thing that is wrong with, missing from or not understood in a checkpoint.
 * The editor's header and the command line's `notes` show the same list.
 */
export interface Note {
  readonly kind: NoteKind;
  /** Entry name as in the archive without a leading `./`; the locator itself for the archive as a whole. */
  readonly where: string;
  /** Bytes from the start of `where`. */
  readonly offset?: number;
  readonly text: Sentence;
  /** An engine or CRIU never writes it: a sound archive lacks it, too. */
  readonly byDesign?: true;
}
