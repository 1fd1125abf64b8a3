/** What a worker asks the host for the bytes of a checkpoint that is not on this machine: only the host has a way to them. */
export interface RemoteApi {
  remoteOpen(locator: string): Promise<RemoteFacts>;
  /** Shorter only at the end. */
  remoteRead(id: number, offset: number, length: number): Promise<Uint8Array>;
  /** Where the tar headers are that follow the one at an offset, at most so many: a hint, see `ByteSource.headersFrom`. */
  remoteHeaders(id: number, offset: number, most: number): Promise<readonly number[]>;
  /** SHA-256, computed where the bytes are. */
  remoteHash(id: number): Promise<string>;
  remoteClose(id: number): Promise<void>;
}

export interface RemoteFacts {
  readonly id: number;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Names the bytes: as long as it is the same, they are. */
  readonly identity?: string;
}
