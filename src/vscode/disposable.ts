/** Something to let go of. VS Code's own disposables fit. */
export interface Disposes {
  dispose(): unknown;
}

/** Owns other disposables and lets go of them with itself, the last one first. */
export abstract class Disposable implements Disposes {
  readonly #owned: Disposes[] = [];
  #disposed = false;

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const owned of this.#owned.splice(0).reverse()) owned.dispose();
  }

  /** Takes ownership; what comes after the end is let go of at once, so nothing leaks. */
  protected own<T extends Disposes>(owned: T): T {
    if (this.#disposed) owned.dispose();
    else this.#owned.push(owned);
    return owned;
  }
}

export function onDispose(dispose: () => void): Disposes {
  return { dispose };
}
