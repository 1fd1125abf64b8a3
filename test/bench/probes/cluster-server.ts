// A test cluster in a process of its own, so that what is measured is the client alone. Prints one line of JSON when it
// is there, and ends when its standard input does.
import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { TestCluster } from '../../cluster/test-cluster.ts';
import { addManyPods } from '../../cluster/workloads.ts';
import { slowLink } from './slow-link.ts';

const [archive, pods, latency, rate = 0] = JSON.parse(process.argv[2] ?? '[]') as [
  archive: string | null,
  pods: number,
  latency: number,
  rate?: number,
];

const cluster = await TestCluster.start();
// A node here answers at once, as a real one nearly does.
cluster.life.pace.start = 1;
if (archive !== null) {
  const target = join(cluster.node().checkpoints, 'checkpoint-bench.tar');
  try {
    linkSync(archive, target);
  } catch {
    // On another disk.
    symlinkSync(archive, target);
  }
}
if (pods > 0) addManyPods(cluster, pods);
if (latency > 0) cluster.server.faults.add({ match: ({ path }) => path.endsWith('/exec'), latency });
const link = rate > 0 ? await slowLink(cluster.address, rate) : undefined;
const kubeconfig = cluster.kubeconfig('admin', {
  change: ({ clusters: [first] }) => {
    if (first && link) first.cluster['server'] = link.address;
  },
});
console.log(JSON.stringify({ kubeconfig }));
process.stdin.resume();
process.stdin.once('end', () => {
  link?.close();
  void cluster.close().then(() => process.exit(0));
});
