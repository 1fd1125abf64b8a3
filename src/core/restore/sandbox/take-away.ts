import { ClusterError } from '../../cluster/cluster-error.ts';
import { EndedHalfWay } from './command.ts';
import type { SandboxJournal } from './journal.ts';
import type { Sandbox, SandboxRecord } from './sandbox.ts';

/**
 * Takes away what a restore made that did not come to its end. What cannot be removed now stays written down; so does
 * what may still be made afterwards, by a command that was ended here, or a request that broke off, and goes on elsewhere.
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
  if (mayGoOn(error)) await journal.put(record);
}

/** A request that got no answer may be carried out all the same. */
function mayGoOn(error: unknown): boolean {
  return error instanceof EndedHalfWay || ClusterError.is(error, 'unreachable') || ClusterError.is(error, 'timeout');
}
