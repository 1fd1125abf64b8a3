import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median, runProbe } from '../children.ts';
import type { Input } from '../inputs.ts';
import type { ClusterDownload, OpenedInPlace } from '../probes/probes.ts';
import { formatBytes, type Row } from '../report.ts';
import { MB, type Bench, type Measurement } from './measurement.ts';

/** The contract's budget for streams of a cluster. */
const STREAM_MEMORY = 200 * MB;
/** Bytes that may be moved until an archive that is opened in place shows its processes. */
const IN_PLACE = 8 * MB;
/** Milliseconds by which answers are late, for a cluster that is some way off. */
const LATENCY = 20;
/** Milliseconds between the server's answer and the first page of pods. */
const FIRST_PAGE = 300;
const LIST_MEMORY = 100 * MB;
/** Connections of one context that may be open after many lists. */
const CONNECTIONS = 4;

/** Bytes in a second: what cables between people and clusters seldom carry more of. */
const GIGABIT = 1e9 / 8;

/** A download, against kubectl where it is new enough, else against a bare client that throws the bytes away. */
export const clusterDownload: Measurement = {
  name: 'cluster: download',
  async measure(bench) {
    const input = await bench.inputs.mixed();
    const name = `download ${formatBytes(input.size)} from a node`;
    const near = await downloads(bench, input, 0, bench.runs.short);
    const far = await downloads(bench, input, GIGABIT, 1);
    const [here, there] = [downloadRow(bench, name, near), downloadRow(bench, `${name}, over 1 Gbit/s`, far)];
    const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
    const rate = (milliseconds: number): string => `${formatBytes((input.size / milliseconds) * 1000)}/s`;
    const of = (one: (run: ClusterDownload) => number): number => median(near.map(one)) ?? NaN;
    return [
      {
        ...here,
        remark: `${rate(of((run) => run.milliseconds))} with SHA-256 on both sides and writing, ${rate(of((run) => run.bare))} for a bare client (ws) that throws the bytes away; loopback, TLS. Processor time of the client: ${seconds(of((run) => run.processor))}, of the bare one ${seconds(of((run) => run.bareProcessor))}; what the node takes for its SHA-256 is this machine's, too`,
      },
      ...checkedRows(bench, name, near),
      { ...there, remark: 'the same where a link is slower than what both sides compute' },
    ];
  },
};

function downloads(
  bench: Bench,
  input: Input,
  bytesPerSecond: number,
  runs: number,
): Promise<readonly ClusterDownload[]> {
  return withServer([input.path, 0, 0, bytesPerSecond], (kubeconfig) => {
    const question = { kubeconfig, target: join(bench.inputs.scratch, 'downloaded.tar') };
    return Array.from({ length: runs }, () => runProbe('cluster-download', question, true));
  });
}

function downloadRow(bench: Bench, name: string, runs: readonly ClusterDownload[]): Omit<Row, 'remark'> {
  const time = median(runs.map(({ milliseconds }) => milliseconds)) ?? NaN;
  const kubectl = median(runs.map((run) => run.kubectl));
  const peer = kubectl ?? median(runs.map((run) => run.bare)) ?? NaN;
  return {
    name,
    time: { value: time, unit: 'milliseconds' },
    memory: { value: Math.max(...runs.map(({ memory }) => memory)), unit: 'megabytes', limit: STREAM_MEMORY },
    peer: { name: kubectl === undefined ? 'bare WebSocket' : 'kubectl exec -- cat > file', milliseconds: peer },
    ratio: { value: time / peer, unit: 'ratio', ...(bench.judgeRatios && { limit: 1 / 0.9 }) },
  };
}

/** The same against all that it does. */
function checkedRows(bench: Bench, name: string, runs: readonly ClusterDownload[]): readonly Row[] {
  const time = median(runs.map(({ milliseconds }) => milliseconds)) ?? NaN;
  const peer = median(runs.map((run) => run.kubectlChecked));
  if (peer === undefined) return [];
  return [
    {
      name: `${name}, against all of it by hand`,
      time: { value: time, unit: 'milliseconds' },
      peer: { name: 'kubectl, both sums, sync', milliseconds: peer },
      ratio: { value: time / peer, unit: 'ratio', ...(bench.judgeRatios && { limit: 1 }) },
      remark: 'kubectl alone neither hashes nor waits for the disk',
    },
  ];
}

