import type { Sentence } from '../../../protocol/sentence.ts';
import type { Remedy } from '../cluster-error.ts';

/** What stands between a person and a checkpoint, one thing each, in the order in which it matters. */
export type SetupQuestion =
  | 'rights'
  | 'kubelet'
  | 'gate'
  | 'kubelet-rights'
  | 'runtime'
  | 'criu'
  | 'tcp'
  | 'time'
  | 'archives'
  | 'room'
  | 'restore';

/** `unknown`: nobody could tell; the sentence says why, or when it will show. */
export type SetupState = 'good' | 'bad' | 'warning' | 'unknown';

export interface SetupPoint {
  readonly question: SetupQuestion;
  readonly state: SetupState;
  readonly text: Sentence;
  readonly remedy?: Remedy;
}
