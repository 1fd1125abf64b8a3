import { dirname } from 'node:path/posix';
import { CheckpointRefused } from '../../../core/cluster/checkpoint/kubelet-answer.ts';
import { logToLookInto, lookIntoLog } from '../../../core/cluster/checkpoint/look-into-log.ts';
import { throughApiServer } from '../../../core/cluster/checkpoint/node-endpoint.ts';
import type { Subject } from '../../../core/cluster/checkpoint/runtime-failure.ts';
import { takeCheckpoint } from '../../../core/cluster/checkpoint/take-checkpoint.ts';
import type { Cluster } from '../../../core/cluster/cluster.ts';
import type { NodeFacts } from '../../../core/cluster/inventory/nodes.ts';
import { formatNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { CheckpointError, isCancelled } from '../../../core/errors.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { formatDuration } from '../../../protocol/format.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { choiceOf, connect, nodeFiles, timeoutOf, type ClusterChoice } from '../../cluster/connect.ts';
import { lookAfter, lookAfterInterrupt } from '../../cluster/look-after.ts';
import { isOfOne, nodeNamed, podNamed } from '../../cluster/look-up.ts';
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
  const wishes = args.operands.map((operand) => parseWish(operand, choice.namespace ?? cluster.namespace));
  const made: Made[] = [];
  let code: ExitCode = 0;
  const told = new Set<string>();
  try {
    for (const wish of wishes) {
      const found = await toldIf(isOfOne, () => subjectsOf(wish, cluster, session));
      for (const subject of found?.subjects ?? []) {
        const one = found && (await toldIf(isNotCancelled, () => take(subject, found.node)));
        if (one) made.push(one);
      }
    }
  } catch (error) {
    // What was made is there, whatever came after it.
    if (made.length > 0) await print(made, cluster, args, session);
    throw error;
  }
  await print(made, cluster, args, session);
  return code;

  /** Tells what does not keep the others from being checkpointed; once where it is the same for several. */
  async function toldIf<T>(isOne: (error: unknown) => boolean, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isOne(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      if (!told.has(message)) session.output.failure(error);
      told.add(message);
      code = 1;
      return undefined;
    }
  }

  async function take(subject: Subject, node: NodeFacts): Promise<Made> {
    const since = Date.now();
    const endpoint = throughApiServer(cluster.api.transport, node.name);
    session.output.progress(`Checkpointing ${subject.container} of ${subject.namespace}/${subject.pod}`);
    try {
      return await takeCheckpoint(endpoint, subject, { timeout, facts: node, signal: session.signal });
    } catch (error) {
      const doubt = { subject, node, since };
      if (isCancelled(error)) {
        const path = await lookAfterInterrupt(doubt, cluster, choice, session);
        if (path !== undefined) made.push({ subject, path });
        throw error;
      }
      if (!(error instanceof CheckpointRefused)) throw error;
      if (!error.mayExist) throw await explained(error, subject, node, cluster, choice, session);
      const found = await lookAfter(error, doubt, cluster, choice, session);
      if (typeof found !== 'string') throw found;
      session.output.error(`${error.message} The archive was made all the same.`);
      return { subject, path: found };
    }
  }
}

function isNotCancelled(error: unknown): boolean {
  return !isCancelled(error);
}

/** What is to be checkpointed; without a container all that run. */
interface Wish {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string | undefined;
}

/** `POD`, `NAMESPACE/POD` or `NAMESPACE/POD/CONTAINER`. @throws CheckpointError `usage` */
function parseWish(operand: string, home: string): Wish {
  const parts = operand.split('/');
  const [namespace = '', pod = '', container] = parts.length === 1 ? [home, operand] : parts;
  if (parts.length > 3 || [namespace, pod, container].includes('')) {
    throw usage('{0} does not name a pod or a container: give NAMESPACE/POD or NAMESPACE/POD/CONTAINER.', operand);
  }
  return { namespace, pod, container };
}

/** @throws ClusterError; CheckpointError `not-found` where there is nothing that could be checkpointed */
async function subjectsOf(
  { namespace, pod, container }: Wish,
  cluster: Cluster,
  session: Session,
): Promise<{ subjects: readonly Subject[]; node: NodeFacts }> {
  const { signal } = session;
  const { node: name, uid, containers } = await podNamed(cluster, { namespace, name: pod }, signal);
  const who = `${namespace}/${pod}`;
  if (name === undefined) throw new CheckpointError('not-found', sentence('The pod {0} is on no node yet.', who));
  if (container !== undefined && !containers.some((one) => one.name === container)) {
    const all = containers.map((one) => one.name).join(', ');
    throw new CheckpointError('not-found', sentence('{0} has no container {1}. It has: {2}.', who, container, all));
  }
  const running = containers.filter(({ state }) => state === 'running').map((one) => one.name);
  const names = container === undefined ? running : [container];
  if (names.length === 0) throw new CheckpointError('not-found', sentence('No container of {0} is running.', who));
  const node = await nodeNamed(cluster, name, signal);
  return { subjects: names.map((one) => ({ namespace, pod, container: one, node: node.name, uid })), node };
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
