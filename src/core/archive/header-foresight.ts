import type { ByteSource } from '../bytes/byte-source.ts';

/** Headers of which it is known where they are, before more are asked for. */
const ENOUGH = 64;
/** How many are asked for at first, and at most. */
const FIRST = 16;
const MOST = 64;
/** Bytes between two headers that make a leap, and how many in a row there were before it looks ahead. */
const LEAP = 64 * 1024;
const LEAPS = 2;
/**
 * Bytes before a header that are fetched with it. Large contents are memory by address, and at the end of it a process
 * has its stack, which begins with its arguments and environment: these are looked at next.
 */
const BEFORE = 8 * 1024;
/** Answers that brought nothing, after which nobody is asked any more. */
const PATIENCE = 3;

/**
 * Has the headers of an archive fetched before the index comes to them, where each read is a journey and somebody who
 * has the bytes at hand can say where they are. Without it each large entry costs the journey to the next header. It
 * only fetches: what the index finds there is what counts.
 */
export class HeaderForesight {
  readonly #source: ByteSource;
  /** Bytes that the index reads at once where large contents lie between headers. */
  readonly #length: number;
  #ahead: readonly number[] = [];
  #count = FIRST;
  #leaps = 0;
  #failures = 0;
  #isAsking = false;

  constructor(source: ByteSource, length: number) {
    this.#source = source;
    this.#length = length;
  }

  /** The index is about to read a header. @param stride bytes from the one before it */
  meet(offset: number, stride: number, signal: AbortSignal | undefined): void {
    this.#ahead = this.#ahead.filter((header) => header > offset);
    this.#leaps = stride >= LEAP ? this.#leaps + 1 : 0;
    if (this.#leaps < LEAPS) return;
    this.#ask(this.#ahead.at(-1) ?? offset, signal);
  }

  #ask(from: number, signal: AbortSignal | undefined): void {
    if (this.#isAsking || this.#ahead.length >= ENOUGH || this.#failures >= PATIENCE || signal?.aborted === true)
      return;
    this.#isAsking = true;
    const asked = this.#source.headersFrom?.(from, this.#count, signal) ?? Promise.resolve([]);
    void asked.then(
      (headers) => this.#fetch(from, headers, signal),
      () => this.#fetch(from, [], signal),
    );
  }

  #fetch(from: number, headers: readonly number[], signal: AbortSignal | undefined): void {
    this.#isAsking = false;
    const { size = Infinity } = this.#source;
    const [known, wanted] = [new Set(this.#ahead), headers.slice(0, this.#count)];
    const good = wanted.filter((at) => Number.isSafeInteger(at) && at > from && at < size && !known.has(at));
    if (good.length === 0) this.#failures++;
    // Whoever needs them says what is wrong.
    for (const at of good) {
      const start = Math.max(from, at - BEFORE);
      this.#source.read(start, at + this.#length - start, signal).catch(() => undefined);
    }
    this.#ahead = [...this.#ahead, ...good];
    const isWhole = good.length === this.#count;
    this.#count = Math.min(MOST, this.#count * 2);
    const last = good.at(-1);
    if (isWhole && last !== undefined) this.#ask(last, signal);
  }
}
