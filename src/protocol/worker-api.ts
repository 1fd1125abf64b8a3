import type { ImageProgress } from './checkpoint-image.ts';
import type { CheckpointApi, CheckpointEvents } from './checkpoint-api.ts';

/**
 * What the host asks the thread that owns one open checkpoint (`workerData`: an OpenRequest). Questions asked while it
 * is being opened wait; if it could not be opened each is rejected with the same reason, until `retry`.
 */
export interface WorkerApi extends CheckpointApi {
  /** Resolves when the checkpoint is open, rejects with why it is not. */
  opened(): Promise<void>;
  /** Opens it again after a failure; where it is open, or being opened, joins that. */
  retry(): Promise<void>;
  /** Closes everything and lets go of decompressed copies. The thread then ends by itself; give it a moment before terminating it. */
  close(): Promise<void>;
}

export interface WorkerEvents extends CheckpointEvents {
  /** How far an image is that is being made. */
  imaged: ImageProgress;
  /** For the log: what went wrong inside without belonging to a question. English, one or more lines. */
  log: { readonly level: 'warning' | 'error'; readonly text: string };
}
