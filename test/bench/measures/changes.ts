import { join } from 'node:path';
import { median, runProbe } from '../children.ts';
import type { ListedChanges } from '../probes/probes.ts';
import type { Row } from '../report.ts';
import { type Measurement, WORKER_MEMORY } from './measurement.ts';

const FIRST_LISTING = 250;

/** The filesystem changes of a large rootfs diff: first window, sorted, filtered. */
export const changes: Measurement = {
  name: 'filesystem changes',
  async measure(bench) {
    const input = await bench.inputs.manyProcesses();
    const question = { input, spill: join(bench.inputs.scratch, 'spill') };
    const runs = Array.from({ length: bench.runs.short }, () => runProbe('changes', question));
    const time = (of: (run: ListedChanges) => number) => ({
      value: median(runs.map(of)) ?? NaN,
      unit: 'milliseconds' as const,
    });
    const read = median(runs.map((run) => run.read));
    const listed: Row = {
      name: `list ${input.diffEntries.toLocaleString('en')} filesystem changes`,
      time: { ...time(({ first }) => first), limit: FIRST_LISTING },
      ...(read !== undefined && { read: { value: read, unit: 'bytes' } }),
      memory: { value: Math.max(...runs.map(({ memory }) => memory)), unit: 'megabytes', limit: WORKER_MEMORY },
    };
    return [
      listed,
      { name: '  sort them by size', time: time(({ sorted }) => sorted) },
      { name: '  filter them by a word', time: time(({ filtered }) => filtered) },
    ];
  },
};
