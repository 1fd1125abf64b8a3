import type { FileType } from './changes.ts';
import type { Note } from './note.ts';
import type { HexString } from './wire.ts';

/**
 * How an entry of the archive can be looked at: `tree` decoded, field by field; `text` in an ordinary editor; `bytes`
 * as they are; `none` where it has no content, as folders and links.
 */
export type RawView = 'tree' | 'text' | 'bytes' | 'none';

/** One entry of the archive, by its name alone. */
export interface RawEntry {
  /** As in the archive without leading `./`. */
  readonly path: string;
  readonly type: FileType;
  /** Bytes of content. */
  readonly size: number;
  /** The kind of image, as crit calls it. */
  readonly kind?: string;
  /** What it holds, in English; the page translates it. */
  readonly what: string;
  readonly view: RawView;
  /** The process whose image it is, where it is of one alone. */
  readonly pid?: number;
  /** Of links. */
  readonly linkTarget?: string;
}

/** One entry of the archive, looked into. */
export interface RawDetail extends RawEntry {
  /** 0o7777 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** RFC 3339. */
  readonly modified?: string;
  /** How many entries the image has. */
  readonly entries?: number;
  /** The word that its head has, `0x55053847`. */
  readonly magic?: string;
  /** Where the file view has it decoded as JSON. */
  readonly json?: string;
  /** Where the file view has it as it is; absent where it has no content. */
  readonly file?: string;
  /** Its first bytes, where these are what can be seen of it. */
  readonly start?: Uint8Array;
  readonly notes: readonly Note[];
}

/** Where an image tells of something. */
export interface ImagePlace {
  /** Entry name in the archive. */
  readonly image: string;
  /** Which of its entries does, from 0; absent where all of it does, and where nobody looked. */
  readonly entry?: number;
  /** The field of the entry that does, absent where all of it does: `thread_core.creds`, `vmas.3`. */
  readonly field?: string;
}

/** A fact of another tab, of which an image tells. */
export type FactRef =
  | { readonly of: 'process' | 'identity'; readonly pid: number }
  | { readonly of: 'thread'; readonly tid: number }
  | { readonly of: 'mapping'; readonly pid: number; readonly start: HexString }
  | { readonly of: 'mount'; readonly id: number };
