import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
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
    const isMissing = CheckpointError.is(error, 'not-found') && error.where === path;
    return isMissing ? withoutLog(failure, subject, path) : failure;
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

/** A node's configuration of CRIU may send its log elsewhere: the runtime names a file that it could not make. */
function withoutLog(failure: CheckpointRefused, subject: Subject, path: string): CheckpointRefused {
  const { namespace, pod, container, node } = subject;
  const text = sentence(
    'CRIU could not dump {0} of {1}, and {2} does not say why: its log is not where the runtime says, at {3}.',
    container,
    `${namespace}/${pod}`,
    node,
    path,
  );
  return new CheckpointRefused(failure.reason, text, {
    remedy: {
      text: sentence(
        'The most frequent reason is an established TCP connection. A line “log-file” in /etc/criu/runc.conf on the node (crun.conf where crun is the runtime) sends the log elsewhere.',
      ),
    },
    where: node,
    ...(failure.said !== undefined && { said: failure.said }),
    ...(failure.status !== undefined && { status: failure.status }),
  });
}
