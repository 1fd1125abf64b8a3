import type { SpillSettings } from './checkpoint-api.ts';
import type { Compression, Engine, Wrapping } from './overview.ts';

/** What a list of checkpoints shows of each, and what the host asks the worker that reads it. */
export interface MetadataApi {
  /**
   * Reads as little as tells what a file or folder is: of a compressed archive no more than up to `spec.dump` and
   * `config.dump`, within a bound, and nothing is spilled.
   * @returns null for what is whole but no checkpoint: an ordinary tar, a folder of something else.
   * @throws CheckpointError `not-found`, `unreadable`, `damaged`, `truncated`, `unsupported`, `cancelled`
   */
  metadata(locator: string): Promise<CheckpointMetadata | null>;
}

/** Absent members are not known: the engine does not record them, or they come too late in a compressed archive. */
export interface CheckpointMetadata {
  readonly engine: Engine;
  readonly wrapping: Wrapping;
  readonly compression: Compression;
  readonly container?: string;
  readonly containerId?: string;
  readonly pod?: string;
  readonly namespace?: string;
  /** Name of the container image. */
  readonly image?: string;
  /** RFC 3339 with zone. */
  readonly created?: string;
  /** RFC 3339 with zone. */
  readonly checkpointed?: string;
  /** Bytes of the archive on disk; absent for a folder. */
  readonly size?: number;
}

/** What the worker is started with to answer {@link MetadataApi}, instead of an OpenRequest. */
export interface MetadataRequest {
  readonly task: 'metadata';
  readonly spill: SpillSettings;
}
