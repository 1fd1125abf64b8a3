import { nodeCalled, type NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { readPod, type PodFacts } from '../../core/cluster/inventory/pods.ts';
import { parseNodeLocator } from '../../core/cluster/node-files/node-locator.ts';
import type { Wanted } from './checkpointing.ts';
import type { Connection, Connections } from './connections.ts';
import { CustomArchiveNode } from './tree/custom-nodes.ts';
import { ArchiveNode } from './tree/node-nodes.ts';
import { ContainerNode, podId, PodNode, WorkloadNode } from './tree/pod-nodes.ts';

/** A pod and, where only some are meant, its containers. */
export interface PodTarget {
  readonly context: string | undefined;
  readonly namespace: string;
  readonly pod: string;
  /** Undefined: all that run. */
  readonly containers?: readonly string[];
}

/** The pods that rows of the view stand for; each pod once. */
export function podTargets(nodes: readonly unknown[]): readonly PodTarget[] {
  const found = new Map<string, PodTarget>();
  const add = (pod: PodNode, container?: string): void => {
    const { context, namespace } = pod.place;
    const known = found.get(pod.id);
    const whole = container === undefined || (known !== undefined && known.containers === undefined);
    found.set(pod.id, {
      context,
      namespace,
      pod: pod.facts.name,
      ...(!whole && { containers: [...(known?.containers ?? []), container] }),
    });
  };
  for (const node of nodes) {
    if (node instanceof PodNode) add(node);
    else if (node instanceof ContainerNode) add(node.parent, node.name);
    else if (node instanceof WorkloadNode) for (const pod of node.pods) if (pod.isRunning) add(pod);
  }
  return [...found.values()];
}

/** Reads pods and their nodes as they are now. Containers that do not run are left out. */
export async function wantedOf(
  connections: Connections,
  targets: readonly PodTarget[],
  signal?: AbortSignal,
): Promise<readonly Wanted[]> {
  const nodes = new Map<string, Promise<NodeFacts>>();
  const all = await Promise.all(
    targets.map(async ({ context, namespace, pod, containers }) => {
      const connection = await connections.connect(context);
      const { cluster } = connection;
      const home = namespace === '' ? cluster.namespace : namespace;
      const facts = await readPod(cluster.api, { namespace: home, name: pod, signal });
      if (facts.node === undefined) return [];
      const key = `${cluster.name}\0${facts.node}`;
      const node = nodes.get(key) ?? nodeCalled(cluster.api, facts.node, signal);
      nodes.set(key, node);
      return wantedIn(connection, facts, withAddress(await node, facts), containers);
    }),
  );
  return all.flat();
}

/** Who may not read nodes knows their addresses from the pods that are there. */
function withAddress(node: NodeFacts, { nodeAddress }: PodFacts): NodeFacts {
  return node.address === undefined ? { ...node, address: nodeAddress } : node;
}

function wantedIn(
  connection: Connection,
  pod: PodFacts,
  node: NodeFacts,
  names: readonly string[] | undefined,
): readonly Wanted[] {
  return pod.containers
    .filter(({ name, state }) => state === 'running' && (names === undefined || names.includes(name)))
    .map((container) => ({
      connection,
      node,
      pod,
      container,
      id: `${podId(connection.cluster.name, pod.namespace, pod.name)}/${container.name}`,
    }));
}

/** An archive on a node that a command works on. */
export interface ArchiveTarget {
  readonly context: string;
  readonly node: string;
  readonly path: string;
  readonly locator: string;
}

/** What a row stands for, or the locator of an open document. A row of an object that names no node is asked by its pod. */
export async function archiveTarget(connections: Connections, argument: unknown): Promise<ArchiveTarget | undefined> {
  const locator = typeof argument === 'string' ? argument : await locatorOf(connections, argument);
  return locator === undefined ? undefined : { ...parseNodeLocator(locator), locator };
}

async function locatorOf(connections: Connections, argument: unknown): Promise<string | undefined> {
  if (argument instanceof ArchiveNode) return argument.locator;
  if (!(argument instanceof CustomArchiveNode)) return undefined;
  const { facts, parent } = argument;
  if (argument.locator !== undefined || facts.pod === undefined) return argument.locator;
  const { api } = (await connections.connect(parent.context)).cluster;
  const { node } = await readPod(api, { namespace: facts.namespace, name: facts.pod });
  return node === undefined ? undefined : argument.locatorOn(node);
}
