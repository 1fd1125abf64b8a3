import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { Sandbox, SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { usage, type Arguments } from '../arguments.ts';
import type { Session } from '../session.ts';
import { clusterOf } from './place.ts';

/** The end of a move. @returns `NAMESPACE/NAME` of what was deleted */
export type FinishMove = (sandbox: Sandbox, record: SandboxRecord) => Promise<string>;

/**
 * Looks before a restore for the original that is to be deleted after it.
 * @returns undefined where nothing is to be moved
 * @throws CheckpointError `usage` until its name is given with --confirm; and as `findOriginal`
 */
export async function prepareMove(
  args: Arguments,
  checkpoint: Checkpoint,
  session: Session,
): Promise<FinishMove | undefined> {
  const typed = args.text('confirm');
  if (!args.flag('move')) {
    if (typed !== undefined) throw usage('--confirm goes with --move.');
    return undefined;
  }
  if (args.text('to') !== 'kubernetes')
    throw usage('Only pods of a cluster can be moved: --move goes with --to kubernetes.');
  const { deleteOriginal, findOriginal, originalName } = await import('../../core/restore/sandbox/move.ts');
  const { signal } = session;
  const cluster = await clusterOf(args, session);
  const original = await findOriginal(cluster, (await checkpoint.overview(signal)).pod, signal);
  const name = originalName(original);
  if (typed !== name) {
    throw usage('To move it, the pod {0} is deleted when the restore runs. If that is meant: --confirm {0}', name);
  }
  if (original.owner !== undefined) {
    session.output.error(`${name} belongs to ${original.owner}, which makes another pod when it is gone.`);
  }
  return async (sandbox, record) => {
    await deleteOriginal({ cluster, sandbox }, record, original, typed, signal);
    return name;
  };
}
