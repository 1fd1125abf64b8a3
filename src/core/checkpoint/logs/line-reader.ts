import type { ByteSource } from '../../bytes/byte-source.ts';
import { Breather } from '../../bytes/cancel.ts';

/** Bytes read at once. */
const CHUNK = 256 * 1024;
/** Of a longer line only the beginning is looked at: nothing writes such a line, but a file may hold one of gigabytes. */
export const MAX_HEAD = 64 * 1024;
const NEWLINE = 0x0a;

export interface Line {
  /** Where it starts in the file, bytes. */
  readonly offset: number;
  /** Bytes without its newline. */
  readonly length: number;
  /** Its beginning, at most {@link MAX_HEAD} bytes: a view that is good until the next line is asked for. */
  readonly head: Uint8Array;
  /** Ends with a newline: the last line of a file may not. */
  readonly terminated: boolean;
}

/**
 * The lines of a file from some offset on, front to back. Holds one chunk, whatever the file's size and however long its
 * lines are.
 *
 * `for (let line = reader.take() ?? (await reader.next()); line; …)`: `take` gives what needs no reading.
 */
export class LineReader {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  readonly #breather = new Breather();
  #bytes: Buffer = Buffer.alloc(0);
  /** Where `#bytes` starts in the file. */
  #start: number;
  /** Where the next line starts in `#bytes`. */
  #at = 0;
  #ended = false;

  constructor(source: ByteSource, offset: number, signal?: AbortSignal) {
    this.#source = source;
    this.#start = offset;
    this.#signal = signal;
  }

  /** The next line, if it is at hand whole. */
  take(): Line | undefined {
    const end = this.#bytes.indexOf(NEWLINE, this.#at);
    if (end < 0) return undefined;
    const line = this.#line(this.#at, end - this.#at, true);
    this.#at = end + 1;
    return line;
  }

  /** The next line; undefined at the end of the file. */
  async next(): Promise<Line | undefined> {
    for (;;) {
      const line = this.take();
      if (line) return line;
      const rest = this.#bytes.length - this.#at;
      if (this.#ended) {
        if (rest === 0) return undefined;
        const last = this.#line(this.#at, rest, false);
        this.#at = this.#bytes.length;
        return last;
      }
      if (rest > MAX_HEAD) return this.#longLine();
      await this.#readOn();
    }
  }

  #line(at: number, length: number, terminated: boolean): Line {
    const head = this.#bytes.subarray(at, at + Math.min(length, MAX_HEAD));
    return { offset: this.#start + at, length, head, terminated };
  }

  /** Keeps what is left of the chunk, and reads the next one behind it. */
  async #readOn(): Promise<void> {
    if (this.#breather.isDue) await this.#breather.breathe(this.#signal);
    const rest = this.#bytes.subarray(this.#at);
    const from = this.#start + this.#bytes.length;
    const more = await this.#source.read(from, CHUNK, this.#signal);
    this.#ended = more.length < CHUNK;
    this.#start = from - rest.length;
    this.#at = 0;
    this.#bytes =
      rest.length === 0 ? Buffer.from(more.buffer, more.byteOffset, more.length) : Buffer.concat([rest, more]);
  }

  /** Keeps the beginning, and passes over the rest chunk by chunk. */
  async #longLine(): Promise<Line> {
    const offset = this.#start + this.#at;
    const head = Uint8Array.from(this.#bytes.subarray(this.#at, this.#at + MAX_HEAD));
    for (;;) {
      this.#at = this.#bytes.length;
      if (this.#ended) return { offset, length: this.#start + this.#at - offset, head, terminated: false };
      await this.#readOn();
      const end = this.#bytes.indexOf(NEWLINE);
      if (end < 0) continue;
      this.#at = end + 1;
      return { offset, length: this.#start + end - offset, head, terminated: true };
    }
  }
}
