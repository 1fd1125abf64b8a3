import type { Cluster } from '../../core/cluster/cluster.ts';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { listNodes, nodeCalled, type NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { readPod, type PodFacts } from '../../core/cluster/inventory/pods.ts';
import { CheckpointError } from '../../core/errors.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';

/** A pod that somebody named. @throws ClusterError `not-found` with how to find it, and what asking throws */
export async function podNamed(
  cluster: Cluster,
  where: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<PodFacts> {
  const { namespace, name } = where;
  try {
    return await readPod(cluster.api, { ...where, signal });
  } catch (error) {
    throw missing(
      error,
      sentence('There is no pod {0} in the namespace {1} of {2}.', name, namespace, cluster.name),
      sentence(
        'Name it as NAMESPACE/POD, a container of it as NAMESPACE/POD/CONTAINER, and another cluster with --context. To see what is there: checkpoint-explorer cluster pods --all-namespaces',
      ),
    );
  }
}

/** A node that somebody named. @throws ClusterError `not-found` with how to find it, and what asking throws */
export async function nodeNamed(cluster: Cluster, name: string, signal?: AbortSignal): Promise<NodeFacts> {
  try {
    return await nodeCalled(cluster.api, name, signal);
  } catch (error) {
    throw missing(
      error,
      sentence('There is no node {0} in {1}.', name, cluster.name),
      sentence('To see which there are: checkpoint-explorer cluster nodes'),
    );
  }
}

/** All nodes of a cluster. @throws ClusterError `forbidden` with what can be done without listing them */
export async function allNodes(cluster: Cluster, signal: AbortSignal): Promise<readonly NodeFacts[]> {
  try {
    return await listNodes(cluster.api, signal);
  } catch (error) {
    if (!ClusterError.is(error, 'forbidden')) throw error;
    const copy = error.remedy?.copy;
    const hint = sentence(
      'Nodes can be named instead: checkpoint-explorer cluster pods shows on which node each pod is. Or an administrator can allow the list with this ClusterRole.',
    );
    throw again(error, error.sentence, { text: hint, ...(copy && { copy }) });
  }
}

/** Whether a failure is of one pod or node, and not of the cluster: then there may be others. */
export function isOfOne(error: unknown): boolean {
  return CheckpointError.is(error, 'not-found') || CheckpointError.is(error, 'forbidden');
}

function missing(error: unknown, text: Sentence, hint: Sentence): unknown {
  // An address that is no API server's answers “not found”, too: then nothing is known of what is there.
  const isAnswer = ClusterError.is(error, 'not-found') && (error.said ?? '').includes('not found');
  return isAnswer ? again(error, text, { text: hint }) : error;
}

function again(error: ClusterError, text: Sentence, remedy: ClusterError['remedy']): ClusterError {
  const { reason, said, status, where } = error;
  return new ClusterError(reason, text, {
    ...(said !== undefined && { said }),
    ...(status !== undefined && { status }),
    ...(where !== undefined && { where }),
    ...(remedy && { remedy }),
    cause: error,
  });
}
