import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median, runProbe, takeTurns, timeCommand } from '../children.ts';
import type { Input } from '../inputs.ts';
import type { Decompression, Probes } from '../probes/probes.ts';
import { formatBytes, type Row } from '../report.ts';
import { type Bench, bytesOfStart, type Measurement, MIB, WORKER_MEMORY } from './measurement.ts';

/** What an archive may take beyond its share of the stream, milliseconds: the budget of a plain one. */
const BEYOND_ITS_SHARE = 100;
/** A second opening decompresses nothing: it may read what a plain archive of this many processes may. */
const SECOND_READ = 2 * MIB;

interface Peer {
  readonly name: string;
  /** How long it may take of the peer's time. */
  readonly limit: number;
  readonly runs: keyof Bench['runs'];
  run(from: string, to: string): number | undefined;
}

const zstd: Peer = {
  name: 'zstd -d',
  limit: 1.5,
  runs: 'middle',
  run: (from, to) => timeCommand('zstd', ['-d', '-q', '-f', '-o', to, from]),
};

const gzip: Peer = {
  name: 'gzip -d',
  limit: 0.5,
  runs: 'long',
  run: (from, to) => timeCommand('gzip', ['-dc', from], { output: to }),
};

/** Archives that must be decompressed once, and what can be seen meanwhile. */
export const decompression: readonly Measurement[] = [
  { name: 'opening a zstd archive', measure: async (bench) => rowsOf(bench, await bench.inputs.zstd(), zstd) },
  { name: 'opening a gzip archive', measure: async (bench) => rowsOf(bench, await bench.inputs.gzip(), gzip) },
];

function rowsOf(bench: Bench, input: Input, peer: Peer): Row[] {
  const spill = join(bench.inputs.scratch, 'spill');
  const target = join(bench.inputs.scratch, 'peer.tar');
  const question = { input, spill };
  const [answers, beside] = takeTurns<[Probes['decompression']['answer'], number | undefined]>(
    bench.runs[peer.runs],
    () => {
      settleDisk(spill);
      return runProbe('decompression', question);
    },
    () => {
      settleDisk(target);
      const taken = peer.run(input.path, target);
      if (taken !== undefined && statSync(target).size !== input.plainSize)
        throw new Error(`${peer.name} did not write it all.`);
      return taken;
    },
  );
  settleDisk(spill, target);

  const own = answers.map(({ first }) => first);
  const complete = median(own.map((run) => run.complete)) ?? NaN;
  const peerTime = median(beside);
  const kind = peer.name.split(' ')[0] ?? '';
  const name = `open ${formatBytes(input.size)} ${kind} of ${formatBytes(input.plainSize)}`;
  return [
    {
      name,
      time: { value: complete, unit: 'milliseconds' },
      memory: { value: Math.max(...own.map(({ memory }) => memory)), unit: 'megabytes', limit: WORKER_MEMORY },
      ...(peerTime !== undefined && {
        peer: { name: peer.name, milliseconds: peerTime },
        ratio: {
          // Of each pair, which ran one after the other: the machine may have become slower between the pairs.
          value: median(own.map((run, index) => run.complete / (beside[index] ?? NaN))) ?? NaN,
          unit: 'ratio',
          ...(bench.judgeRatios && { limit: peer.limit }),
        },
      }),
      remark: 'until all of it is decompressed and indexed; the peer decompresses it to a file',
    },
    early(`  overview of the ${kind}`, input.overviewEnd, ({ overview }) => overview),
    early(`  process tree of the ${kind}`, input.processesEnd, ({ processes }) => processes),
    secondRow(
      `  the ${kind} a second time`,
      answers.map(({ second }) => second),
      bytesOfStart(bench),
    ),
  ];

  /** When something is shown, against when the stream has passed the last entry that it needs. */
  function early(what: string, end: number, shown: (run: Decompression) => number): Row {
    const share = end / input.plainSize;
    return {
      name: what,
      time: { value: median(own.map(shown)) ?? NaN, unit: 'milliseconds', limit: share * complete + BEYOND_ITS_SHARE },
      remark: `what it needs ends after ${(share * 100).toFixed(1)} % of the stream`,
    };
  }
}

function secondRow(name: string, seconds: readonly Decompression[], bytesOfStart: number | undefined): Row {
  const read = median(seconds.map((second) => second.read));
  const written = median(seconds.map((second) => second.written));
  const decompressed = written !== undefined && written > MIB;
  return {
    name,
    time: {
      value: median(seconds.map((second) => second.complete)) ?? NaN,
      unit: 'milliseconds',
      limit: 2 * BEYOND_ITS_SHARE,
    },
    ...(read !== undefined &&
      bytesOfStart !== undefined && { read: { value: read - bytesOfStart, unit: 'bytes', limit: SECOND_READ } }),
    memory: { value: Math.max(...seconds.map(({ memory }) => memory)), unit: 'megabytes', limit: WORKER_MEMORY },
    ...(decompressed && { fault: `it wrote ${formatBytes(written)}: the spill of the first time was not used` }),
  };
}

/** Removes what earlier runs wrote and waits for the disk, so that nobody writes back for somebody else. */
function settleDisk(...paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  spawnSync('sync');
}
