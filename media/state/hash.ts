import { createStore, type Store } from './store.ts';

export type Hash =
  | { readonly state: 'waiting' | 'running' | 'cancelled' }
  | { readonly state: 'done'; readonly hex: string }
  | { readonly state: 'failed'; readonly error: unknown };

/**
 * The archive's SHA-256. It is worked out once for as long as the page lives, whichever tab is shown, unless the person
 * stops it.
 */
export class HashTask {
  readonly value: Store<Hash> = createStore<Hash>({ state: 'waiting' });
  readonly #ask: (signal: AbortSignal) => Promise<string>;
  readonly #isCancelled: (error: unknown) => boolean;
  #controller: AbortController | undefined;

  constructor(ask: (signal: AbortSignal) => Promise<string>, isCancelled: (error: unknown) => boolean) {
    this.#ask = ask;
    this.#isCancelled = isCancelled;
  }

  /** Starts it where it has never been started. */
  startOnce(): void {
    if (this.value.get().state === 'waiting') this.start();
  }

  /** The archive is another now: what was worked out does not hold any more. */
  renew(): void {
    const { state } = this.value.get();
    if (state === 'done' || state === 'failed') this.start();
  }

  start(): void {
    const controller = new AbortController();
    this.#controller = controller;
    this.value.set({ state: 'running' });
    this.#ask(controller.signal).then(
      (hex) => this.#settle(controller, { state: 'done', hex }),
      (error: unknown) => {
        this.#settle(controller, this.#isCancelled(error) ? { state: 'cancelled' } : { state: 'failed', error });
      },
    );
  }

  cancel(): void {
    this.#controller?.abort();
  }

  #settle(controller: AbortController, hash: Hash): void {
    if (controller === this.#controller) this.value.set(hash);
  }
}
