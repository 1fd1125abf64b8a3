// Downloads an archive from a node, and beside that has a bare WebSocket client throw the same bytes away.
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { WebSocket } from 'ws';
import { download } from '../../../src/core/cluster/download/download.ts';
import { relative } from '../../../src/core/cluster/node-files/node-files.ts';
import { ARCHIVE, connect } from './cluster-client.ts';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';

const { kubeconfig, target } = question('cluster-download');
const client = await connect(kubeconfig);
const { cluster, files, node } = client;

/** As `kubectl exec -- cat`, without anything that is done with the bytes. */
async function bare(): Promise<number> {
  return files.run(node, ARCHIVE, { command: ['true'] }, async (_session, { namespace, pod, container }) => {
    const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: Record<string, string> }[];
    };
    const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
    const [server, user] = [config.clusters[0]?.cluster ?? {}, config.users[0]?.user ?? {}];
    const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
    for (const word of ['cat', relative(ARCHIVE)]) query.append('command', word);
    const address = `${(server['server'] ?? '').replace('https:', 'wss:')}/api/v1/namespaces/${namespace}/pods/${pod}/exec`;
    const started = performance.now();
    const socket = new WebSocket(`${address}?${query.toString()}`, 'v5.channel.k8s.io', {
      ca: decode(server['certificate-authority-data']),
      cert: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
      perMessageDeflate: false,
    });
    let bytes = 0;
    await new Promise<void>((resolve, reject) => {
      socket.on('message', (data: Buffer) => {
        if (data[0] === 1) bytes += data.length - 1;
      });
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
    if (bytes === 0) throw new Error('The bare client got nothing.');
    return performance.now() - started;
  });
}

/** Milliseconds of processor time that this process took so far: it is fair also on a machine that is busy. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// The helper pod is there before anything is timed.
await files.stat(node, ARCHIVE);
const first = processorTime();
const beside = await bare();
const bareProcessor = processorTime() - first;
const usage = watchUsage();
const started = performance.now();
const request = { node, path: ARCHIVE, target, tool: { name: 'bench', version: '0' } };
const { record, recordPath } = await download(cluster, files, request);
const milliseconds = performance.now() - started;
const processor = processorTime() - first - bareProcessor;
const used = usage();
for (const path of [target, recordPath]) rmSync(path, { force: true });
await client.close();
answer('cluster-download', {
  milliseconds,
  bare: beside,
  processor,
  bareProcessor,
  bytes: record.archive.size,
  ...used,
});
