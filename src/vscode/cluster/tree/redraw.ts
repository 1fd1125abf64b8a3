/** Changes come in bursts: a list is drawn anew at most this often. Milliseconds. */
const REDRAW_MS = 250;

/** Gathers what changed in a list, until it is time to draw it. */
export class Redraw {
  readonly #draw: (names: readonly string[] | undefined) => void;
  readonly #names = new Set<string>();
  #isAll = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param draw told of the rows that changed; undefined: of more than single rows */
  constructor(draw: (names: readonly string[] | undefined) => void) {
    this.#draw = draw;
  }

  /** @param name of a row that was there before and still is; undefined: the list itself is another */
  readonly changed = (name?: string): void => {
    if (name === undefined) this.#isAll = true;
    else this.#names.add(name);
    this.#timer ??= setTimeout(() => this.#now(), REDRAW_MS);
  };

  /** Nobody looks: what changed is drawn when somebody does. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #now(): void {
    this.#timer = undefined;
    const names = this.#isAll ? undefined : [...this.#names];
    this.#names.clear();
    this.#isAll = false;
    this.#draw(names);
  }
}
