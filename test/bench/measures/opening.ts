import { join } from 'node:path';
import { median, runProbe } from '../children.ts';
import type { Input } from '../inputs.ts';
import type { Opening, Probes } from '../probes/probes.ts';
import { formatBytes, formatTime, type Row } from '../report.ts';
import { type Bench, bytesOfStart, type Measurement, MIB, WORKER_MEMORY } from './measurement.ts';

/** After the worker has the locator, the archive in the page cache. */
const FIRST_PAINT = 100;

/** Overview and process tree with arguments of a plain archive, in the worker. */
export const opening: Measurement = {
  name: 'opening a plain archive',
  async measure(bench) {
    const [many, few] = [await bench.inputs.manyProcesses(), await bench.inputs.fewProcesses()];
    // The first ones bring the archives' headers into the page cache, and leave what was compiled of the worker, which
    // later ones read: also the one that opens nothing.
    for (const input of [many, few]) runProbe('opening', questionOf(bench, input));
    const start = bytesOfStart(bench);
    return [openRow(bench, many, 8 * MIB, start), openRow(bench, few, 2 * MIB, start)];
  },
};

function openRow(bench: Bench, input: Input, readLimit: number, bytesOfStart: number | undefined): Row {
  const runs = Array.from({ length: bench.runs.short }, () => runProbe('opening', questionOf(bench, input)));
  const read = median(runs.map((run) => run.read));
  return {
    name: `open ${formatBytes(input.size)} tar, ${input.processes} processes`,
    time: {
      value: median(runs.map(slower)) ?? NaN,
      unit: 'milliseconds',
      limit: FIRST_PAINT,
    },
    ...(read !== undefined &&
      bytesOfStart !== undefined && { read: { value: read - bytesOfStart, unit: 'bytes', limit: readLimit } }),
    memory: { value: Math.max(...runs.map(({ memory }) => memory)), unit: 'megabytes', limit: WORKER_MEMORY },
    remark:
      `from the locator in the worker until overview and process tree with arguments are answered; overview alone ` +
      `${formatTime(median(runs.map(({ overview }) => overview)) ?? NaN)}, the thread's start before it ${formatTime(median(runs.map(({ start }) => start)) ?? NaN)}, ` +
      `processor time of all that ${formatTime(median(runs.map(({ cpu }) => cpu)) ?? NaN)}; ` +
      `the fastest run ${formatTime(Math.min(...runs.map(slower)))}`,
  };
}

function questionOf({ inputs }: Bench, input: Input): Probes['opening']['question'] {
  return { input, spill: join(inputs.scratch, 'spill') };
}

/** Both are on the first page. */
function slower({ overview, processes }: Opening): number {
  return Math.max(overview, processes);
}
