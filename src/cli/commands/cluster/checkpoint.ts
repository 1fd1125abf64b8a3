import { dirname } from 'node:path/posix';
import { CheckpointRefused } from '../../../core/cluster/checkpoint/kubelet-answer.ts';
import { lookForArchive } from '../../../core/cluster/checkpoint/look-for-archive.ts';
import { logToLookInto, lookIntoLog } from '../../../core/cluster/checkpoint/look-into-log.ts';
import { throughApiServer } from '../../../core/cluster/checkpoint/node-endpoint.ts';
import type { Subject } from '../../../core/cluster/checkpoint/runtime-failure.ts';
import { takeCheckpoint } from '../../../core/cluster/checkpoint/take-checkpoint.ts';
import type { Cluster } from '../../../core/cluster/cluster.ts';
import { nodeCalled, type NodeFacts } from '../../../core/cluster/inventory/nodes.ts';
import { readPod } from '../../../core/cluster/inventory/pods.ts';
import { CHECKPOINTS } from '../../../core/cluster/node-files/node-files.ts';
import { formatNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { CheckpointError, isCancelled } from '../../../core/errors.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { formatDuration } from '../../../protocol/format.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { choiceOf, connect, nodeFiles, timeoutOf, type ClusterChoice } from '../../cluster/connect.ts';
import { formatJson } from '../../json.ts';
import type { ExitCode, Session } from '../../session.ts';

interface Made {
  readonly subject: Subject;
  readonly path: string;
  /** Milliseconds; undefined for what was found in the folder after it had seemed to fail. */
  readonly elapsed?: number;
}

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const choice = choiceOf(args);
  const timeout = timeoutOf(args);
  const cluster = await connect(choice, session);
  const made: Made[] = [];
  let code: ExitCode = 0;
  for (const operand of args.operands) {
    const { subjects, node } = await subjectsOf(operand, cluster, choice, session);
    for (const subject of subjects) {
      try {
        made.push(await take(subject));
      } catch (error) {
        if (isCancelled(error)) throw error;
        session.output.failure(error);
        code = 1;
      }
    }

    async function take(subject: Subject): Promise<Made> {
      const since = Date.now();
      const endpoint = throughApiServer(cluster.api.transport, node.name);
      session.output.progress(`Checkpointing ${subject.container} of ${subject.namespace}/${subject.pod}`);
      try {
        return await takeCheckpoint(endpoint, subject, { timeout, facts: node, signal: session.signal });
      } catch (error) {
        if (!(error instanceof CheckpointRefused)) throw error;
        if (!error.mayExist) throw await explained(error, subject, node, cluster, choice, session);
        const found = await lookAfter(subject, node, since, cluster, choice, session);
        if (found === undefined) throw error;
        session.output.error(`${error.message} It is: the archive was made all the same.`);
        return { subject, path: found };
      }
    }
  }
  await print(made, cluster, args, session);
  return code;
}

/** `POD`, `NAMESPACE/POD` or `NAMESPACE/POD/CONTAINER`; without a container all that run. */
async function subjectsOf(
  operand: string,
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
): Promise<{ subjects: readonly Subject[]; node: NodeFacts }> {
  const parts = operand.split('/');
  const isAlone = parts.length === 1;
  const [namespace = '', pod = '', container] = isAlone ? [choice.namespace ?? cluster.namespace, operand] : parts;
  if (parts.length > 3 || [namespace, pod, container].includes('')) {
    throw usage('{0} does not name a pod or a container: give NAMESPACE/POD or NAMESPACE/POD/CONTAINER.', operand);
  }
  const { signal } = session;
  const facts = await readPod(cluster.api, { namespace, name: pod, signal });
  if (facts.node === undefined) {
    throw new CheckpointError('not-found', sentence('The pod {0} is on no node yet.', `${namespace}/${pod}`));
  }
  const running = facts.containers.filter(({ state }) => state === 'running').map(({ name }) => name);
  const names = container === undefined ? running : [container];
  if (names.length === 0) {
    throw new CheckpointError('not-found', sentence('No container of {0} is running.', `${namespace}/${pod}`));
  }
  const node = await nodeCalled(cluster.api, facts.node, signal);
  return { subjects: names.map((name) => ({ namespace, pod, container: name, node: node.name })), node };
}

/** Where the reason lies in a log on the node, it is looked up there. */
async function explained(
  failure: CheckpointRefused,
  subject: Subject,
  node: NodeFacts,
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
): Promise<CheckpointRefused> {
  if (logToLookInto(failure) === undefined) return failure;
  session.output.progress(`Looking into CRIU’s log on ${node.name}`);
  const files = await nodeFiles(cluster, choice, session);
  return lookIntoLog(failure, subject, { files, node }, session.signal);
}

/** @returns the archive's path; undefined where there is none, or where nobody can tell */
async function lookAfter(
  subject: Subject,
  node: NodeFacts,
  since: number,
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
): Promise<string | undefined> {
  session.output.progress(`Looking for the archive on ${node.name}`);
  try {
    const files = await nodeFiles(cluster, choice, session);
    const { archive, isWhole } = await lookForArchive(files, node, subject, {
      since,
      directory: CHECKPOINTS,
      signal: session.signal,
    });
    if (archive && !isWhole) session.output.error(`${archive.path} on ${node.name} is not whole.`);
    return isWhole ? archive?.path : undefined;
  } catch (error) {
    if (isCancelled(error)) throw error;
    session.output.error(
      `Whether there is an archive all the same is not known: ${error instanceof Error ? error.message : ''}`,
    );
    return undefined;
  }
}

async function print(made: readonly Made[], cluster: Cluster, args: Arguments, session: Session): Promise<void> {
  const facts = made.map(({ subject, path, elapsed }) => ({
    locator: formatNodeLocator({ context: cluster.name, node: subject.node, path }),
    node: subject.node,
    path,
    directory: dirname(path),
    namespace: subject.namespace,
    pod: subject.pod,
    container: subject.container,
    microseconds: elapsed === undefined ? undefined : Math.round(elapsed * 1000),
  }));
  if (args.text('format') === 'json') {
    await session.output.write(`${formatJson(facts)}\n`);
    return;
  }
  for (const { locator, container, microseconds } of facts) {
    await session.output.write(`${locator}\n`);
    if (microseconds !== undefined)
      session.output.error(`${container} was checkpointed in ${formatDuration(microseconds)}.`);
  }
}
