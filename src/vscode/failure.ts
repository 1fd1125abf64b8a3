import { describeError, RemoteError } from '../protocol/channel.ts';
import { say, type Sentence } from '../protocol/sentence.ts';

/** Why the host itself could not do something; what it passes on from a worker has the reasons of core. */
export type HostReason = 'blocked' | 'crashed' | 'not-here' | 'unknown-document' | 'too-large' | 'is-link';

/** An error of the host in the form in which errors come from a worker: a reason, and a sentence to translate. */
export function failure(reason: HostReason, text: Sentence, where?: string): RemoteError {
  return new RemoteError({
    reason,
    message: say(text),
    template: text.template,
    args: text.args,
    ...(where !== undefined && { where }),
  });
}

export function hasReason(error: unknown, ...reasons: readonly string[]): boolean {
  return error instanceof RemoteError && reasons.includes(error.reason);
}

/** Why something failed, of an error from a worker or of core's own; `internal` for what nobody foresaw. */
export function reasonOf(error: unknown): string {
  return error === undefined ? '' : describeError(error).reason;
}

/** True for what an aborted AbortSignal makes calls throw. */
export function isCancelled(error: unknown): boolean {
  return ['cancelled', 'closed'].includes(reasonOf(error));
}
