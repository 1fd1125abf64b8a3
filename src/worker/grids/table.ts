import type { FilterField } from '../../protocol/filter.ts';
import type { CellValue, GridCell, GridColumn } from '../../protocol/grid.ts';

/** A column, and how its cells come out of a row. */
export interface Column<Row> extends GridColumn {
  /** What is filtered, copied and, unless `sortBy` differs, sorted by. Never a secret. */
  value(row: Row): CellValue;
  sortBy?(row: Row): CellValue;
  /** How the cell looks, where it is more than its value. */
  cell?(row: Row): GridCell;
}

/** A field that only the filter box knows. */
export interface HiddenField<Row> extends FilterField {
  value(row: Row): CellValue;
}

/** What kind of table it is, whatever rows it has. */
export interface TableKind<Row> {
  readonly columns: readonly Column<Row>[];
  readonly hidden: readonly HiddenField<Row>[];
  /** Where the file view has what the row stands for, and whether an editor can show it. */
  file?(row: Row): { readonly path?: string; readonly openable?: boolean };
  /** Whether the row concerns a process. Absent where rows are not about processes. */
  concerns?(row: Row, pid: number): boolean;
  /** The row is there only to hold others: it is no match and does not count. */
  isContext?(row: Row): boolean;
}

/** No row above: at the top of the tree. */
export const TOP = -1;

/**
 * The rows of one state of a checkpoint, as a tree. Rows are numbered in their default order, parents before children;
 * a parent that would come later is none, so that no damage can make a ring.
 */
export class Table<Row> {
  readonly kind: TableKind<Row>;
  readonly rows: readonly Row[];
  /** Columns first, then hidden fields. */
  readonly fields: readonly (Column<Row> | HiddenField<Row>)[];
  /** Numbers of the rows above, or TOP. */
  readonly parents: Int32Array;
  readonly depths: Uint16Array;
  /** Children of row `n` stand in `children` from `starts[n + 1]` to `starts[n + 2]`; those of TOP first. */
  readonly starts: Int32Array;
  readonly children: Int32Array;
  /** Rows that are no mere context. */
  readonly total: number;
  /** By row. */
  readonly ids: readonly string[];
  #numbers: Map<string, number> | undefined;

  /**
   * @param ids of the rows; no two are the same
   * @param parentOf the number of the row above, or TOP
   */
  constructor(
    kind: TableKind<Row>,
    rows: readonly Row[],
    ids: readonly string[],
    parentOf: (row: Row, number: number) => number,
  ) {
    this.kind = kind;
    this.rows = rows;
    this.ids = ids;
    this.fields = [...kind.columns, ...kind.hidden];
    this.parents = new Int32Array(rows.length);
    this.depths = new Uint16Array(rows.length);
    this.starts = new Int32Array(rows.length + 2);
    this.children = new Int32Array(rows.length);
    let total = 0;
    rows.forEach((row, number) => {
      const wanted = parentOf(row, number);
      const parent = wanted >= 0 && wanted < number ? wanted : TOP;
      this.parents[number] = parent;
      this.depths[number] = parent === TOP ? 0 : Math.min(0xffff, at(this.depths, parent) + 1);
      this.starts[parent + 2] = at(this.starts, parent + 2) + 1;
      if (!kind.isContext?.(row)) total++;
    });
    this.total = total;
    this.#placeChildren();
  }

  row(number: number): Row {
    const row = this.rows[number];
    if (row === undefined) throw new RangeError(`There is no row ${String(number)}.`);
    return row;
  }

  numberOf(id: string): number | undefined {
    this.#numbers ??= new Map(this.ids.map((known, number) => [known, number]));
    return this.#numbers.get(id);
  }

  idOf(number: number): string {
    return this.ids[number] ?? '';
  }

  hasChildren(number: number): boolean {
    return at(this.starts, number + 2) > at(this.starts, number + 1);
  }

  /** Turns the counts in `starts` into places, and puts every row where its parent's children stand. */
  #placeChildren(): void {
    for (let index = 1; index < this.starts.length; index++) {
      this.starts[index] = at(this.starts, index) + at(this.starts, index - 1);
    }
    const next = this.starts.slice();
    this.parents.forEach((parent, number) => {
      const place = at(next, parent + 1);
      this.children[place] = number;
      next[parent + 1] = place + 1;
    });
  }
}

/** Only damage brings two rows of one id; the later ones are named apart. */
export function uniqueIds(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return ids.map((id, number) => {
    const unique = seen.has(id) ? apart(id, number) : id;
    seen.add(unique);
    return unique;
  });
}

/** An id for one of several rows of the same name: no name holds a NUL. */
export function apart(id: string, number: number): string {
  return `${id}\u0000${String(number)}`;
}

/** An element that is known to be there. */
export function at(numbers: Int32Array | Uint16Array | Uint8Array, index: number): number {
  return numbers[index] ?? 0;
}
