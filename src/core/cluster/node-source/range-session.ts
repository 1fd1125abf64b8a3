import { sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import { ClusterError } from '../cluster-error.ts';
import type { ExecSession } from '../exec/exec.ts';
import type { NodeFileState } from '../node-files/node-files.ts';

/**
 * Reads ranges of a file, one after the other, as they are asked for: a line with offset and length on stdin, exactly
 * these bytes on stdout. Of each it says on stderr how it went and what the file is like now. Understood by busybox and
 * by GNU's tools alike.
 */
export const RANGES = `
export LC_ALL=C
while read -r o n; do
  dd if="$1" bs=65536 iflag=skip_bytes,count_bytes,fullblock skip="$o" count="$n" 2>/dev/null
  echo "$? $(stat -L -c '%s %Y %i' "$1" 2>/dev/null)" >&2
done`;

interface Asked {
  readonly offset: number;
  readonly length: number;
  readonly buffer: Buffer;
  filled: number;
  /** What stderr said of it. */
  report: string | undefined;
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

/** One long-lived command on a node that reads ranges of a file. */
export class RangeSession {
  /** Resolves when it reads no more, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #state: NodeFileState;
  readonly #asked: Asked[] = [];
  #session: ExecSession | undefined;
  #failure: Error | undefined;
  #line = '';
  #end: () => void = () => undefined;

  constructor(name: string, state: NodeFileState) {
    this.#name = name;
    this.#state = state;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** To be given to the command that runs {@link RANGES}. */
  readonly onStderr = (data: Buffer): void => {
    this.#line += data.toString('latin1');
    for (let at = this.#line.indexOf('\n'); at >= 0; at = this.#line.indexOf('\n')) {
      const next = this.#asked.find(({ report }) => report === undefined);
      if (next) next.report = this.#line.slice(0, at);
      this.#line = this.#line.slice(at + 1);
    }
    this.#settle();
  };

  start(session: ExecSession): void {
    this.#session = session;
    session.stdout.on('data', (data: Buffer) => this.#take(data));
    session.stdout.once('close', () => {
      session.exit.then(
        () => this.#fail(this.#broken()),
        (error: unknown) => this.#fail(error instanceof Error ? error : this.#broken()),
      );
    });
  }

  /** Reads a range that lies within the file. @throws ClusterError; CheckpointError `changed`, `cancelled` */
  read(offset: number, length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const session = this.#session;
      if (this.#failure || !session) {
        reject(this.#failure ?? cancelled());
        return;
      }
      const buffer = Buffer.allocUnsafe(length);
      this.#asked.push({ offset, length, buffer, filled: 0, report: undefined, resolve, reject });
      void session.write(Buffer.from(`${String(offset)} ${String(length)}\n`));
    });
  }

  close(): void {
    this.#fail(cancelled());
  }

  #take(data: Buffer): void {
    let rest = data;
    while (rest.length > 0) {
      const next = this.#asked.find(({ filled, length }) => filled < length);
      if (!next) {
        this.#fail(this.#broken());
        return;
      }
      const taken = rest.subarray(0, next.length - next.filled);
      taken.copy(next.buffer, next.filled);
      next.filled += taken.length;
      rest = rest.subarray(taken.length);
    }
    this.#settle();
  }

  /** Answers what is whole, in order; an answer is good only if the file is still the one that was opened. */
  #settle(): void {
    for (let first = this.#asked[0]; first?.report !== undefined; first = this.#asked[0]) {
      const { size, modified, inode } = this.#state;
      if (first.report !== `0 ${String(size)} ${String(modified)} ${inode}`) {
        this.#fail(first.report.startsWith('0 ') ? this.#changed() : this.#unreadable(first.offset));
        return;
      }
      // The two streams come independently of each other.
      if (first.filled < first.length) return;
      this.#asked.shift();
      first.resolve(first.buffer);
    }
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const asked of this.#asked.splice(0)) asked.reject(error);
    this.#session?.close();
    this.#end();
  }

  #changed(): CheckpointError {
    return new CheckpointError(
      'changed',
      sentence(
        '{0} was changed on the node while it was open, so what it showed may no longer be true. Open it again.',
        this.#name,
      ),
      { where: this.#name },
    );
  }

  #unreadable(offset: number): ClusterError {
    return new ClusterError(
      'unreadable',
      sentence('{0} cannot be read at byte {1} on the node. It may have been deleted.', this.#name, offset),
      { where: this.#name },
    );
  }

  #broken(): ClusterError {
    return new ClusterError('unreachable', sentence('The connection over which {0} is read broke off.', this.#name), {
      where: this.#name,
      isPassing: true,
    });
  }
}
