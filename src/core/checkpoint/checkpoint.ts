import type { HashResult, OpenRequest, Progress } from '../../protocol/checkpoint-api.ts';
import type { ChangeFacts } from '../../protocol/changes.ts';
import type { MountFacts } from '../../protocol/mounts.ts';
import type { Note } from '../../protocol/note.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import type { Sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { FileView } from './file-view.ts';
import { sentence } from '../../protocol/sentence.ts';

export interface OpenOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** More became known, or everything did. */
  readonly onChanged?: (state: { readonly complete: boolean }) => void;
}

export interface Changes {
  readonly changes: readonly ChangeFacts[];
  /** What the reader must know of the list as a whole, e.g. files that the engine may have left out. */
  readonly remark?: Sentence;
}

/** A frozen container. Answers questions, each from the few kilobytes that it needs. */
export interface Checkpoint {
  /** False while entries are still coming out of a decompressor. */
  readonly complete: boolean;
  readonly completed: Promise<void>;
  overview(signal?: AbortSignal): Promise<Overview>;
  /** Everything wrong, missing or not understood that was met so far. */
  notes(signal?: AbortSignal): Promise<readonly Note[]>;
  /** Parents before their children, in the order of pstree.img. */
  processes(signal?: AbortSignal): Promise<readonly ProcessFacts[]>;
  mounts(signal?: AbortSignal): Promise<readonly MountFacts[]>;
  changes(signal?: AbortSignal): Promise<Changes>;
  readonly files: FileView;
  /** SHA-256 of the archive file as it is on disk. @throws CheckpointError `unsupported` for folders */
  hash(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<HashResult>;
  close(): Promise<void>;
}

/** @throws CheckpointError `not-found`, `unreadable`, `not-a-checkpoint`, `unsupported`, `damaged`, `no-space`, `cancelled` */
export function openCheckpoint(request: OpenRequest, options: OpenOptions = {}): Promise<Checkpoint> {
  void options;
  return Promise.reject(new CheckpointError('unsupported', sentence('{0} cannot be opened yet.', request.locator)));
}
