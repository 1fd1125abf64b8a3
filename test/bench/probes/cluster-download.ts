// Downloads an archive from a node, and beside that has kubectl write the same bytes to a file and
// a bare WebSocket client throw them away.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { WebSocket } from 'ws';
import { download } from '../../../src/core/cluster/download/download.ts';
import { relative } from '../../../src/core/cluster/node-files/node-files.ts';
import { ARCHIVE, connect } from './cluster-client.ts';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';

const { kubeconfig, target } = question('cluster-download');
/** What kubectl writes. */
const byHand = `${target}.kubectl`;
const client = await connect(kubeconfig);
const { cluster, files, node } = client;

/** The helper pod's container, as a person would name it to kubectl. */
interface Place {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** The first release that speaks WebSocket by default. */
const OLDEST_KUBECTL = 31;

/** Milliseconds of `kubectl exec -- cat > FILE`, and with what else a person does to be sure of the file. */
interface ByHand {
  readonly copied: number;
  readonly checked: number;
}

/** @returns undefined where there is no kubectl that is new enough */
async function kubectl({ namespace, pod, container }: Place): Promise<ByHand | undefined> {
  const command = process.env['KUBECTL'] ?? 'kubectl';
  const version = spawnSync(command, ['version', '--client', '--output=json'], { encoding: 'utf8' });
  const minor = /"minor": *"(\d+)/.exec(version.stdout)?.[1];
  if (version.error || Number(minor ?? 0) < OLDEST_KUBECTL) return undefined;
  const args = ['--kubeconfig', kubeconfig, '--namespace', namespace, 'exec', pod, '--container', container];
  const output = openSync(byHand, 'w', 0o600);
  const started = performance.now();
  const child = spawn(command, [...args, '--', 'cat', relative(ARCHIVE)], { stdio: ['ignore', output, 'inherit'] });
  const [code] = (await once(child, 'close')) as [number];
  const copied = performance.now() - started;
  if (code !== 0) throw new Error(`kubectl ended with ${String(code)}.`);
  await files.hash(node, ARCHIVE);
  const sum = spawnSync('openssl', ['dgst', '-sha256', byHand]);
  if (sum.status !== 0) spawnSync('sha256sum', [byHand]);
  fsyncSync(output);
  const checked = performance.now() - started;
  closeSync(output);
  return { copied, checked };
}

/** Milliseconds of as little as a client can do: nothing is done with the bytes. */
async function bare({ namespace, pod, container }: Place): Promise<number> {
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
}

function inPod<T>(use: (place: Place) => Promise<T>): Promise<T> {
  return files.run(node, ARCHIVE, { command: ['true'] }, (_session, place) => use(place));
}

/** Milliseconds of processor time that this process took so far: it is fair also on a machine that is busy. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// The helper pod is there before anything is timed.
await files.stat(node, ARCHIVE);
const first = processorTime();
const beside = await inPod(bare);
const bareProcessor = processorTime() - first;
const byKubectl = await inPod(kubectl);
const second = processorTime();
const usage = watchUsage();
const started = performance.now();
const request = { node, path: ARCHIVE, target, tool: { name: 'bench', version: '0' } };
const { record, recordPath } = await download(cluster, files, request);
const milliseconds = performance.now() - started;
const processor = processorTime() - second;
const used = usage();
// Not before: a disk that is told what it need not keep any more has work of it for a while.
for (const path of [target, recordPath, byHand]) rmSync(path, { force: true });
await client.close();
answer('cluster-download', {
  milliseconds,
  bare: beside,
  ...(byKubectl && { kubectl: byKubectl.copied, kubectlChecked: byKubectl.checked }),
  processor,
  bareProcessor,
  bytes: record.archive.size,
  ...used,
});