/** An archive that stays on its node. */
export const clusterOpen: Measurement = {
  name: 'cluster: open in place',
  async measure(bench) {
    const input = await bench.inputs.fewProcesses();
    const open = (latency: number, isSerial = false): Promise<readonly OpenedInPlace[]> =>
      withServer([input.path, 0, latency], (kubeconfig) => {
        const question = { kubeconfig, input, isSerial, spill: join(bench.inputs.scratch, 'spill') };
        return Array.from({ length: bench.runs.middle }, () => runProbe('cluster-open', question));
      });
    const [near, far, serial] = [await open(0), await open(LATENCY), await open(LATENCY, true)];
    const time = (runs: readonly OpenedInPlace[]): number =>
      median(runs.map(({ milliseconds }) => milliseconds)) ?? NaN;
    const name = `open ${formatBytes(input.size)} tar in place, ${String(input.processes)} processes`;
    const row = (runs: readonly OpenedInPlace[]): Omit<Row, 'name' | 'remark'> => ({
      time: { value: time(runs), unit: 'milliseconds' },
      read: { value: Math.max(...runs.map(({ bytes }) => bytes)), unit: 'megabytes', limit: IN_PLACE },
    });
    return [
      {
        name,
        ...row(near),
        remark: 'until overview and process tree with arguments are answered; the helper pod is there before',
      },
      {
        name: `${name}, ${String(LATENCY)} ms away`,
        ...row(far),
        peer: { name: 'one read at a time', milliseconds: time(serial) },
        ratio: { value: time(far) / time(serial), unit: 'ratio' },
        remark: `the same where each answer takes ${String(LATENCY)} ms longer, against the same bytes asked for one after the other`,
      },
    ];
  },
};

/** Long lists, and many of them. */
export const clusterLists: Measurement = {
  name: 'cluster: lists',
  measure(bench) {
    return withServer([null, 10_000, 0], (kubeconfig) => listRows(bench, kubeconfig));
  },
};

function listRows(bench: Bench, kubeconfig: string): readonly Row[] {
  const runs = Array.from({ length: bench.runs.middle }, () => runProbe('cluster-lists', { kubeconfig }));
  const after = median(runs.map(({ page, answered }) => Math.max(0, page - answered))) ?? NaN;
  const connections = Math.max(...runs.map((run) => run.connections));
  return [
    {
      name: 'first page of 10,000 pods',
      time: { value: after, unit: 'milliseconds', limit: FIRST_PAGE },
      peer: { name: 'the answer alone', milliseconds: median(runs.map(({ answered }) => answered)) ?? NaN },
      remark: 'beyond the time in which a bare client has the answer',
    },
    {
      name: '200 lists of 500 pods',
      memory: { value: Math.max(...runs.map(({ memory }) => memory)), unit: 'megabytes', limit: LIST_MEMORY },
      ...(connections > CONNECTIONS && { fault: `${String(connections)} connections are left open` }),
      remark: `growth after the first 20; ${String(connections)} connections open at the end`,
    },
  ];
}

/**
 * @param what the archive on its node, how many pods it has, milliseconds by which its answers are late, and bytes that
 * it sends in a second at most; 0: as fast as it can
 */
async function withServer<T>(
  what: readonly [archive: string | null, pods: number, latency: number, rate?: number],
  measure: (kubeconfig: string) => T,
): Promise<T> {
  const script = fileURLToPath(new URL('../probes/cluster-server.ts', import.meta.url));
  const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(what)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    return measure(await kubeconfigOf(server));
  } finally {
    const ended = once(server, 'exit');
    server.stdin.end();
    await ended;
  }
}

async function kubeconfigOf(server: ChildProcess): Promise<string> {
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  for await (const line of lines) return (JSON.parse(line) as { kubeconfig: string }).kubeconfig;
  throw new Error('The test cluster did not start.');
}
