import { setTimeout as sleep } from 'node:timers/promises';
import { orCancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { SharedTurn } from './shared-turn.ts';

/**
 * Milliseconds between the end of a checkpoint and the beginning of the next of the same container. An archive's name
 * has the second in which it was begun, and a second one of that second would be written over the first, whose end
 * stays behind it.
 */
export const APART = 1050;

/** Makes sure that a container is never checkpointed twice at once, nor within a second. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();
  readonly #folder: string | undefined;

  /** @param folder common to all processes of this person, which take turns by it; undefined: only those of this object */
  constructor(folder?: string) {
    this.#folder = folder;
  }

  /**
   * Waits for the container's turn, works, and keeps the next one waiting a second longer.
   * @param container names the container among all of all clusters
   * @param made whether an attempt that failed so may have begun an archive: if not, the next one need not wait
   * @throws CheckpointError `cancelled`, and what the work throws
   */
  async take<T>(
    container: string,
    work: () => Promise<T>,
    made: (error: unknown) => boolean,
    signal?: AbortSignal,
  ): Promise<T> {
    const before = this.#last.get(container) ?? Promise.resolve();
    let done: () => void = () => undefined;
    const mine = before.then(() => new Promise<void>((resolve) => (done = resolve)));
    this.#last.set(container, mine);
    void mine.then(() => {
      if (this.#last.get(container) === mine) this.#last.delete(container);
    });
    let mustWait = false;
    let shared: SharedTurn | undefined;
    try {
      await orCancelled(before, signal);
      throwIfCancelled(signal);
      if (this.#folder !== undefined) shared = await SharedTurn.take(this.#folder, container, APART, signal);
      mustWait = true;
      return await work();
    } catch (error) {
      mustWait &&= made(error);
      throw error;
    } finally {
      await shared?.end(mustWait);
      // Who gave up while waiting leaves the place to the next at once, but not before its own turn has come.
      void before.then(() => (mustWait ? sleep(APART) : undefined)).then(() => done());
    }
  }
}
