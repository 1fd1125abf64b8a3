import { join } from 'node:path';
import { median, outputOf, runProbe, takeTurns, timeCommand } from '../children.ts';
import type { Hashing } from '../probes/probes.ts';
import { formatBytes, type Row } from '../report.ts';
import { type Measurement, WORKER_MEMORY } from './measurement.ts';

/** The archive's own SHA-256, in the background after first paint. */
export const hashing: Measurement = {
  name: 'hash',
  async measure(bench) {
    const input = await bench.inputs.mixed();
    const question = { input, spill: join(bench.inputs.scratch, 'spill') };
    const [own, beside] = takeTurns<[Hashing, number | undefined]>(
      bench.runs.middle,
      () => runProbe('hashing', question),
      () => timeCommand('sha256sum', [input.path]),
    );
    const taken = median(own.map(({ milliseconds }) => milliseconds)) ?? NaN;
    const peer = median(beside);
    const expected = outputOf('sha256sum', [input.path])?.split(' ')[0];
    const wrong = own.find(({ hex }) => expected !== undefined && hex !== expected);
    const row: Row = {
      name: `hash ${formatBytes(input.size)}, ${formatBytes((input.size / taken) * 1000)}/s`,
      time: { value: taken, unit: 'milliseconds' },
      memory: { value: Math.max(...own.map(({ memory }) => memory)), unit: 'megabytes', limit: WORKER_MEMORY },
      ...(peer !== undefined && {
        peer: { name: 'sha256sum', milliseconds: peer },
        ratio: { value: taken / peer, unit: 'ratio' },
      }),
      ...(wrong && { fault: `it says ${wrong.hex}, sha256sum says ${expected ?? ''}` }),
    };
    return [row];
  },
};
