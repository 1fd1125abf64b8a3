import type { FileType } from '../../protocol/changes.ts';
import type { Note } from '../../protocol/note.ts';
import type { ByteSource } from '../bytes/byte-source.ts';

/** One member of an archive, or one file of a folder. */
export interface Entry {
  /**
   * Path without leading `./` or `/` and without trailing `/`. Bytes that are not UTF-8 are U+FFFD here and stand in
   * `pathBytes` as they are. It may contain `..` or control characters: it is a name, never a path on disk.
   */
  readonly path: string;
  readonly pathBytes?: Uint8Array;
  readonly type: FileType;
  /** The tar type flag, for `unknown`. */
  readonly typeFlag?: string;
  /** Bytes of content held in the archive. */
  readonly size: number;
  /** Where the header starts in the archive, bytes; absent in a folder. */
  readonly headerOffset?: number;
  /** Where the content starts in the archive, bytes; absent in a folder. */
  readonly offset?: number;
  /** 0o7777 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName?: string;
  readonly groupName?: string;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** Of symbolic and hard links, as it stands. */
  readonly linkTarget?: string;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  /** The archive ends before the content does. */
  readonly truncated?: boolean;
}

/**
 * The files of a checkpoint, wherever they are: in a tar, in a decompressor's output, in a folder, in the layer of a
 * container image. Names are unique: of several entries of one name the last counts, as in tar.
 */
export interface FileSet {
  /** For messages. */
  readonly name: string;
  /** In the order of the archive. Grows until `complete`. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly complete: boolean;
  /** Resolves when the index is whole; rejects when nothing could be read at all. Damage is in `notes`. */
  readonly completed: Promise<void>;
  readonly notes: readonly Note[];
  /** Each read is a journey, see `ByteSource.isFar`. */
  readonly isFar?: boolean;
  /** The entry as soon as it is known; undefined when the index is whole and has none of that name. */
  find(path: string, signal?: AbortSignal): Promise<Entry | undefined>;
  /** The content of a regular file, following hard links inside the set. Does not read yet. */
  open(entry: Entry): ByteSource;
  /** Called whenever entries were added, and at the end; returns how to stop. */
  onGrowth(listener: () => void): () => void;
  close(): Promise<void>;
}
