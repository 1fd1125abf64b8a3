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
  const usage = join(bench.inputs.scratch, 'usage.json');
  const output = join(bench.inputs.scratch, 'inspect.json');
  const args = ['--require', preload, builtCli, 'inspect', '--ps-tree-cmd', '--format', 'json', input.path];
  timeCommand(process.execPath, args, {
    output,
    env: { ...environment(bench), CHECKPOINT_EXPLORER_BENCH_USAGE: usage },
  });
  if (!readFileSync(output, 'utf8').includes(JSON.stringify(input.lastArgument).slice(1, -1))) {
    throw new Error(`inspect does not say "${input.lastArgument}", which is an argument in ${input.path}.`);
  }
  return JSON.parse(readFileSync(usage, 'utf8')) as { memory: number; read?: number };
}

function environment({ inputs }: Bench): Record<string, string> {
  const spill = join(inputs.scratch, 'cli-spill');
  mkdirSync(spill, { recursive: true });
  return { CHECKPOINT_EXPLORER_SPILL: spill, XDG_CACHE_HOME: join(inputs.scratch, 'cache') };
}
