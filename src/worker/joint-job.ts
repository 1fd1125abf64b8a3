import { orCancelled } from '../core/bytes/cancel.ts';

interface Run<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  callers: number;
  done: boolean;
}

/**
 * Work that several callers wait for: done once, and aborted only when the last of them has gone. What it brought is
 * kept; after a failure the next caller starts it anew.
 */
export class JointJob<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #run: Run<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** @throws CheckpointError `cancelled` when the caller's own signal is aborted, and what the work throws */
  async join(signal?: AbortSignal): Promise<T> {
    const run = (this.#run ??= this.#start());
    run.callers++;
    try {
      return await orCancelled(run.promise, signal);
    } finally {
      run.callers--;
      if (run.callers === 0 && !run.done) this.#abandon(run);
    }
  }

  #start(): Run<T> {
    const controller = new AbortController();
    const run: Run<T> = { promise: this.#work(controller.signal), controller, callers: 0, done: false };
    run.promise.then(
      () => (run.done = true),
      () => this.#abandon(run),
    );
    return run;
  }

  /** Whoever comes after this must not join work that failed or is being aborted. */
  #abandon(run: Run<T>): void {
    if (this.#run === run) this.#run = undefined;
    run.controller.abort();
  }
}
