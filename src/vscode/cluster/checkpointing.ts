import { CheckpointRefused } from '../../core/cluster/checkpoint/kubelet-answer.ts';
import { lookForArchive, withoutArchive } from '../../core/cluster/checkpoint/look-for-archive.ts';
import { lookIntoLog } from '../../core/cluster/checkpoint/look-into-log.ts';
import type { NodeEndpoint } from '../../core/cluster/checkpoint/node-endpoint.ts';
import type { Subject } from '../../core/cluster/checkpoint/runtime-failure.ts';
import { takeCheckpoint, type Taken } from '../../core/cluster/checkpoint/take-checkpoint.ts';
import { takeMany } from '../../core/cluster/checkpoint/take-many.ts';
import type { ContainerFacts, PodFacts } from '../../core/cluster/inventory/pods.ts';
import type { NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { checkSetup } from '../../core/cluster/setup/check-setup.ts';
import type { SetupPoint } from '../../core/cluster/setup/setup-point.ts';
import { isCancelled } from '../failure.ts';
import type { Activities, Activity } from './activities.ts';
import type { Connection } from './connections.ts';

/** A container that is to be checkpointed. */
export interface Wanted {
  readonly connection: Connection;
  readonly node: NodeFacts;
  readonly pod: PodFacts;
  readonly container: ContainerFacts;
  /** The container's row. */
  readonly id: string;
}

/** What became of one. */
export type Result =
  | {
      readonly wanted: Wanted;
      /** On the node. */
      readonly path: string;
      /** Milliseconds; undefined for what was found in the folder after it had seemed to fail. */
      readonly elapsed?: number;
      /** Bytes, where the folder may be looked into. */
      readonly size?: number;
    }
  | { readonly wanted: Wanted; readonly failure: unknown };

export interface TakeSettings {
  /** Seconds; undefined: as the kubelet is configured. */
  readonly timeout: number | undefined;
  readonly perNode: number;
  readonly directory: string;
  /** Whether helper pods may be started, to look for what was made and how large it is. */
  readonly mayUseHelpers: (context: string) => boolean;
  /** The way to a node's kubelet. */
  readonly endpoint: (connection: Connection, node: NodeFacts) => Promise<NodeEndpoint>;
}

export function subjectOf({ pod, container, node }: Wanted): Subject {
  return { namespace: pod.namespace, pod: pod.name, container: container.name, node: node.name, uid: pod.uid };
}

/** Has containers checkpointed, each with its own activity. One that fails does not stop the others. */
export async function takeAll(
  wanted: readonly Wanted[],
  activities: Pick<Activities, 'start'>,
  titleOf: (wanted: Wanted) => { readonly title: string; readonly verb: string },
  settings: TakeSettings,
): Promise<readonly Result[]> {
  const bySubject = new Map(wanted.map((one) => [subjectOf(one), one] as const));
  const since = Date.now();
  const running = new Map<Subject, Activity>();
  // Before anything is frozen: a person may have to decide whether to trust a kubelet.
  const endpoints = new Map<Wanted, NodeEndpoint>();
  for (const one of wanted) endpoints.set(one, await settings.endpoint(one.connection, one.node));
  const take = (subject: Subject): Promise<Taken> => {
    const one = bySubject.get(subject) as Wanted;
    const { title, verb } = titleOf(one);
    const activity = activities.start(one.id, title, verb);
    running.set(subject, activity);
    return takeCheckpoint(endpoints.get(one) as NodeEndpoint, subject, {
      timeout: settings.timeout,
      facts: one.node,
      signal: activity.signal,
    });
  };
  const results: Result[] = [];
  try {
    for await (const outcome of takeMany([...bySubject.keys()], take, { perNode: settings.perNode })) {
      const one = bySubject.get(outcome.subject) as Wanted;
      const result =
        'taken' in outcome
          ? await made(one, outcome.taken, settings)
          : await foundLater(one, outcome.failure, since, settings);
      running.get(outcome.subject)?.end();
      results.push(result);
    }
  } finally {
    for (const activity of running.values()) activity.end();
  }
  return results;
}

async function made(wanted: Wanted, { path, elapsed }: Taken, settings: TakeSettings): Promise<Result> {
  const { connection, node } = wanted;
  if (!settings.mayUseHelpers(connection.cluster.name)) return { wanted, path, elapsed };
  try {
    const { state } = await connection.files.stat(node, path);
    return { wanted, path, elapsed, size: state.size };
  } catch {
    // It was made; how large it is shows in the list.
    return { wanted, path, elapsed };
  }
}

/**
 * Some runtimes go on when nobody waits any more: before anything is called failed, the folder is looked into. Why it
 * failed the node's log may tell better than its answer.
 */
async function foundLater(wanted: Wanted, failure: unknown, since: number, settings: TakeSettings): Promise<Result> {
  const { connection, node } = wanted;
  if (!settings.mayUseHelpers(connection.cluster.name)) return { wanted, failure };
  const mayExist = isCancelled(failure) || (failure instanceof CheckpointRefused && failure.mayExist);
  if (!mayExist) {
    if (!(failure instanceof CheckpointRefused)) return { wanted, failure };
    return { wanted, failure: await lookIntoLog(failure, subjectOf(wanted), { files: connection.files, node }) };
  }
  try {
    const { directory } = settings;
    const look = await lookForArchive(connection.files, node, subjectOf(wanted), { since, directory });
    if (look.archive && look.isWhole) return { wanted, path: look.archive.path, size: look.archive.size };
    const isNone = !look.archive && failure instanceof CheckpointRefused;
    return { wanted, failure: isNone ? withoutArchive(failure, node.name) : failure };
  } catch {
    return { wanted, failure };
  }
}

/** What of a node's setup lies between a person and a checkpoint, for before one is asked for. */
const BEFORE = new Set<SetupPoint['question']>(['rights', 'kubelet', 'gate', 'kubelet-rights', 'runtime']);

/**
 * What certainly keeps a node from making a checkpoint. Where nothing is known it is tried.
 * @throws ClusterError where the cluster cannot be asked
 */
export async function obstacle(
  { cluster }: Connection,
  node: NodeFacts,
  signal?: AbortSignal,
): Promise<SetupPoint | undefined> {
  for await (const point of checkSetup(cluster, node, { signal })) {
    if (!BEFORE.has(point.question)) return undefined;
    if (point.state === 'bad') return point;
  }
  return undefined;
}
