import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { say } from '../protocol/sentence.ts';
import { isDamage, type Session } from './session.ts';

/** Says why there is nothing to print of a checkpoint without processes, where no damage says it. */
export async function tellOfNone(checkpoint: Checkpoint, locator: string, session: Session): Promise<void> {
  const notes = await checkpoint.notes(session.signal);
  const early = notes.find(({ byDesign, where }) => byDesign && where === 'pre-checkpoint/');
  if (early) session.output.error(say(early.text));
  else if (!notes.some(isDamage)) session.output.error(`There are no processes in ${locator}.`);
}
