import type { GridColumn, GridRow } from '../../src/protocol/grid.ts';
import { CHUNK, type GridSource } from './grid-source.ts';

/** Letters typed after a longer pause begin a new word. */
const PAUSE_MS = 900;

/** Finds the next row that begins with what is typed, wherever in the grid it is. */
export class TypeAhead {
  readonly #source: GridSource;
  #typed = '';
  #last = Number.NEGATIVE_INFINITY;
  #search: AbortController | undefined;

  constructor(source: GridSource) {
    this.#source = source;
  }

  /** Whether letters are being typed, so that a space belongs to them. */
  active(now: number): boolean {
    return this.#typed !== '' && now - this.#last < PAUSE_MS;
  }

  reset(): void {
    this.#typed = '';
    this.#search?.abort();
  }

  /**
   * @param from row with the focus, -1 for none
   * @returns position of the row found, undefined where there is none or more was typed in the meantime
   */
  async type(text: string, now: number, from: number): Promise<number | undefined> {
    const typed = this.active(now) ? this.#typed + text : text;
    // The same letter again and again goes from match to match.
    const needle = [...typed].every((letter) => letter === text) ? text : typed;
    const start = needle === text ? from + 1 : Math.max(0, from);
    this.#typed = typed;
    this.#last = now;
    this.#search?.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    try {
      const rows = this.#source.facts?.visible ?? 0;
      return (
        (await this.#find(needle.toLowerCase(), start, rows, signal)) ??
        (await this.#find(needle.toLowerCase(), 0, Math.min(start, rows), signal))
      );
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  async #find(needle: string, start: number, end: number, signal: AbortSignal): Promise<number | undefined> {
    for (let at = start; at < end; at += CHUNK) {
      const rows = await this.#source.load(at, Math.min(end, at + CHUNK), signal);
      if (signal.aborted) return undefined;
      const found = rows.findIndex((row) => labelOf(row, this.#source.columns).toLowerCase().startsWith(needle));
      if (found >= 0) return at + found;
      if (rows.length === 0) return undefined;
    }
    return undefined;
  }
}

/** What names a row: its cell in the tree's column, else in the first. */
export function labelOf(row: GridRow, columns: readonly GridColumn[]): string {
  const tree = columns.findIndex((column) => column.tree === true);
  return String(row.cells[Math.max(0, tree)]?.value ?? '');
}
