/**
 * A cluster to try things out with: `node test/cluster/demo.ts` prints where its kubeconfig is and runs until Ctrl+C.
 * `npm start` has it as the context "demo".
 */
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TestCluster } from './test-cluster.ts';
import { addPod } from './workloads.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** Which real archive a checkpoint of a container gives. */
const ARCHIVES: Readonly<Record<string, string>> = {
  web: 'containerd-webapp',
  redis: 'containerd-redis',
  app: 'crio-rich',
  tty: 'crio-tty',
  '*': 'containerd-counter',
};

/** Kubelets name archives with colons, which file names in a repository must not have. */
const AT_HAND = ['crio-rich', 'crio-tty'] as const;

/** Two nodes, a few workloads, archives from before, and one of everything that can be in the way. */
export async function startDemo(): Promise<TestCluster> {
  const cluster = await TestCluster.start({
    nodes: [
      { name: 'node-a' },
      { name: 'node-b', runtime: 'containerd' },
      { name: 'node-old', runtime: 'containerd', runtimeVersion: '1.7.27', kubeletVersion: 'v1.29.4' },
    ],
    namespaces: ['default', 'shop', 'many'],
  });
  for (const node of cluster.nodes.values()) {
    node.checkpointTime = 1500;
    for (const [container, fixture] of Object.entries(ARCHIVES)) node.archives.set(container, archiveIn(fixture));
  }
  cluster.node('node-old').failure = 'unimplemented';
  for (const fixture of AT_HAND) {
    const path = archiveIn(fixture);
    const name = (path.split(/[\\/]/).at(-1) ?? '').replace(/T(\d\d)-(\d\d)-(\d\d)Z/, 'T$1:$2:$3Z');
    copyFileSync(path, join(cluster.node('node-a').checkpoints, name));
  }
  addWorkloads(cluster);
  cluster.life.pace.start = 400;
  return cluster;
}

function addWorkloads(cluster: TestCluster): void {
  const replicas = { kind: 'ReplicaSet', name: 'webapp-7d4b9c6f5' };
  for (const [suffix, node] of [
    ['x2x7q', 'node-a'],
    ['k9w4d', 'node-b'],
  ] as const) {
    addPod(cluster, {
      name: `webapp-7d4b9c6f5-${suffix}`,
      namespace: 'shop',
      node,
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
  addPod(cluster, {
    name: 'terminal',
    namespace: 'shop',
    node: 'node-a',
    containers: ['tty', 'app'],
    ephemeral: ['debugger'],
  });
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

function archiveIn(fixture: string): string {
  const name = readdirSync(join(FIXTURES, fixture)).find((entry) => /\.tar(\.gz|\.zst)?$/.test(entry)) ?? '';
  return join(FIXTURES, fixture, name);
}

if (import.meta.main) {
  const cluster = await startDemo();
  console.log(`KUBECONFIG=${cluster.kubeconfig('admin', { context: 'demo', namespace: 'shop' })}`);
  const end = (): void => void cluster.close().then(() => process.exit(0));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}
