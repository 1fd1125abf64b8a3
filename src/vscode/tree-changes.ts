import { Disposable, onDispose } from './disposable.ts';

/** Milliseconds until VS Code must have asked for rows; doubled each time that it has not. */
const PATIENCE_MS = 500;

/** Then it is given up: such a row is not in sight after all. */
const TRIES = 5;

export interface TreeChangesOptions<Row> {
  /** Tells VS Code that a row and all below it are to be drawn anew; undefined: all rows. */
  readonly tell: (row: Row | undefined) => void;
  /** Of a row and all below it those that are unfolded in sight: VS Code asks what is below them. */
  readonly unfolded: (row: Row | undefined) => readonly (Row | undefined)[];
}

/**
 * Has rows of a tree view drawn anew, and sees to it that they are. VS Code forgets the rows below one that changed as
 * soon as it is told, and asks for them anew; but not where an earlier answer is still on its way to the window. Then
 * rows stay in sight that it no longer knows, and the commands of their menus are run for nothing. So what is not asked
 * for is told again.
 */
export class TreeChanges<Row> extends Disposable {
  readonly #options: TreeChangesOptions<Row>;
  /** What must be asked for, and who waits for that. */
  readonly #waiting = new Map<Row | undefined, NodeJS.Timeout>();

  constructor(options: TreeChangesOptions<Row>) {
    super();
    this.#options = options;
    this.own(onDispose(() => this.#waiting.forEach((timer) => clearTimeout(timer))));
  }

  changed(row?: Row): void {
    this.#options.tell(row);
    for (const one of this.#options.unfolded(row)) this.#wait(one, 1);
  }

  /** VS Code asks what is below a row; undefined: at the top. */
  asked(row?: Row): void {
    clearTimeout(this.#waiting.get(row));
    this.#waiting.delete(row);
  }

  #wait(row: Row | undefined, tries: number): void {
    clearTimeout(this.#waiting.get(row));
    if (this.isDisposed) return;
    const timer = setTimeout(() => this.#again(row, tries), PATIENCE_MS * 2 ** (tries - 1));
    this.#waiting.set(row, timer);
  }

  #again(row: Row | undefined, tries: number): void {
    this.#waiting.delete(row);
    if (tries === TRIES || !this.#options.unfolded(row).includes(row)) return;
    this.#options.tell(row);
    this.#wait(row, tries + 1);
  }
}
