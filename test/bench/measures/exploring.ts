import { join } from 'node:path';
import { median, runProbe } from '../children.ts';
import { formatBytes, formatTime, type Row } from '../report.ts';
import { type Measurement, WORKER_MEMORY } from './measurement.ts';

/** Milliseconds. */
const WINDOW_LIMIT = 10;
const FILES_LIMIT = 200;

/** Open files, and memory at random addresses, of an archive that is mostly memory. */
export const exploring: Measurement = {
  name: 'open files and memory',
  async measure(bench) {
    const input = await bench.inputs.manyProcesses();
    const question = { input, spill: join(bench.inputs.scratch, 'spill') };
    const runs = Array.from({ length: bench.runs.short }, (_, seed) => runProbe('exploring', { ...question, seed }));
    const windows = runs.flatMap((run) => run.windows);
    const outlines = runs.flatMap((run) => run.outlines);
    const rows: readonly Row[] = [
      {
        name: `list the open files of ${String(input.processes)} processes`,
        time: { value: median(runs.map(({ files }) => files)) ?? NaN, unit: 'milliseconds', limit: FILES_LIMIT },
        memory: { value: Math.max(...runs.map(({ memory }) => memory)), unit: 'megabytes', limit: WORKER_MEMORY },
      },
      { name: '  address space of a process', time: { value: median(outlines) ?? NaN, unit: 'milliseconds' } },
      {
        name: `  hex window at a random address of ${formatBytes(input.size)}`,
        time: { value: median(windows) ?? NaN, unit: 'milliseconds', limit: WINDOW_LIMIT },
        remark: `${String(windows.length)} windows of 16 KiB, each of a random process; 19 of 20 within ${formatTime(percentile(windows, 0.95))}`,
      },
    ];
    return rows;
  },
};

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
