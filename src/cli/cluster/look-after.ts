import type { CheckpointRefused } from '../../core/cluster/checkpoint/kubelet-answer.ts';
import { lookForArchive, withoutArchive, type Look } from '../../core/cluster/checkpoint/look-for-archive.ts';
import type { Subject } from '../../core/cluster/checkpoint/runtime-failure.ts';
import type { Cluster } from '../../core/cluster/cluster.ts';
import type { NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { CHECKPOINTS } from '../../core/cluster/node-files/node-files.ts';
import { isCancelled } from '../../core/errors.ts';
import type { Session } from '../session.ts';
import { nodeFiles, type ClusterChoice } from './connect.ts';

/** A checkpoint of which nobody knows what became. */
export interface Doubt {
  readonly subject: Subject;
  readonly node: NodeFacts;
  /** When it was asked for: milliseconds since 1970. */
  readonly since: number;
}

/** Seconds that an interrupted program goes on at most: it starts a helper pod, and the node may still be writing. */
const AFTER_INTERRUPT = 30;

/**
 * Looks on the node for an archive that may have been made all the same.
 * @param failure why it seems that there is none
 * @returns the archive's path; where there is none, or where nobody can tell, the failure as it is now
 */
export async function lookAfter(
  failure: CheckpointRefused,
  doubt: Doubt,
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
): Promise<string | CheckpointRefused> {
  const node = doubt.node.name;
  try {
    const { archive, isWhole } = await look(doubt, cluster, choice, session, session.signal);
    if (!archive) return withoutArchive(failure, node);
    if (isWhole) return archive.path;
    session.output.error(`${archive.path} on ${node} is not whole.`);
  } catch (error) {
    if (isCancelled(error)) throw error;
    session.output.error(`Whether there is an archive all the same is not known: ${messageOf(error)}`);
  }
  return failure;
}

/**
 * The same for a checkpoint that the person interrupted: within bounds, and it says that another interrupt ends the
 * program at once.
 * @returns the archive's path; undefined where there is none so far, or where nobody can tell
 */
export async function lookAfterInterrupt(
  doubt: Doubt,
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
): Promise<string | undefined> {
  const { output } = session;
  const { namespace, pod, container, node } = doubt.subject;
  output.error(
    `Cancelled. ${node} may finish the checkpoint of ${container} in ${namespace}/${pod} all the same: that is looked for there, for ${String(AFTER_INTERRUPT)} seconds at most. Ctrl+C again ends it at once.`,
  );
  const limit = AbortSignal.timeout(AFTER_INTERRUPT * 1000);
  const later = `To see later: checkpoint-explorer cluster archives ${node} --context ${cluster.name}`;
  try {
    const { archive, isWhole } = await look(doubt, cluster, choice, session, limit);
    if (archive && isWhole) {
      output.error(`${node} made the archive all the same.`);
      return archive.path;
    }
    output.error(
      archive
        ? `${archive.path} on ${node} is not whole: it is still being written, or was left so. ${later}`
        : `${node} has made no archive of it so far. ${later}`,
    );
  } catch (error) {
    const why = limit.aborted ? `${node} could not be looked at in that time.` : messageOf(error);
    output.error(`Whether there is an archive all the same is not known: ${why} ${later}`);
  }
  return undefined;
}

async function look(
  { subject, node, since }: Doubt,
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
  signal: AbortSignal,
): Promise<Look> {
  session.output.progress(`Looking for the archive on ${node.name}`);
  const files = await nodeFiles(cluster, choice, session);
  return lookForArchive(files, node, subject, { since, directory: CHECKPOINTS, signal });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
