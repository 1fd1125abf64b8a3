import type { AcquiredContainer } from './acquisition.ts';
import type { SpillSettings } from './checkpoint-api.ts';
import type { Compression, Engine } from './overview.ts';

/** What a list of archives shows of one, read without opening it as a whole. Absent members are not known. */
export interface ArchiveMetadata {
  readonly engine: Engine;
  readonly container?: string;
  readonly pod?: string;
  readonly namespace?: string;
  /** Name of the container image. */
  readonly image?: string;
  /** RFC 3339 with zone. */
  readonly created?: string;
  /** RFC 3339 with zone. */
  readonly checkpointed?: string;
  /** Bytes of the file on disk; absent for a folder. */
  readonly archiveSize?: number;
  readonly compression: Compression;
  /** The reading stopped before what was looked for was found, because it lies too deep in a compressed archive. */
  readonly partial?: boolean;
}

/** What the host asks a worker started with {@link MetadataRequest}; it serves any number of archives, one at a time. */
export interface MetadataApi {
  /**
   * Reads a compressed archive only until it knows enough, and never far.
   * @returns null for what is no checkpoint
   */
  metadata(locator: string): Promise<ArchiveMetadata | null>;
  /** Whose checkpoint an archive says that it is; null for one that says too little, or is none. */
  whose(locator: string): Promise<AcquiredContainer | null>;
  /** Drops the decompressed copies whose time has come, and what processes that have ended left there. */
  sweep(spill: SpillSettings): Promise<void>;
  /** Lets the thread end. */
  close(): Promise<void>;
}

/** `workerData` of a worker that only describes archives. */
export interface MetadataRequest {
  readonly task: 'metadata';
}
