import { ClusterError, type Remedy } from '../core/cluster/cluster-error.ts';
import { CheckpointError } from '../core/errors.ts';
import { escapeText } from '../protocol/format.ts';
import { say } from '../protocol/sentence.ts';

/** The two streams of a program, so that tests can stand in for a terminal. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Characters that are gathered before they are written. */
const GATHER = 64 * 1024;

/** Results on stdout, everything else on stderr. */
export class Output {
  readonly #streams: Streams;
  /** Aborted when whoever reads the results has gone: `… | head`. */
  readonly closed = new AbortController();
  #progress = false;
  #hasStderr = false;
  /** What waits to be written, while it is gathered. */
  #gathered: string | undefined;

  constructor(streams: Streams) {
    this.#streams = streams;
    streams.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.error(`The output cannot be written (${error.code ?? error.message}).`);
      this.closed.abort(error);
    });
  }

  /** Made when there is something to say: what Node loads for a pipe takes as long as a small answer. */
  get #stderr(): NodeJS.WriteStream {
    const { stderr } = this.#streams;
    if (!this.#hasStderr) {
      this.#hasStderr = true;
      // Where even the messages have no reader there is nobody left to tell.
      stderr.on('error', () => undefined);
    }
    return stderr;
  }

  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY;
  }

  /** Resolves when the stream takes more. Afterwards nothing is written. */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.closed.signal.aborted) return;
    if (this.#gathered !== undefined) {
      if (typeof chunk === 'string' && (this.#gathered += chunk).length < GATHER) return;
      const gathered = this.#gathered;
      this.#gathered = '';
      if (gathered !== '') await this.#send(gathered);
      if (typeof chunk === 'string') return;
    }
    await this.#send(chunk);
  }

  async #send(chunk: string | Uint8Array): Promise<void> {
    this.#clearProgress();
    const { stdout } = this.#streams;
    if (stdout.write(chunk)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        stdout.off('drain', go);
        this.closed.signal.removeEventListener('abort', go);
        resolve();
      };
      stdout.on('drain', go);
      this.closed.signal.addEventListener('abort', go, { once: true });
    });
  }

  /** What is written while something is done goes out in few pieces, all of it when that is over. */
  async gather(work: () => Promise<void>): Promise<void> {
    if (this.#gathered !== undefined) return work();
    this.#gathered = '';
    try {
      await work();
    } finally {
      const rest = this.#gathered;
      this.#gathered = undefined;
      if (rest !== '') await this.write(rest);
    }
  }

  /** Many small pieces, gathered: memory holds neither the text nor the pieces. */
  async writeAll(pieces: Iterable<string>): Promise<void> {
    let gathered = '';
    for (const piece of pieces) {
      gathered += piece;
      if (gathered.length < GATHER) continue;
      await this.write(gathered);
      gathered = '';
      if (this.closed.signal.aborted) return;
    }
    if (gathered !== '') await this.write(gathered);
  }

  /** A line for a person, on stderr. */
  error(text: string): void {
    this.#clearProgress();
    this.#stderr.write(`checkpoint-explorer: ${escapeText(text)}\n`);
  }

  /** Why something could not be done. */
  failure(error: unknown): void {
    if (CheckpointError.is(error)) {
      this.error(error.message);
      if (ClusterError.is(error) && error.remedy) this.#remedy(error.remedy);
      return;
    }
    this.error(
      `This is a mistake in checkpoint-explorer, not in the checkpoint: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (process.env['CHECKPOINT_EXPLORER_DEBUG'] && error instanceof Error) this.help(`${error.stack ?? ''}\n`);
  }

  /** What would make it work; what is to be copied stands on lines of its own, as it is. */
  #remedy({ text, copy }: Remedy): void {
    this.error(say(text));
    if (copy) this.help(`${copy.text.split('\n').map(escapeText).join('\n').trimEnd()}\n`);
  }

  /** Text of several lines that this program wrote itself, on stderr. */
  help(text: string): void {
    this.#stderr.write(text);
  }

  /** One line that each next one replaces; only where a person watches. */
  progress(text: string): void {
    if (!this.#stderr.isTTY) return;
    this.#progress = true;
    this.#stderr.write(`\r\x1b[K${escapeText(text)}`);
  }

  #clearProgress(): void {
    if (this.#progress) this.#stderr.write('\r\x1b[K');
    this.#progress = false;
  }

  /** Resolves when everything has left the process. */
  async flush(): Promise<void> {
    this.#clearProgress();
    const { stdout } = this.#streams;
    if (this.closed.signal.aborted || stdout.destroyed) return;
    await new Promise<void>((resolve) => {
      this.closed.signal.addEventListener('abort', () => resolve(), { once: true });
      stdout.write('', () => resolve());
    });
  }
}
