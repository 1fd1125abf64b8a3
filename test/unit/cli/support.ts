import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { run } from '../../../src/cli/run.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// Decompressed copies of a test are no business of the cache of whoever runs it.
const spill = mkdtempSync(join(tmpdir(), 'cli-spill-'));
process.env['CHECKPOINT_EXPLORER_SPILL'] = spill;
process.once('exit', () => rmSync(spill, { recursive: true, force: true }));

/** Runs a command line in this process: what a fixture-by-fixture test can afford. */
export async function cli(...args: readonly string[]): Promise<Outcome> {
  const stdout = new Capture();
  const stderr = new Capture();
  const code = await run(args, { stdout: stdout.stream, stderr: stderr.stream });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A stream that remembers; it says of itself what a terminal would where asked to. */
export class Capture {
  readonly #chunks: Buffer[] = [];
  readonly stream: NodeJS.WriteStream;

  constructor(options: { readonly isTTY?: boolean } = {}) {
    const writable = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#chunks.push(Buffer.from(chunk));
        done();
      },
    });
    this.stream = Object.assign(writable, { isTTY: options.isTTY ?? false }) as unknown as NodeJS.WriteStream;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }
}

export const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');

/** Starts the program as a process of its own. */
export function start(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the program as a process of its own, to its end. */
export async function program(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const child = start(args, options);
  const read = (stream: NodeJS.ReadableStream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString('utf8');
  };
  const stdout = read(child.stdout);
  const stderr = read(child.stderr);
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
  return { code, stdout: stdout(), stderr: stderr() };
}

/** A folder that is gone when the test is over. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
