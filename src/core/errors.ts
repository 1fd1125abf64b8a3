import { say, type Sentence } from '../protocol/sentence.ts';

/** Why something could not be done. The host turns each into an action, the command line into an exit code. */
export type Reason =
  | 'not-found'
  | 'unreadable'
  | 'changed'
  | 'not-a-checkpoint'
  | 'unsupported'
  | 'damaged'
  | 'truncated'
  | 'encrypted'
  | 'too-large'
  | 'no-space'
  | 'exists'
  | 'unwritable'
  | 'outside'
  | 'cancelled'
  | 'usage'
  // Of a cluster:
  | 'no-kubeconfig'
  | 'bad-kubeconfig'
  | 'untrusted'
  | 'credentials'
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'rejected'
  | 'unavailable';

/**
 * The one error class of core. Its message is the English sentence, which names what happened to what; `where` and
 * `offset` say it again for programs.
 */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly reason: Reason;
  readonly sentence: Sentence;
  /** Entry or path, without a leading `./`. */
  readonly where: string | undefined;
  /** Bytes from the start of `where`. */
  readonly offset: number | undefined;

  constructor(reason: Reason, text: Sentence, place: { where?: string; offset?: number; cause?: unknown } = {}) {
    super(say(text), place.cause === undefined ? undefined : { cause: place.cause });
    this.reason = reason;
    this.sentence = text;
    this.where = place.where;
    this.offset = place.offset;
  }

  /** By its name, not its class: each bundle has a class of its own, and errors go from one to another. */
  static is(error: unknown, reason?: Reason): error is CheckpointError {
    if (!(error instanceof Error) || error.name !== 'CheckpointError' || !('sentence' in error)) return false;
    return reason === undefined || ('reason' in error && error.reason === reason);
  }
}

/** True for what an aborted AbortSignal makes calls throw. */
export function isCancelled(error: unknown): boolean {
  return CheckpointError.is(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');
}
