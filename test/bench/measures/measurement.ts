import { join } from 'node:path';
import { runProbe } from '../children.ts';
import type { Inputs } from '../inputs.ts';
import type { Row } from '../report.ts';

export const MB = 1_000_000;
export const MIB = 1024 * 1024;

/** The contract's budgets for memory: growth of the worker's process, and the command line as a whole. */
export const WORKER_MEMORY = 300 * MB;
export const CLI_MEMORY = 250 * MB;

export interface Bench {
  readonly inputs: Inputs;
  /** How often to run what takes milliseconds, a second or two, and many seconds. */
  readonly runs: { readonly short: number; readonly middle: number; readonly long: number };
  /** Ratios to a peer mean something only where the work is long against the start of a process. */
  readonly judgeRatios: boolean;
}

export interface Measurement {
  /** What `--only` looks in. */
  readonly name: string;
  measure(bench: Bench): Promise<readonly Row[]>;
}

/**
 * Bytes that the worker reads without any archive, its own bundle and what was compiled of it above all; absent where the
 * system does not count.
 */
export function bytesOfStart({ inputs }: Bench): number | undefined {
  return runProbe('nothing', {
    path: join(inputs.scratch, 'empty.tar'),
    spill: join(inputs.scratch, 'spill'),
  }).read;
}
