import type { Awaitable } from './awaitable.ts';

/** Where bytes come from: a file, memory, a window of another source, a decompressor's output, later the network. */
export interface ByteSource {
  /** For messages: path, locator or entry name. */
  readonly name: string;
  /** Bytes; undefined while a decompressor has not reached the end. */
  readonly size: number | undefined;
  /**
   * Names the bytes themselves: equal for two sources only if they hold the same bytes. Decompressed copies are found
   * again by it. Absent where nothing short names the bytes, as for memory.
   */
  readonly identity?: string | undefined;
  /** Bytes, of those read so far, that are not in the checkpoint and stand as zeros. Only memory has such. */
  readonly missing?: number;
  /**
   * Reads `length` bytes from `offset`. The result is shorter only where the source ends, and empty beyond its end.
   * The bytes may be a view of a shared buffer: copy them to keep them or to send them away, never write into them.
   * @throws CheckpointError `unreadable`, `changed`, `cancelled`
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * As `read`, if it takes no waiting: undefined where it does. Who reads thousands of small pieces saves a promise each.
   */
  readNow?(offset: number, length: number): Uint8Array | undefined;
  /**
   * As `readNow`, into memory of the caller, as much as fits there: memory that was not used before is slow to come by.
   * @returns how many bytes; undefined where it would have to wait
   */
  fillNow?(target: Uint8Array, offset: number): number | undefined;
  /**
   * As `fillNow`, waiting where it must; undefined where it cannot. Who reads much in a loop reads it all into one buffer:
   * V8 looks through its whole heap each time that buffers of some 50 MB were made.
   * @throws CheckpointError `unreadable`, `changed`, `cancelled`
   */
  fill?(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> | undefined;
  /** As `readNow`, but only what is in memory already: a view of it, for which nothing is read and nothing made room. */
  keptNow?(offset: number, length: number): Uint8Array | undefined;
  /**
   * For who keeps bytes of it: makes sure that they are still what stands there. Once in a turn of the event loop is
   * enough, and more costs nothing.
   * @throws CheckpointError `changed`, `unreadable`
   */
  confirm?(): void;
  /**
   * As `read`, but waits for no more than `least` bytes: of what is already there it gives up to `most`. Only sources
   * that are still growing have it.
   */
  readAvailable?(offset: number, least: number, most: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Where the bytes are in an open file, if they stand there as they are: other threads of this process read them there.
   * The file stays open until the source is closed.
   * @throws CheckpointError `unreadable`, `changed`
   */
  place?(): Awaitable<BytePlace | undefined>;
  /** Each read is a journey: who needs several pieces asks for them at the same time. */
  readonly isFar?: boolean;
  /**
   * Where the headers are that follow the one at `offset` in a tar archive, told by somebody who has the bytes at hand.
   * A hint: it may end anywhere, and it may be wrong. Only sources that are far have it.
   * @param most how many
   * @throws CheckpointError `cancelled`
   */
  headersFrom?(offset: number, most: number, signal?: AbortSignal): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** A place in an open file of this process. */
export interface BytePlace {
  readonly descriptor: number;
  /** Where the first byte of the source is in the file. */
  readonly offset: number;
  /** What fstat says as long as nobody changes it; absent for files that only this process writes. */
  readonly state?: { readonly size: number; readonly mtimeMs: number };
}

/** A source of which somebody else, who has the bytes at hand, can tell more than one would like to fetch. */
export interface RemoteSource extends ByteSource {
  readonly size: number;
  /** SHA-256 of all of it, computed where the bytes are. */
  hash(signal?: AbortSignal): Promise<string>;
}
