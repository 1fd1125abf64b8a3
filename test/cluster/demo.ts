/**
 * A cluster to try things out with: `node test/cluster/demo.ts` prints where its kubeconfig is and runs until Ctrl+C.
 * `npm start` has it as the context "demo".
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { RuntimeName } from './node.ts';
import { NETWORK_POLICIES, TestCluster } from './test-cluster.ts';
import { addPod } from './workloads.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** Which real archive a checkpoint of a container gives: what the node's runtime made. `*`: of any other. */
const ARCHIVES: Readonly<Record<RuntimeName, Readonly<Record<string, string>>>> = {
  'cri-o': { app: 'crio-rich', '*': 'crio-tty' },
  containerd: { web: 'containerd-webapp', redis: 'containerd-redis', '*': 'containerd-counter' },
};

/** Archives that are on a node from the beginning. */
const AT_HAND: readonly (readonly [node: string, fixture: string])[] = [
  ['node-a', 'crio-rich'],
  ['node-a', 'crio-tty'],
  ['node-b', 'containerd-redis'],
];

/** Two nodes, a few workloads, archives from before, and one of everything that can be in the way. */
export async function startDemo(): Promise<TestCluster> {
  const cluster = await TestCluster.start({
    nodes: [
      { name: 'node-a' },
      { name: 'node-b', runtime: 'containerd' },
      { name: 'node-old', runtime: 'containerd', runtimeVersion: '1.7.27', kubeletVersion: 'v1.29.4' },
    ],
    namespaces: ['default', 'lab', 'shop', 'many'],
    kinds: [NETWORK_POLICIES],
  });
  for (const node of cluster.nodes.values()) {
    node.checkpointTime = 1500;
    for (const [container, fixture] of Object.entries(ARCHIVES[node.runtime])) {
      node.archives.set(container, archiveOf(cluster, fixture));
    }
  }
  cluster.node('node-old').failure = 'unimplemented';
  for (const [node, fixture] of AT_HAND) {
    const path = archiveOf(cluster, fixture);
    // Kubelets name archives with colons, which file names in a repository must not have.
    const name = basename(path).replace(/T(\d\d)-(\d\d)-(\d\d)Z/, 'T$1:$2:$3Z');
    copyFileSync(path, join(cluster.node(node).checkpoints, name));
  }
  addWorkloads(cluster);
  cluster.life.pace.start = 400;
  return cluster;
}

function addWorkloads(cluster: TestCluster): void {
  const replicas = { kind: 'ReplicaSet', name: 'webapp-7d4b9c6f5' };
  for (const suffix of ['x2x7q', 'k9w4d']) {
    addPod(cluster, {
      name: `webapp-7d4b9c6f5-${suffix}`,
      namespace: 'shop',
      node: 'node-b',
      containers: ['web', 'log'],
      init: ['migrate'],
      sidecars: ['mesh'],
      owner: replicas,
      labels: { app: 'webapp', 'pod-template-hash': '7d4b9c6f5' },
    });
  }
  addPod(cluster, {
    name: 'cache-0',
    namespace: 'shop',
    node: 'node-b',
    containers: ['redis'],
    owner: { kind: 'StatefulSet', name: 'cache' },
  });
  addPod(cluster, { name: 'rich', node: 'node-a', containers: ['app'], ephemeral: ['debugger'] });
  addPod(cluster, { name: 'tty', node: 'node-a' });
  addPod(cluster, { name: 'counters', namespace: 'default', node: 'node-b', containers: ['counter'] });
  addPod(cluster, {
    name: 'report-28912345-abcde',
    namespace: 'shop',
    node: 'node-b',
    phase: 'Succeeded',
    state: { terminated: { exitCode: 0, reason: 'Completed', finishedAt: new Date().toISOString() } },
    owner: { kind: 'Job', name: 'report-28912345' },
  });
  addPod(cluster, {
    name: 'broken',
    namespace: 'default',
    node: 'node-a',
    phase: 'Pending',
    state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "localhost/counter:lab"' } },
  });
  addPod(cluster, { name: 'legacy', namespace: 'default', node: 'node-old' });
  for (let index = 0; index < 1200; index++) {
    const name = `worker-${String(index).padStart(4, '0')}`;
    addPod(cluster, { name, namespace: 'many', node: index % 2 === 0 ? 'node-a' : 'node-b', containers: ['worker'] });
  }
}

/** A fixture as a kubelet leaves it: not compressed. */
function archiveOf(cluster: TestCluster, fixture: string): string {
  const found = readdirSync(join(FIXTURES, fixture)).find((entry) => /\.tar(\.gz|\.zst)?$/.test(entry)) ?? '';
  const path = join(FIXTURES, fixture, found);
  if (found.endsWith('.tar')) return path;
  const plain = join(cluster.root, found.replace(/\.(gz|zst)$/, ''));
  if (existsSync(plain)) return plain;
  const packed = readFileSync(path);
  writeFileSync(plain, found.endsWith('.gz') ? gunzipSync(packed) : zstdDecompressSync(packed));
  return plain;
}

if (import.meta.main) {
  const cluster = await startDemo();
  console.log(`KUBECONFIG=${cluster.kubeconfig('admin', { context: 'demo', namespace: 'shop' })}`);
  const end = (): void => void cluster.close().then(() => process.exit(0));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}
