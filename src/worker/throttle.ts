/** Lets the first value through at once, then at most one in each interval: the newest. */
export class Throttle<T> {
  readonly #interval: number;
  readonly #emit: (value: T) => void;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly value: T } | undefined;

  /** @param interval milliseconds */
  constructor(interval: number, emit: (value: T) => void) {
    this.#interval = interval;
    this.#emit = emit;
  }

  push(value: T): void {
    this.#waiting = { value };
    if (this.#timer === undefined) this.#release();
  }

  /** Lets the value through now: what follows it would come too late to matter, or never. */
  flush(value: T): void {
    this.stop();
    this.#emit(value);
  }

  /** Forgets what waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = undefined;
  }

  #release(): void {
    const next = this.#waiting;
    this.#waiting = undefined;
    this.#timer = next && setTimeout(() => this.#release(), this.#interval);
    if (next) this.#emit(next.value);
  }
}
