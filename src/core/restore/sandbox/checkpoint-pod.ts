import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import { throughApiServer } from '../../cluster/checkpoint/node-endpoint.ts';
import { takeCheckpoint } from '../../cluster/checkpoint/take-checkpoint.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import {
  download,
  type Downloaded,
  type DownloadOptions,
  type DownloadRequest,
} from '../../cluster/download/download.ts';
import { nodeCalled } from '../../cluster/inventory/nodes.ts';
import { readPod } from '../../cluster/inventory/pods.ts';
import type { NodeFiles } from '../../cluster/node-files/node-files.ts';
import { requireSameCluster } from './pod-sandbox.ts';
import type { SandboxRecord } from './sandbox.ts';

export interface ClusterAccess {
  readonly cluster: Cluster;
  readonly files: NodeFiles;
  readonly tool: DownloadRequest['tool'];
}

/**
 * Makes a checkpoint of a sandbox in a cluster, which goes on running, and brings the archive to this machine. It stays on
 * the node as well, as every checkpoint that a node makes.
 * @param target a file that is not there yet
 * @throws CheckpointError `not-found` where it does not run any more, `changed` for another cluster; and as
 * `takeCheckpoint` and `download`
 */
export async function checkpointPod(
  record: SandboxRecord,
  { cluster, files, tool }: ClusterAccess,
  target: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  requireSameCluster(record, cluster);
  const { name, namespace = cluster.namespace } = record;
  const { signal } = options;
  const pod = await readPod(cluster.api, { namespace, name, signal });
  const container = pod.containers.find(({ state }) => state === 'running');
  if (pod.node === undefined || !container) {
    throw new CheckpointError('not-found', sentence('No container of {0} is running.', `${namespace}/${name}`));
  }
  const node = await nodeCalled(cluster.api, pod.node, signal);
  const subject = { namespace, pod: name, container: container.name, node: node.name, uid: pod.uid };
  const endpoint = throughApiServer(cluster.api.transport, node.name);
  const { path } = await takeCheckpoint(endpoint, subject, { facts: node, signal });
  return download(cluster, files, { node, path, target, tool }, options);
}
