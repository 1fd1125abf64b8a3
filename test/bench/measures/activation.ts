import { statSync } from 'node:fs';
import { join } from 'node:path';
import { builtExtension, median, runProbe } from '../children.ts';
import type { Activation } from '../probes/probes.ts';
import { formatBytes, formatTime, type Row } from '../report.ts';
import type { Measurement } from './measurement.ts';

const ACTIVATION = 50;

/** Loading and activating the extension. What its bundle may hold is asserted where it is built. */
export const activation: Measurement = {
  name: 'activation',
  measure(bench) {
    const question = { storage: join(bench.inputs.scratch, 'storage') };
    const runs = Array.from({ length: bench.runs.short * 2 }, () => runProbe('activation', question));
    const time = (of: (run: Activation) => number) => median(runs.map(of)) ?? NaN;
    const files = new Set(runs.flatMap((run) => run.files));
    const builtins = runs[0]?.builtins ?? [];
    const row: Row = {
      name: `activate the extension, ${formatBytes(statSync(builtExtension).size)}`,
      time: { value: time(({ load, activate }) => load + activate), unit: 'milliseconds', limit: ACTIVATION },
      ...(files.size > 0 && { fault: `more than its bundle is loaded: ${[...files].join(', ')}` }),
      remark: `load ${formatTime(time(({ load }) => load))}, activate ${formatTime(time(({ activate }) => activate))}, of Node: ${builtins.join(' ')}`,
    };
    return Promise.resolve([row]);
  },
};
