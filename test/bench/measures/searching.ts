import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { TypedPattern } from '../../../src/protocol/search.ts';
import { builtCli, median, runProbe, takeTurns, timeCommand } from '../children.ts';
import type { Input } from '../inputs.ts';
import type { Searched, Searching } from '../probes/probes.ts';
import { formatBytes, type Row } from '../report.ts';
import { type Bench, CLI_MEMORY, type Measurement, WORKER_MEMORY } from './measurement.ts';

/** The longest that one waits until something is shown, milliseconds. */
const FIRST_RESULT = 200;

interface Case {
  readonly name: string;
  readonly pattern: TypedPattern;
  /** What grep is given for the same, and how long we may take of its time. */
  readonly grep: readonly string[];
  readonly limit: number;
}

/** Searching all memory that was dumped, beside grep on the same file. */
export const searching: Measurement = {
  name: 'search',
  async measure(bench) {
    const input = await bench.inputs.mixed();
    return [...searchRows(bench, input), commandRow(bench, input)];
  },
};

function searchRows(bench: Bench, input: Input): Row[] {
  const text = input.lastArgument;
  const cases: readonly Case[] = [
    { name: 'search a literal', pattern: { kind: 'text', text }, grep: ['-F', text], limit: 1 },
    ...['[A-Z]{3}[0-9]{8}[a-z]{5}', 'token=[a-f0-9]{32}', '"(?:order|status)":"shipped [0-9a-f]{8}"'].map(
      (expression): Case => ({
        name: `search ${expression}`,
        pattern: { kind: 'regex', text: expression },
        grep: ['-P', expression],
        limit: 1.5,
      }),
    ),
  ];
  // The text of the first one is everywhere.
  const patterns = [{ kind: 'text' as const, text: '":"shipped ' }, ...cases.map(({ pattern }) => pattern)];
  const question = { input, spill: join(bench.inputs.scratch, 'spill'), patterns };
  const [own, beside] = takeTurns<[Searching, readonly (number | undefined)[]]>(
    bench.runs.middle,
    () => runProbe('searching', question),
    () => cases.map(({ grep }) => timeGrep(grep, input.path)),
  );
  const memory = Math.max(...own.map((run) => run.memory));
  const first = median(own.map(({ searched }) => searched[0]?.first)) ?? NaN;
  return [
    {
      name: `first results of a search in ${formatBytes(input.size)}`,
      time: { value: first, unit: 'milliseconds', limit: FIRST_RESULT },
      remark: 'since it was asked for, threads starting included',
    },
    ...cases.map((one, index): Row => {
      const taken = own.map(({ searched }) => searched[index + 1] as Searched);
      const peers = beside.map((times) => times[index]);
      const peer = median(peers);
      const ratios = taken.map(({ milliseconds }, run) => milliseconds / (peers[run] ?? NaN));
      const isFault = index === 0 && taken.some(({ found }) => found === 0);
      return {
        name: `  ${one.name}`,
        time: { value: median(taken.map(({ milliseconds }) => milliseconds)) ?? NaN, unit: 'milliseconds' },
        ...(index === 0 && { memory: { value: memory, unit: 'megabytes' as const, limit: WORKER_MEMORY } }),
        ...(peer !== undefined && {
          peer: { name: `grep -c -a ${one.grep[0] ?? ''}`, milliseconds: peer },
          // Of each pair, which ran one after the other: the machine may have become slower between the pairs.
          ratio: {
            value: median(ratios) ?? NaN,
            unit: 'ratio' as const,
            ...(bench.judgeRatios && { limit: one.limit }),
          },
        }),
        ...(isFault && { fault: 'it did not find what is there' }),
      };
    }),
  ];
}

const preload = join(import.meta.dirname, '..', 'probes', 'usage-at-exit.cjs');

/** The whole command, from node's start to its end. */
function commandRow(bench: Bench, input: Input): Row {
  const { lastArgument, lastPid, path } = input;
  const output = join(bench.inputs.scratch, 'search.json');
  const usage = join(bench.inputs.scratch, 'usage.json');
  const args = ['--require', preload, builtCli, 'memory', 'search', path, lastArgument, '--format', 'json'];
  const env = { CHECKPOINT_EXPLORER_BENCH_USAGE: usage };
  const [own, peers] = takeTurns<[number | undefined, number | undefined]>(
    bench.runs.middle,
    () => timeCommand(process.execPath, args, { output, env }),
    // It searches one process, and unpacks its pages for that.
    () => timeCommand('checkpointctl', ['memparse', path, '-p', String(lastPid), '-s', lastArgument]),
  );
  const found = JSON.parse(readFileSync(output, 'utf8')) as readonly { readonly pid: number }[];
  const { memory } = JSON.parse(readFileSync(usage, 'utf8')) as { readonly memory: number };
  const peer = median(peers);
  return {
    name: '  memory search on the command line',
    time: { value: median(own) ?? NaN, unit: 'milliseconds' },
    memory: { value: memory, unit: 'megabytes', limit: CLI_MEMORY },
    ...(peer !== undefined && { checkpointctl: peer }),
    ...(!found.some(({ pid }) => pid === lastPid) && { fault: 'it did not find what is there' }),
    remark: 'the whole command; memory is that of the whole process',
  };
}

/** Milliseconds; undefined where the machine has no grep. That nothing is found is no failure. */
function timeGrep(args: readonly string[], path: string): number | undefined {
  const started = performance.now();
  // What it prints must go somewhere: into /dev/null, it would end at the first line that matches.
  const { error, status } = spawnSync('grep', ['-c', '-a', ...args, path], { stdio: ['ignore', 'pipe', 'ignore'] });
  return error || (status ?? 2) > 1 ? undefined : performance.now() - started;
}
