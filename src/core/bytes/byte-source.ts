/** Where bytes come from: a file, memory, a window of another source, a decompressor's output, later the network. */
export interface ByteSource {
  /** For messages: path, locator or entry name. */
  readonly name: string;
  /** Bytes; undefined while a decompressor has not reached the end. */
  readonly size: number | undefined;
  /**
   * Reads `length` bytes from `offset`. The result is shorter only where the source ends, and empty beyond its end.
   * The bytes may be a view of a shared buffer: copy them to keep them or to send them away, never write into them.
   * @throws CheckpointError `unreadable`, `changed`, `cancelled`
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}
