import { sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import { ClusterError } from '../cluster-error.ts';
import type { ExecSession } from '../exec/exec.ts';
import type { NodeFileState } from '../node-files/node-files.ts';
import { SILENCE, silent } from '../node-files/silent.ts';

/** Contents of an archive from this size on, bytes, are worth leaping over; after so many smaller ones in a row it ends. */
const LEAP = 16 * 1024;
const SMALL_ONES = 4;

/**
 * Reads ranges of a file as they are asked for: a line with offsets and lengths on stdin, exactly these bytes on stdout.
 * Of each line it says on stderr how it went and what the file is like now. The line `hop OFFSET COUNT` has it go from
 * tar header to tar header instead, as long as they are far from each other, and say where they are. Understood by
 * busybox and by GNU's tools alike.
 */
export const RANGES = `
export LC_ALL=C
f=$1
hop() {
  o=$1 c=$2 d=0
  while [ "$c" -gt 0 ] && [ "$d" -lt ${String(SMALL_ONES)} ]; do
    s=$(dd if="$f" bs=11 count=1 iflag=skip_bytes,fullblock skip="$((o + 124))" 2>/dev/null)
    case $s in '' | *[!0-7]*) return ;; esac
    s=$(((0$s + 511) / 512 * 512))
    o=$((o + 512 + s))
    found="$found $o"
    if [ "$s" -lt ${String(LEAP)} ]; then d=$((d + 1)); else d=0; fi
    c=$((c - 1))
  done
}
while read -r line; do
  set -- $line
  failed=0 found=
  while [ $# -gt 1 ]; do
    if [ "$1" = hop ]; then
      { hop "$2" "$3"; } 2>/dev/null
      break
    fi
    dd if="$f" bs=65536 iflag=skip_bytes,count_bytes,fullblock skip="$1" count="$2" 2>/dev/null || failed=1
    shift 2
  done
  echo "$failed $(stat -L -c '%s %Y %i' "$f" 2>/dev/null)$found" >&2
done`;

/** Ranges of one line at most, and bytes: what it says of them comes once they are all read. */
const MOST_RANGES = 32;
const MOST_BYTES = 1024 * 1024;

interface Asked {
  readonly offset: number;
  readonly length: number;
  readonly buffer: Buffer;
  filled: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Characters of what is said about one line: some thousand numbers at most. */
const LONGEST_REPORT = 1024 * 1024;

/** What one line asks for. */
interface Line {
  readonly ranges: readonly Asked[];
  /** What stderr said of it. */
  report: string | undefined;
  /** Of a line that asks for headers: gets what else stderr said. */
  readonly hopped?: { readonly resolve: (words: string) => void; readonly reject: (error: Error) => void };
}

/** One long-lived command on a node that reads ranges of a file. Several are under way at once. */
export class RangeSession {
  /** Resolves when it reads no more, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #silence: number;
  #waiting: NodeJS.Timeout | undefined;
  /** What the file was like when it was opened. */
  #state: NodeFileState | undefined;
  /** Asked for in this turn of the event loop: they go as one line. */
  #gathered: Asked[] = [];
  readonly #lines: Line[] = [];
  #answered = 0;
  #session: ExecSession | undefined;
  #failure: Error | undefined;
  #line = '';
  #end: () => void = () => undefined;

  /** @param silence milliseconds without a byte after which what was asked for is given up */
  constructor(name: string, silence: number = SILENCE) {
    this.#name = name;
    this.#silence = silence;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Ranges that were read so far. */
  get answered(): number {
    return this.#answered;
  }

  /** To be given to the command that runs {@link RANGES}. */
  readonly onStderr = (data: Buffer): void => {
    this.#waiting?.refresh();
    this.#line += data.toString('latin1');
    for (let at = this.#line.indexOf('\n'); at >= 0; at = this.#line.indexOf('\n')) {
      const next = this.#lines.find(({ report }) => report === undefined);
      if (next) next.report = this.#line.slice(0, at);
      this.#line = this.#line.slice(at + 1);
    }
    if (this.#line.length > LONGEST_REPORT) this.#fail(this.#broken());
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

  /** Says what the file must be like for what is read of it to be good. To be called before anything is read. */
  expect(state: NodeFileState): void {
    this.#state = state;
  }

  /** Reads a range that lies within the file. @throws ClusterError; CheckpointError `changed`, `cancelled` */
  read(offset: number, length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      if (this.#gathered.length === 0) setImmediate(() => this.#send());
      this.#gathered.push({ offset, length, buffer: Buffer.allocUnsafe(length), filled: 0, resolve, reject });
    });
  }

  /**
   * Where the headers are that follow the one at `offset` in a tar archive, as far as large contents lie between them.
   * The command only looks at sizes: what it says is for who looks for himself.
   * @param most how many
   * @throws as {@link read}
   */
  async hop(offset: number, most: number): Promise<readonly number[]> {
    if (this.#failure) throw this.#failure;
    this.#send();
    const words = await new Promise<string>((resolve, reject) => {
      this.#ask(
        { ranges: [], report: undefined, hopped: { resolve, reject } },
        `hop ${String(offset)} ${String(most)}`,
      );
    });
    return words.split(' ').filter(Boolean).slice(0, most).map(Number);
  }

  close(): void {
    this.#fail(cancelled());
  }

  #send(): void {
    for (let rest = this.#gathered.splice(0); rest.length > 0;) {
      let [count, bytes] = [0, 0];
      for (const { length } of rest.slice(0, MOST_RANGES)) {
        if (count > 0 && bytes + length > MOST_BYTES) break;
        count++;
        bytes += length;
      }
      const ranges = rest.slice(0, count);
      rest = rest.slice(count);
      const words = ranges.map(({ offset, length }) => `${String(offset)} ${String(length)}`);
      this.#ask({ ranges, report: undefined }, words.join(' '));
    }
  }

  #ask(line: Line, words: string): void {
    this.#lines.push(line);
    this.#waiting ??= setTimeout(() => this.#fail(silent(this.#name, this.#silence)), this.#silence);
    void this.#session?.write(Buffer.from(`${words}\n`));
  }

  #take(data: Buffer): void {
    this.#waiting?.refresh();
    let rest = data;
    for (const { ranges } of this.#lines) {
      for (const next of ranges) {
        const taken = rest.subarray(0, next.length - next.filled);
        taken.copy(next.buffer, next.filled);
        next.filled += taken.length;
        rest = rest.subarray(taken.length);
      }
      if (rest.length === 0) break;
    }
    if (rest.length > 0) this.#fail(this.#broken());
    else this.#settle();
  }

  /** Answers what is whole, in order; an answer is good only if the file is still the one that was opened. */
  #settle(): void {
    for (let first = this.#lines[0]; first?.report !== undefined; first = this.#lines[0]) {
      const [failed, size, modified, inode, ...more] = first.report.split(' ');
      const { ranges, hopped } = first;
      if (failed !== '0' || !this.#isSame([size, modified, inode])) {
        const broken = ranges.find(({ filled, length }) => filled < length) ?? ranges[0];
        this.#fail(failed === '0' ? this.#changed() : this.#unreadable(broken?.offset ?? 0));
        return;
      }
      // The two streams come independently of each other.
      if (ranges.some(({ filled, length }) => filled < length)) return;
      this.#lines.shift();
      this.#answered += ranges.length;
      hopped?.resolve(more.join(' '));
      for (const { buffer, resolve } of ranges) resolve(buffer);
    }
    if (this.#lines.length === 0) this.#rest();
  }

  /** Nothing is waited for. */
  #rest(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
  }

  #isSame(words: readonly (string | undefined)[]): boolean {
    const state = this.#state;
    return state !== undefined && words.join(' ') === `${String(state.size)} ${String(state.modified)} ${state.inode}`;
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#rest();
    for (const { ranges, hopped } of this.#lines.splice(0)) {
      hopped?.reject(error);
      for (const asked of ranges) asked.reject(error);
    }
    for (const asked of this.#gathered.splice(0)) asked.reject(error);
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
