import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';

/** @throws CheckpointError `cancelled` once the signal is aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled();
}

export function cancelled(): CheckpointError {
  return new CheckpointError('cancelled', sentence('The work was cancelled.'));
}

/**
 * Waits for a promise, but no longer than until the signal is aborted. What the promise does later is ignored.
 * @throws CheckpointError `cancelled`
 */
export function orCancelled<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(cancelled());
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** A long loop's way to let messages and cancellation through: awaits the event loop's next turn every few milliseconds. */
export class Breather {
  #last = performance.now();
  #calls = 0;

  /** True when it is time to {@link breathe}. Meant to be asked after each of many small steps. */
  get isDue(): boolean {
    return (++this.#calls & 31) === 0 && performance.now() - this.#last > 8;
  }

  /** @throws CheckpointError `cancelled` */
  async breathe(signal?: AbortSignal): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#last = performance.now();
    throwIfCancelled(signal);
  }
}
