import { EndedHalfWay } from './command.ts';
import type { SandboxJournal } from './journal.ts';
import type { Sandbox, SandboxRecord } from './sandbox.ts';

/**
 * Takes away what a restore made that did not come to its end. What cannot be removed now stays written down; so does
 * what may still be made afterwards, by a command that was ended here and perhaps goes on elsewhere.
 * @param error why it did not come to its end
 */
export async function takeAway(
  sandbox: Pick<Sandbox, 'remove'>,
  record: SandboxRecord,
  journal: SandboxJournal,
  error: unknown,
): Promise<void> {
  try {
    // Also after a cancellation: with a time of its own.
    await sandbox.remove(record);
  } catch {
    return;
  }
  if (error instanceof EndedHalfWay) await journal.put(record);
}
