import { spawn } from 'node:child_process';
import { sentence } from '../../../protocol/sentence.ts';
import { cancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { errorCode } from '../../bytes/file-source.ts';
import { CheckpointError } from '../../errors.ts';

/** How a command gets to the machine where it runs: empty for this one, else words before it, such as sudo or ssh. */
export type Prefix = readonly string[];

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  /** Written to its standard input. */
  readonly input?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Milliseconds; none if not given. */
  readonly timeout?: number;
  /**
   * It makes something. Where it is cancelled it is waited for before it is ended: it may go on where it runs, and make
   * what is taken away too early.
   */
  readonly isMaking?: boolean;
}

/** A command that makes something was ended before its end: whether it goes on where it runs is not known. */
export class EndedHalfWay extends CheckpointError {}

export interface CommandResult {
  readonly code: number;
  /** What it printed, of very much the first part. */
  readonly output: string;
  /** The end of what it complained. */
  readonly complaint: string;
}

const LONGEST_OUTPUT = 4 * 1024 * 1024;
const LONGEST_COMPLAINT = 64 * 1024;

/** Runs commands on one machine; arguments are never put through a shell of this one. */
export class Machine {
  readonly prefix: Prefix;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #patience: number;

  /** @param patience milliseconds that a cancelled command which makes something has to come to its end */
  constructor(prefix: Prefix = [], environment: NodeJS.ProcessEnv = process.env, patience = 30_000) {
    this.prefix = prefix;
    this.#environment = environment;
    this.#patience = patience;
  }

  /** Whether files of this machine are there by the same path. */
  get sharesFiles(): boolean {
    return this.prefix.length === 0 || ['sudo', 'doas', 'pkexec', 'env'].includes(baseName(this.prefix[0] ?? ''));
  }

  /** The words that are started here for a command there. */
  words(command: readonly string[]): readonly string[] {
    // ssh joins its words and gives them to a shell there, which must find them as they are.
    const inside = baseName(this.prefix[0] ?? '') === 'ssh' ? command.map(quoted) : command;
    return [...this.prefix, ...inside];
  }

  /**
   * @throws CheckpointError `not-found` where the program is not there, `cancelled`, `timeout`, `unavailable`; EndedHalfWay
   * with one of these reasons
   */
  async run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { signal, input, timeout, isMaking = false } = options;
    throwIfCancelled(signal);
    const [program = '', ...args] = this.words(command);
    const result = await new Promise<CommandResult & { readonly killed: boolean }>((resolve, reject) => {
      let [output, complaint, killed] = ['', '', false];
      let lack: Error | undefined;
      const child = spawn(program, args, {
        env: this.#environment,
        stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        windowsHide: true,
      });
      const end = (): void => {
        killed = true;
        child.kill('SIGKILL');
      };
      const timer = timeout === undefined ? undefined : setTimeout(end, timeout);
      let last: NodeJS.Timeout | undefined;
      const stop = (): void => {
        if (!isMaking) return end();
        // What reads ends when nothing more comes.
        child.stdin?.destroy();
        last ??= setTimeout(end, this.#patience);
      };
      signal?.addEventListener('abort', stop, { once: true });
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        if (output.length < LONGEST_OUTPUT) output += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-LONGEST_COMPLAINT);
      });
      child.once('error', (error) => reject(notStarted(program, error)));
      child.once('close', (code) => {
        clearTimeout(timer);
        clearTimeout(last);
        signal?.removeEventListener('abort', stop);
        if (lack && !(killed && isMaking)) reject(lack);
        else resolve({ code: code ?? -1, output, complaint, killed });
      });
      if (input && child.stdin) {
        feed(child.stdin, input).catch((error: unknown) => {
          lack = toError(error);
          stop();
        });
      }
    });
    const isCut = signal?.aborted === true;
    // Whoever interrupts this program interrupts also what it started, which then ends by itself.
    if (isMaking && (result.killed || (isCut && result.code !== 0))) {
      const halfWay = sentence('{0} was ended half way.', command.slice(0, 3).join(' '));
      throw new EndedHalfWay(isCut ? 'cancelled' : 'timeout', halfWay);
    }
    throwIfCancelled(signal);
    if (result.killed) {
      throw new CheckpointError('timeout', sentence('{0} took too long and was ended.', command.slice(0, 3).join(' ')));
    }
    return result;
  }

  /** @throws as `run`, and CheckpointError `unavailable` with what the command complained where it fails */
  async expect(command: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, output, complaint } = await this.run(command, options);
    if (code === 0) return output;
    throw new CheckpointError(
      'unavailable',
      sentence('{0} failed ({1}): {2}', command.slice(0, 3).join(' '), code, lastLines(complaint)),
    );
  }

  /** True where a command succeeds; false where it fails or is not there. */
  async succeeds(command: readonly string[], signal?: AbortSignal): Promise<boolean> {
    try {
      return (await this.run(command, { signal, timeout: 30_000 })).code === 0;
    } catch (error) {
      if (CheckpointError.is(error, 'cancelled')) throw error;
      return false;
    }
  }
}

/** A word as a POSIX shell takes it for itself. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** To be pasted into a shell. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

export function lastLines(text: string, most = 6): string {
  return text.trim().split('\n').slice(-most).join('\n');
}

async function feed(stream: NodeJS.WritableStream, input: NonNullable<CommandOptions['input']>): Promise<void> {
  // A command that ends early says why itself.
  stream.on('error', () => undefined);
  for await (const bytes of input) {
    if (!stream.writable) return;
    if (!stream.write(bytes)) {
      await new Promise<void>((resolve) => {
        stream.once('drain', resolve);
        stream.once('close', resolve);
      });
    }
  }
  stream.end();
}

function notStarted(program: string, error: Error): CheckpointError {
  const code = errorCode(error);
  if (code === 'ENOENT') {
    return new CheckpointError('not-found', sentence('{0} is not installed here, or not in PATH.', program));
  }
  return new CheckpointError('unavailable', sentence('{0} cannot be started: {1}.', program, code ?? error.message));
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : cancelled();
}

function baseName(path: string): string {
  return (
    path
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.exe$/i, '') ?? ''
  );
}
