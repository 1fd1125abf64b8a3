import type { GridRow, GridWindow } from '../../src/protocol/grid.ts';

/** Rows kept around what is in view; enough for a few screens each way. */
const KEEP = 1_500;

/** The rows of one query that have come so far, by position. */
export class RowCache {
  readonly #rows = new Map<number, GridRow>();

  get(index: number): GridRow | undefined {
    return this.#rows.get(index);
  }

  put(window: GridWindow): void {
    window.rows.forEach((row, offset) => this.#rows.set(window.start + offset, row));
  }

  /** Position of a row that is here. */
  indexOf(id: string): number | undefined {
    for (const [index, row] of this.#rows) if (row.id === id) return index;
    return undefined;
  }

  /** The smallest run that holds every missing row from `start` to `end` (excluded). */
  missing(start: number, end: number): { readonly start: number; readonly end: number } | undefined {
    let first = start;
    while (first < end && this.#rows.has(first)) first++;
    if (first >= end) return undefined;
    let last = end - 1;
    while (this.#rows.has(last)) last--;
    return { start: first, end: last + 1 };
  }

  /** Forgets rows far from the given ones. */
  trim(start: number, end: number): void {
    if (this.#rows.size <= 2 * KEEP + end - start) return;
    for (const index of this.#rows.keys()) {
      if (index < start - KEEP || index >= end + KEEP) this.#rows.delete(index);
    }
  }
}
