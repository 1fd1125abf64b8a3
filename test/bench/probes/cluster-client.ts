import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCluster, type Cluster } from '../../../src/core/cluster/cluster.ts';
import { listNodes, type NodeFacts } from '../../../src/core/cluster/inventory/nodes.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { HelperJournal } from '../../../src/core/cluster/node-files/helper-journal.ts';
import { HELPER_DEFAULTS } from '../../../src/core/cluster/node-files/helper-manifest.ts';
import { HelperPods } from '../../../src/core/cluster/node-files/helper-pods.ts';
import { CHECKPOINTS, NodeFiles } from '../../../src/core/cluster/node-files/node-files.ts';

/** The archive that the server of the bench has. */
export const ARCHIVE = `${CHECKPOINTS}/checkpoint-bench.tar`;

/** The product's way to a cluster. */
export interface Client {
  readonly cluster: Cluster;
  readonly files: NodeFiles;
  readonly node: NodeFacts;
  close(): Promise<void>;
}

export async function connect(kubeconfig: string): Promise<Client> {
  const cluster = await openCluster(await loadKubeconfig({ path: kubeconfig }), undefined, { allowPlugins: false });
  const helpers = new HelperPods(cluster.api, {
    settings: { ...HELPER_DEFAULTS, namespace: 'lab' },
    journal: new HelperJournal(join(tmpdir(), `helpers-${randomBytes(4).toString('hex')}`)),
    context: cluster.name,
  });
  const [node] = await listNodes(cluster.api);
  if (!node) throw new Error('The cluster has no node.');
  return {
    cluster,
    files: new NodeFiles(cluster.api.transport, helpers),
    node,
    close: async () => {
      await helpers.close();
      cluster.close();
    },
  };
}
