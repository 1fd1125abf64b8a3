import { CheckpointError } from '../../errors.ts';
import { cancelled } from '../../bytes/cancel.ts';
import type { Subject } from './runtime-failure.ts';
import type { Taken } from './take-checkpoint.ts';

/** What became of one of several. */
export type Outcome =
  | { readonly subject: Subject; readonly taken: Taken }
  | { readonly subject: Subject; readonly failure: CheckpointError };

export interface ManyOptions {
  /** Checkpoints that are made at once on one node: each freezes a container and fills the node's disk. */
  readonly perNode?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has several containers checkpointed, a bounded number on each node at once, and tells of each as soon as it is done.
 * One that fails does not stop the others; a cancelled signal lets those that have begun end and begins no more.
 * @param take makes one, see `takeCheckpoint`
 */
export async function* takeMany(
  subjects: readonly Subject[],
  take: (subject: Subject) => Promise<Taken>,
  { perNode = 2, signal }: ManyOptions = {},
): AsyncGenerator<Outcome, void> {
  const waiting = [...Map.groupBy(subjects, ({ node }) => node).values()].map((list) => [...list]);
  const running = new Set<Promise<readonly [Promise<unknown>, Outcome]>>();
  const begin = (queue: Subject[]): void => {
    const subject = queue.shift();
    if (!subject) return;
    const outcome = settle(subject, signal?.aborted === true ? Promise.reject(cancelled()) : take(subject));
    const done: Promise<readonly [Promise<unknown>, Outcome]> = outcome.then((result) => {
      begin(queue);
      return [done, result];
    });
    running.add(done);
  };
  for (const queue of waiting) for (let count = 0; count < perNode; count++) begin(queue);
  while (running.size > 0) {
    const [done, outcome] = await Promise.race(running);
    running.delete(done as Promise<readonly [Promise<unknown>, Outcome]>);
    yield outcome;
  }
}

async function settle(subject: Subject, work: Promise<Taken>): Promise<Outcome> {
  try {
    return { subject, taken: await work };
  } catch (error) {
    if (CheckpointError.is(error)) return { subject, failure: error };
    throw error;
  }
}
