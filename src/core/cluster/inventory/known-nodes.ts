import { throwIfCancelled } from '../../bytes/cancel.ts';
import type { Api } from '../api/api.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError } from '../cluster-error.ts';
import { listNodes, nodeCalled, type NodeFacts } from './nodes.ts';
import { listPods } from './pods.ts';

/** Pods that are looked at: whoever may see no nodes has few of them. */
const PODS_LOOKED_AT = 500;

/** Nodes that are asked for at once. */
const AT_ONCE = 8;

/**
 * The nodes to choose from. One who may not list them has pods on some, and a name is all that is needed.
 * @throws ClusterError; `forbidden`, why nodes may not be listed, where there are no such pods either
 */
export async function knownNodes({ api, namespace }: Cluster, signal?: AbortSignal): Promise<readonly NodeFacts[]> {
  try {
    return await listNodes(api, signal);
  } catch (error) {
    if (!ClusterError.is(error, 'forbidden')) throw error;
    const nodes = await nodesOfPods(api, [namespace], signal);
    if (nodes.length === 0) throw error;
    return nodes;
  }
}

/** The nodes on which pods of some namespaces are. Where pods may not be listed there are none. */
export async function nodesOfPods(
  api: Api,
  namespaces: readonly string[],
  signal?: AbortSignal,
): Promise<readonly NodeFacts[]> {
  const pods = await Promise.all(
    namespaces.map((namespace) =>
      listPods(api, { namespace, limit: PODS_LOOKED_AT, signal }).then(
        (page) => page.pods,
        () => [],
      ),
    ),
  );
  // Who gave up was not told that there are none.
  throwIfCancelled(signal);
  const names = [...new Set(pods.flat().flatMap(({ node }) => (node === undefined ? [] : [node])))].sort();
  const nodes: NodeFacts[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE).map((name) => nodeOrNone(api, name, signal));
    nodes.push(...(await Promise.all(some)).flat());
  }
  return nodes;
}

/** Nothing for a node that is gone: its pods are there for some minutes more. */
function nodeOrNone(api: Api, name: string, signal: AbortSignal | undefined): Promise<readonly NodeFacts[]> {
  return nodeCalled(api, name, signal).then(
    (facts) => [facts],
    (error: unknown) => {
      if (ClusterError.is(error, 'not-found')) return [];
      throw error;
    },
  );
}
