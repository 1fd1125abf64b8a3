/** Letters typed after a longer pause begin a new word. */
const PAUSE_MS = 900;

/** What has been typed so far, and from which row on it is looked for. */
export interface Search {
  readonly text: string;
  readonly from: number;
}

/** Letters typed one after the other: a word to go to. The same letter again and again goes from match to match. */
export class TypeAhead {
  #typed = '';
  #last = Number.NEGATIVE_INFINITY;

  /** Whether letters are being typed, so that a space belongs to them. */
  active(now: number): boolean {
    return this.#typed !== '' && now - this.#last < PAUSE_MS;
  }

  reset(): void {
    this.#typed = '';
  }

  /** @param focus row with the focus, -1 for none */
  type(letter: string, now: number, focus: number): Search {
    this.#typed = this.active(now) ? this.#typed + letter : letter;
    this.#last = now;
    const again = [...this.#typed].every((typed) => typed === letter);
    // One letter leads away from where one is; more of them say better where one wants to be.
    return again ? { text: letter, from: focus + 1 } : { text: this.#typed, from: Math.max(0, focus) };
  }
}
