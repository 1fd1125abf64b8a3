import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtCli, median, takeTurns, timeCommand } from '../children.ts';
import type { Input } from '../inputs.ts';
import { formatBytes, formatTime, type Row } from '../report.ts';
import { type Bench, CLI_MEMORY, type Measurement } from './measurement.ts';

/** Beyond what Node itself needs to start. */
const BEYOND_NODE = 150;

const preload = join(import.meta.dirname, '..', 'probes', 'usage-at-exit.cjs');

/** `inspect --ps-tree-cmd` as a whole process, beside a Node that does nothing. */
export const commandLine: readonly Measurement[] = [
  { name: 'command line on a plain archive', measure: async (bench) => [await plainRow(bench)] },
  { name: 'command line on a zstd archive', measure: async (bench) => [await compressedRow(bench)] },
  { name: 'command line on filesystem changes', measure: changesRows },
];

async function plainRow(bench: Bench): Promise<Row> {
  const input = await bench.inputs.manyProcesses();
  inspect(bench, input);
  const [own, bare, peer] = takeTurns<[number | undefined, number | undefined, number | undefined]>(
    bench.runs.short * 2,
    () => inspect(bench, input),
    () => timeCommand(process.execPath, ['-e', '0']),
    () => checkpointctl(bench, input),
  );
  const beyond = (median(own) ?? NaN) - (median(bare) ?? NaN);
  const usage = takeUsage(bench, input);
  const checkpointctlTime = median(peer);
  return {
    name: `inspect --ps-tree-cmd, ${formatBytes(input.size)} tar, beyond Node's start`,
    time: { value: beyond, unit: 'milliseconds', limit: BEYOND_NODE },
    ...(usage.read !== undefined && { read: { value: usage.read, unit: 'bytes' } }),
    memory: { value: usage.memory, unit: 'megabytes', limit: CLI_MEMORY },
    peer: { name: 'node -e 0', milliseconds: median(bare) ?? NaN },
    ...(checkpointctlTime !== undefined && { checkpointctl: checkpointctlTime }),
    remark: `the whole command takes ${formatTime(median(own) ?? NaN)}; memory is that of the whole process`,
  };
}

async function compressedRow(bench: Bench): Promise<Row> {
  const input = await bench.inputs.zstd();
  const [own, peer] = takeTurns<[number | undefined, number | undefined]>(
    bench.runs.long,
    () => inspect(bench, input),
    () => checkpointctl(bench, input),
  );
  const checkpointctlTime = median(peer);
  const usage = takeUsage(bench, input);
  return {
    name: `inspect --ps-tree-cmd, ${formatBytes(input.size)} tar.zst`,
    time: { value: median(own) ?? NaN, unit: 'milliseconds' },
    memory: { value: usage.memory, unit: 'megabytes', limit: CLI_MEMORY },
    ...(checkpointctlTime !== undefined && { checkpointctl: checkpointctlTime }),
  };
}

/** Every form in which they are listed. */
async function changesRows(bench: Bench): Promise<readonly Row[]> {
  const input = await bench.inputs.manyChanges();
  return ['json', 'table', 'tree'].map((format) => {
    const output = join(bench.inputs.scratch, 'changes.txt');
    const { milliseconds, memory } = measureOnce(bench, output, ['changes', '--format', format, input.path]);
    const lines = readFileSync(output, 'utf8').split('\n').length;
    if (lines < input.diffEntries)
      throw new Error(`changes lists ${lines} lines, ${input.diffEntries} or more are there.`);
    return {
      name: `changes --format ${format}, ${input.diffEntries.toLocaleString('en')} of them`,
      time: { value: milliseconds, unit: 'milliseconds' },
      memory: { value: memory, unit: 'megabytes', limit: CLI_MEMORY },
    };
  });
}

function inspect(bench: Bench, input: Input): number | undefined {
  return timeCommand(process.execPath, [builtCli, 'inspect', '--ps-tree-cmd', input.path], { env: environment(bench) });
}

function checkpointctl({ inputs }: Bench, input: Input): number | undefined {
  // It unpacks into the folder for temporary files.
  return timeCommand('checkpointctl', ['inspect', '--ps-tree-cmd', '--format', 'json', input.path], {
    env: { TMPDIR: inputs.scratch },
  });
}

/** One more run, which also shows that the answer is right. */
function takeUsage(bench: Bench, input: Input): { readonly memory: number; readonly read?: number } {
  const output = join(bench.inputs.scratch, 'inspect.json');
  const usage = measureOnce(bench, output, ['inspect', '--ps-tree-cmd', '--format', 'json', input.path]);
  if (!readFileSync(output, 'utf8').includes(JSON.stringify(input.lastArgument).slice(1, -1))) {
    throw new Error(`inspect does not say "${input.lastArgument}", which is an argument in ${input.path}.`);
  }
  return usage;
}

interface Usage {
  readonly milliseconds: number;
  readonly memory: number;
  readonly read?: number;
}

/** @param output where the standard output goes */
function measureOnce(bench: Bench, output: string, args: readonly string[]): Usage {
  const usage = join(bench.inputs.scratch, 'usage.json');
  const env = { ...environment(bench), CHECKPOINT_EXPLORER_BENCH_USAGE: usage };
  const milliseconds = timeCommand(process.execPath, ['--require', preload, builtCli, ...args], { output, env }) ?? NaN;
  return { milliseconds, ...(JSON.parse(readFileSync(usage, 'utf8')) as Omit<Usage, 'milliseconds'>) };
}

function environment({ inputs }: Bench): Record<string, string> {
  const spill = join(inputs.scratch, 'cli-spill');
  mkdirSync(spill, { recursive: true });
  return { CHECKPOINT_EXPLORER_SPILL: spill, XDG_CACHE_HOME: join(inputs.scratch, 'cache') };
}
