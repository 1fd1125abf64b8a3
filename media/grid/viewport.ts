/** What of a grid is in view, in rows with a fraction, and where it wishes to be scrolled to. */
export class Viewport {
  #top: number;
  #page = 20;
  #scrollTo: number | undefined;

  constructor(top: number) {
    this.#top = top;
  }

  /** The first row in view. */
  get top(): number {
    return this.#top;
  }

  /** Whole rows in view. */
  get page(): number {
    return this.#page;
  }

  /** The view says what it shows. */
  scrolled(top: number, page: number): void {
    this.#top = top;
    this.#page = Math.max(1, page);
  }

  /** There is nothing to go back to. */
  forget(): void {
    this.#top = 0;
  }

  scrollTo(row: number): void {
    this.#scrollTo = row;
  }

  /** Where the view shall scroll to, once. */
  takeScroll(): number | undefined {
    const to = this.#scrollTo;
    this.#scrollTo = undefined;
    return to;
  }

  /** For a view that is made anew: where it was, unless it is on its way to another place. */
  comeBack(): void {
    this.#scrollTo ??= this.#top;
  }

  /** Scrolls as little as brings a whole row into view. */
  bring(row: number): void {
    if (row < this.#top) this.#scrollTo = row;
    else if (row > this.#top + this.#page - 1) this.#scrollTo = Math.max(0, row - this.#page + 1);
  }
}
