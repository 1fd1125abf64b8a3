import { onDispose, type Disposes } from './disposable.ts';

/** An event for the parts that do not import `vscode`. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();

  readonly event = (listener: (value: T) => void): Disposes => {
    this.#listeners.add(listener);
    return onDispose(() => this.#listeners.delete(listener));
  };

  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
