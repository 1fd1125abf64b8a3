/** Milliseconds after which somebody may have gone on with something else. */
const WALKED_AWAY = 10_000;

/** Whether a person is still with what they began: questions that come late must not pop up under their Enter key. */
export class Presence {
  readonly #now: () => number;
  #seen: number;

  /** @param now milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#seen = now();
  }

  /** They answered just now: what they took for that was no waiting. */
  answered(): void {
    this.#seen = this.#now();
  }

  get isAway(): boolean {
    return this.#now() - this.#seen > WALKED_AWAY;
  }
}
