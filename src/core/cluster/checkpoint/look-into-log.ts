import { isCancelled } from '../../errors.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import type { NodeFiles } from '../node-files/node-files.ts';
import { findCriuCause, findCriuLog } from './criu-cause.ts';
import { CheckpointRefused } from './kubelet-answer.ts';
import { explainRuntimeFailure, type Subject } from './runtime-failure.ts';

/** Bytes of a log that may be long: CRIU tells at its end why it gave up. */
const MOST = 1_000_000;

/** Where on the node the reason lies, for a failure that does not have it in it: containerd only names CRIU's log. */
export function logToLookInto(failure: unknown): string | undefined {
  if (!(failure instanceof CheckpointRefused) || failure.said === undefined) return undefined;
  return findCriuCause(failure.said) ? undefined : findCriuLog(failure.said);
}

/**
 * Why a checkpoint failed, by CRIU's log on the node: the runtime keeps it as long as the container runs.
 * @returns the failure as it was where there is no such log, where it may not be read, or where it tells nothing
 * @throws CheckpointError `cancelled`
 */
export async function lookIntoLog(
  failure: CheckpointRefused,
  subject: Subject,
  { files, node }: { readonly files: NodeFiles; readonly node: NodeFacts },
  signal?: AbortSignal,
): Promise<CheckpointRefused> {
  const path = logToLookInto(failure);
  if (path === undefined) return failure;
  let log: string;
  try {
    log = (await files.tail(node, path, MOST, signal)).toString('utf8');
  } catch (error) {
    if (isCancelled(error)) throw error;
    return failure;
  }
  const cause = findCriuCause(log);
  if (!cause) return failure;
  const line = `Error (${cause.place}): ${cause.message}`;
  const { reason, text, remedy } = explainRuntimeFailure(line, subject, node);
  return new CheckpointRefused(reason, text, {
    said: `${failure.said ?? ''}\n${line}`,
    where: subject.node,
    ...(failure.status !== undefined && { status: failure.status }),
    ...(remedy && { remedy }),
  });
}
