import { throwIfCancelled } from '../../bytes/cancel.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError } from '../cluster-error.ts';
import { listNodes, nodeCalled, type NodeFacts } from './nodes.ts';
import { listPods } from './pods.ts';

/** Pods that are looked at: whoever may see no nodes has few of them. */
const PODS_LOOKED_AT = 500;

/**
 * The nodes to choose from. One who may not list them has pods on some, and a name is all that is needed.
 * @throws ClusterError; `forbidden`, why nodes may not be listed, where there are no such pods either
 */
export async function knownNodes({ api, namespace }: Cluster, signal?: AbortSignal): Promise<readonly NodeFacts[]> {
  try {
    return await listNodes(api, signal);
  } catch (error) {
    if (!ClusterError.is(error, 'forbidden')) throw error;
    const pods = await listPods(api, { namespace, limit: PODS_LOOKED_AT, signal }).then(
      (page) => page.pods,
      () => [],
    );
    // Who gave up was not told that there are none.
    throwIfCancelled(signal);
    const names = new Set(pods.flatMap(({ node }) => (node === undefined ? [] : [node])));
    if (names.size === 0) throw error;
    return Promise.all([...names].sort().map((name) => nodeCalled(api, name, signal)));
  }
}
