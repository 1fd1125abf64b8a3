import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as Esbuild from 'esbuild';
import type { ProbeName, Probes } from './probes/probes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export const builtCli = `${root}dist/cli.js`;
export const builtWorker = `${root}dist/worker.js`;
export const builtExtension = `${root}dist/extension.js`;

export interface CommandOptions {
  /** A file for the standard output, which is otherwise thrown away. */
  readonly output?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * How long a command takes from start to end, milliseconds; undefined where the machine does not have it.
 * @throws Error where it fails
 */
export function timeCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): number | undefined {
  const output = options.output === undefined ? 'ignore' : openSync(options.output, 'w', 0o600);
  try {
    const started = performance.now();
    const result = spawnSync(command, args, {
      stdio: ['ignore', output, 'pipe'],
      env: { ...process.env, ...options.env },
      encoding: 'utf8',
    });
    const taken = performance.now() - started;
    if (isMissing(result)) return undefined;
    requireSuccess(result, `${command} ${args.join(' ')}`);
    return taken;
  } finally {
    if (output !== 'ignore') closeSync(output);
  }
}

/** What a command prints, or undefined where the machine does not have it or it fails. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return result.status === 0 ? result.stdout : undefined;
}

/**
 * Runs one of the probes in a process of its own and returns what it found out.
 * @param isBuilt bundles it first, as the product is: for what starts threads, each of which would have to learn TypeScript
 */
export function runProbe<Name extends ProbeName>(
  name: Name,
  question: Probes[Name]['question'],
  isBuilt = false,
): Probes[Name]['answer'] {
  const source = fileURLToPath(new URL(`probes/${name}.ts`, import.meta.url));
  const probe = isBuilt ? bundle(name, source) : source;
  const result = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--expose-gc', probe, JSON.stringify(question)],
    { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  requireSuccess(result, `the probe ${name}`);
  return JSON.parse(result.stdout) as Probes[Name]['answer'];
}

/** Beside the built threads, where the product's own bundles find them. */
function bundle(name: string, source: string): string {
  const outfile = `${root}dist/bench-${name}.mjs`;
  // Not for probes, which look at what is loaded and use other things of this file.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  buildSync({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return outfile;
}

/** Takes turns between several measurements, so that what else the machine does falls on all of them alike. */
export function takeTurns<Results extends readonly unknown[]>(
  runs: number,
  ...measurements: { [Index in keyof Results]: () => Results[Index] }
): { [Index in keyof Results]: Results[Index][] } {
  const results = measurements.map((): unknown[] => []);
  for (let run = 0; run < runs; run++) {
    measurements.forEach((measure, index) => results[index]?.push(measure()));
  }
  return results as { [Index in keyof Results]: Results[Index][] };
}

export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  if (high === undefined || sorted.length % 2 === 1) return high;
  return ((sorted[middle - 1] ?? high) + high) / 2;
}

function isMissing({ error }: SpawnSyncReturns<string>): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

function requireSuccess(result: SpawnSyncReturns<string>, what: string): void {
  // A terminal sends it to the whole group.
  if (result.signal === 'SIGINT') process.exit(130);
  if (result.error) throw result.error;
  if (result.status === 0) return;
  const lines = result.stderr.split('\n').filter((line) => line.trim() !== '');
  // Of an uncaught error the line that names it, of a program that explains itself the last one.
  const words = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  throw new Error(`${what} ended with ${result.signal ?? `status ${result.status ?? '?'}`}: ${words}`);
}
