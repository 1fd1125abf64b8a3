// The first page of a long list of pods, as the view shows it; and what many lists leave behind.
import { readdirSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { performance } from 'node:perf_hooks';
import { listPods } from '../../../src/core/cluster/inventory/pods.ts';
import { PodFilter } from '../../../src/vscode/cluster/tree/pod-filter.ts';
import { PodList } from '../../../src/vscode/cluster/tree/pod-list.ts';
import { connect } from './cluster-client.ts';
import { answer, question } from './probes.ts';

const { kubeconfig } = question('cluster-lists');
const client = await connect(kubeconfig);
const { api } = client.cluster;

/** The same page without anything that is done with it. */
async function bare(agent: Agent): Promise<number> {
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const url = `https://${client.cluster.server}/api/v1/namespaces/lab/pods?limit=500`;
    const asked = request(url, { agent, headers: { accept: 'application/json' } }, (response) => {
      response.resume();
      response.once('end', () => resolve());
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
  return performance.now() - started;
}

const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
};
const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
const [server, user] = [config.clusters[0]?.cluster ?? {}, config.users[0]?.user ?? {}];
const agent = new Agent({
  keepAlive: true,
  ca: decode(server['certificate-authority-data']),
  cert: decode(user['client-certificate-data']),
  key: decode(user['client-key-data']),
});

await bare(agent);
const answered = await bare(agent);
const started = performance.now();
const list = new PodList(api, { namespace: 'lab', pageSize: 500, filter: new PodFilter() }, () => undefined);
await list.load();
const { length } = list.pods;
const page = performance.now() - started;
agent.destroy();
if (length !== 500) throw new Error(`The first page has ${String(length)} pods.`);

const lists = async (count: number): Promise<void> => {
  for (let index = 0; index < count; index++) await listPods(api, { namespace: 'lab', limit: 500 });
};
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path, 'utf8');
  } catch {
    // It was the one by which the folder was read.
    return '';
  }
}

/** Where the system tells. */
function openSockets(): number {
  return namesIn('/proc/self/fd').filter((name) => linkOf(`/proc/self/fd/${name}`).startsWith('socket:')).length;
}

await lists(20);
globalThis.gc?.();
const before = process.memoryUsage.rss();
await lists(200);
globalThis.gc?.();
const memory = Math.max(0, process.memoryUsage.rss() - before);
const connections = openSockets();
await client.close();
answer('cluster-lists', { page, answered, memory, connections });
