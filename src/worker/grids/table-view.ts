import { fold, parseFilter, searchableText, type Filter, type FilterRow } from '../../protocol/filter.ts';
import type { CellValue, GridCell, GridColumn, GridQuery, GridRow, GridWindow } from '../../protocol/grid.ts';
import { compareKeys, sortKey, type SortKey } from './natural-order.ts';
import { at, TOP, type Table } from './table.ts';

/** A page shows a few dozen rows and fetches a few hundred ahead. */
const MAX_WINDOW = 1000;

/** No column is wide enough for more. UTF-16 units. */
const MAX_TEXT = 2000;

/** How many filters, orders and lists are kept: as many as a person goes back and forth between. */
const KEEP = 4;

/** The row matches; something below it does. */
const MATCHES = 1;
const HOLDS_MATCH = 2;

interface Matches {
  /** Per row. */
  readonly flags: Uint8Array;
  readonly count: number;
}

/** The rows to scroll over, from the first to the last. */
interface List {
  readonly rows: Int32Array;
  /** Of each, its 1-based position among the siblings that are shown. */
  readonly positions: Int32Array;
  /** How many children each row (at its number + 1; the top at 0) shows. */
  readonly shown: Int32Array;
  readonly matched: number;
  readonly filtered: Matches | undefined;
  readonly folded: Uint8Array | undefined;
}

type View = Pick<GridQuery, 'filter' | 'sort' | 'toggled' | 'pid'>;

/**
 * Filtered, sorted and folded windows of a table. All rows are unfolded unless the query says otherwise; a row that does
 * not match is shown where something below it does. What is worked out once is kept for the next window.
 */
export class TableView<Row> {
  readonly #table: Table<Row>;
  readonly #columns: readonly GridColumn[];
  readonly #filters = new Recent<Matches | undefined>(KEEP);
  readonly #orders = new Recent<Int32Array>(KEEP);
  readonly #lists = new Recent<List>(KEEP);
  readonly #texts: (string | undefined)[] = [];

  constructor(table: Table<Row>) {
    this.#table = table;
    this.#columns = table.kind.columns.map(plainColumn);
  }

  window(query: GridQuery): Omit<GridWindow, 'remark' | 'complete'> {
    const table = this.#table;
    const { list, toggled, start, end } = this.#place(query);
    const revealed = query.reveal === undefined ? undefined : table.numberOf(query.reveal);
    return {
      columns: this.#columns,
      total: table.total,
      matched: list.matched,
      visible: list.rows.length,
      start,
      rows: Array.from(list.rows.subarray(start, end), (number, offset) => this.#row(number, start + offset, list)),
      ...(query.find && { found: this.#find(list.rows, query.find) }),
      ...(query.reveal !== undefined && { revealed: revealed === undefined ? -1 : list.rows.indexOf(revealed) }),
      ...(toggled && { toggled }),
    };
  }

  /** Which rows a window shows, by number. */
  numbers(query: GridQuery): readonly number[] {
    const { list, start, end } = this.#place(query);
    return [...list.rows.subarray(start, end)];
  }

  #place(query: GridQuery): { list: List; toggled: readonly string[] | undefined; start: number; end: number } {
    const toggled = query.reveal === undefined ? undefined : this.#unfoldAbove(query.reveal, query.toggled);
    const list = this.#list(toggled ? { ...query, toggled } : query);
    const start = Math.min(whole(query.start), list.rows.length);
    const end = Math.min(start + Math.min(whole(query.count), MAX_WINDOW), list.rows.length);
    return { list, toggled, start, end };
  }

  /**
   * Rows to copy, in the order of the view, whether folded away or not: those of the given ids, or all that match.
   */
  select(query: View, ids?: readonly string[]): readonly Row[] {
    const order = this.#flatten(this.#order(query.sort), undefined, undefined).rows;
    if (ids) {
      const wanted = new Set(ids.map((id) => this.#table.numberOf(id)));
      return Array.from(
        order.filter((number) => wanted.has(number)),
        (number) => this.#table.row(number),
      );
    }
    const matches = this.#matches(query);
    return Array.from(
      order.filter((number) => (matches ? (at(matches.flags, number) & MATCHES) !== 0 : !this.#isContext(number))),
      (number) => this.#table.row(number),
    );
  }

  #row(number: number, place: number, list: List): GridRow {
    const { kind, parents, depths } = this.#table;
    const row = this.#table.row(number);
    const parent = at(parents, number);
    const flags = list.filtered ? at(list.filtered.flags, number) : MATCHES | HOLDS_MATCH;
    const expandable = this.#table.hasChildren(number) && (flags & HOLDS_MATCH) !== 0;
    const context = (flags & MATCHES) === 0 || this.#isContext(number);
    const file = kind.file?.(row);
    return {
      id: this.#table.idOf(number),
      depth: at(depths, number),
      expandable,
      expanded: expandable && list.folded?.[number] !== 1,
      position: at(list.positions, place),
      siblings: at(list.shown, parent + 1),
      ...(parent !== TOP && { parent: this.#table.idOf(parent) }),
      ...(context && { context }),
      ...(file?.path !== undefined && { path: file.path }),
      ...(file?.openable && { openable: true }),
      cells: kind.columns.map((column) => shorten(column.cell?.(row) ?? { value: column.value(row) })),
    };
  }

  /** As a person types ahead: by what the cell shows, upper or lower case alike. */
  #find(rows: Int32Array, { text, from }: NonNullable<GridQuery['find']>): number {
    const { columns } = this.#table.kind;
    const column = columns.find(({ tree }) => tree) ?? columns[0];
    if (!column) return -1;
    const begin = fold(text);
    const start = Math.min(whole(from), rows.length);
    for (let step = 0; step < rows.length; step++) {
      const place = (start + step) % rows.length;
      const row = this.#table.row(at(rows, place));
      const { value } = column.cell?.(row) ?? { value: column.value(row) };
      if (value !== null && fold(String(value)).startsWith(begin)) return place;
    }
    return -1;
  }

  #isContext(number: number): boolean {
    return this.#table.kind.isContext?.(this.#table.row(number)) ?? false;
  }

  /** The toggled rows without those above the given one; undefined where none of them is folded. */
  #unfoldAbove(id: string, toggled: readonly string[]): readonly string[] | undefined {
    const number = this.#table.numberOf(id);
    if (number === undefined || toggled.length === 0) return undefined;
    const above = new Set<string>();
    for (let parent = at(this.#table.parents, number); parent !== TOP; parent = at(this.#table.parents, parent)) {
      above.add(this.#table.idOf(parent));
    }
    const left = toggled.filter((other) => !above.has(other));
    return left.length < toggled.length ? left : undefined;
  }

  #list(view: View): List {
    const { filter, sort, toggled, pid } = view;
    const key = [filter, sort?.column, sort?.descending, pid, ...toggled].join('\u0000');
    return this.#lists.get(key, () => this.#flatten(this.#order(sort), this.#matches(view), this.#folded(toggled)));
  }

  #folded(toggled: readonly string[]): Uint8Array | undefined {
    if (toggled.length === 0) return undefined;
    const folded = new Uint8Array(this.#table.rows.length);
    for (const id of toggled) {
      const number = this.#table.numberOf(id);
      if (number !== undefined) folded[number] = 1;
    }
    return folded;
  }

  /** Walks the tree without recursion: its depth is the archive's to choose. */
  #flatten(children: Int32Array, filtered: Matches | undefined, folded: Uint8Array | undefined): List {
    const { starts, parents, rows, total } = this.#table;
    const visible = new Int32Array(rows.length);
    const positions = new Int32Array(rows.length);
    const shown = new Int32Array(rows.length + 1);
    const next = starts.slice();
    let length = 0;
    for (let parent = TOP; ;) {
      const place = at(next, parent + 1);
      if (place === at(starts, parent + 2)) {
        if (parent === TOP) break;
        parent = at(parents, parent);
        continue;
      }
      next[parent + 1] = place + 1;
      const row = at(children, place);
      if (filtered && at(filtered.flags, row) === 0) continue;
      visible[length] = row;
      shown[parent + 1] = at(shown, parent + 1) + 1;
      positions[length] = at(shown, parent + 1);
      length++;
      if (folded?.[row] !== 1) parent = row;
    }
    return {
      rows: visible.subarray(0, length),
      positions,
      shown,
      matched: filtered?.count ?? total,
      filtered,
      folded,
    };
  }

  /** Undefined where neither filter nor subject hides anything. */
  #matches({ filter: text, pid }: View): Matches | undefined {
    const subject = this.#table.kind.concerns ? pid : undefined;
    return this.#filters.get(`${String(subject)} ${text}`, () => {
      const filter = parseFilter(text, this.#table.fields);
      return filter.empty && subject === undefined ? undefined : this.#match(filter, subject);
    });
  }

  #match(filter: Filter, subject: number | undefined): Matches {
    const { kind, rows, parents } = this.#table;
    const isOther = (number: number) => subject !== undefined && !kind.concerns?.(this.#table.row(number), subject);
    const flags = new Uint8Array(rows.length);
    let count = 0;
    for (let number = 0; number < rows.length; number++) {
      if (this.#isContext(number) || isOther(number) || !filter.matches(this.#filterRow(number))) continue;
      flags[number] = at(flags, number) | MATCHES;
      count++;
      for (let parent = at(parents, number); parent !== TOP; parent = at(parents, parent)) {
        if ((at(flags, parent) & HOLDS_MATCH) !== 0) break;
        flags[parent] = at(flags, parent) | HOLDS_MATCH;
      }
    }
    return { flags, count };
  }

  #filterRow(number: number): FilterRow {
    const { fields } = this.#table;
    const row = this.#table.row(number);
    const value = (index: number): CellValue => fields[index]?.value(row) ?? null;
    return {
      value,
      text: () => (this.#texts[number] ??= searchableText(fields, value)),
    };
  }

  /** The children of every row, sorted among each other; equal ones keep their default order. */
  #order(sort: GridQuery['sort']): Int32Array {
    const { columns } = this.#table.kind;
    const column = sort && columns.find((candidate) => candidate.id === sort.column);
    if (!column) return this.#table.children;
    return this.#orders.get(`${column.id} ${String(sort.descending)}`, () => {
      const keys = this.#table.rows.map((row) => sortKey((column.sortBy ?? column.value)(row), column.kind));
      return this.#sorted(keys, sort.descending ? -1 : 1);
    });
  }

  #sorted(keys: readonly SortKey[], direction: 1 | -1): Int32Array {
    const { starts, children } = this.#table;
    const sorted = children.slice();
    const compare = (a: number, b: number) => {
      const left = keys[a] ?? null;
      const right = keys[b] ?? null;
      if (left === null || right === null) return left === right ? a - b : left === null ? 1 : -1;
      return direction * compareKeys(left, right) || a - b;
    };
    for (let parent = 0; parent + 1 < starts.length; parent++) {
      const from = at(starts, parent);
      const to = at(starts, parent + 1);
      if (to - from > 1) sorted.subarray(from, to).sort(compare);
    }
    return sorted;
  }
}

/** Without the functions, which cannot be sent. */
export function plainColumn({ id, label, kind, flex, width, tree }: GridColumn): GridColumn {
  return {
    id,
    label,
    kind,
    ...(flex !== undefined && { flex }),
    ...(width !== undefined && { width }),
    ...(tree !== undefined && { tree }),
  };
}

/** A command line may be megabytes long; the detail and the copy have all of it. */
export function shorten(cell: GridCell): GridCell {
  const { value, title } = cell;
  const valueIsLong = typeof value === 'string' && value.length > MAX_TEXT;
  const titleIsLong = title !== undefined && title.length > MAX_TEXT;
  if (!valueIsLong && !titleIsLong) return cell;
  return {
    ...cell,
    ...(valueIsLong && { value: `${value.slice(0, MAX_TEXT)}…` }),
    ...(titleIsLong && { title: `${title.slice(0, MAX_TEXT)}…` }),
  };
}

function whole(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}

/** Keeps the results that were asked for last. */
class Recent<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string, make: () => Value): Value {
    const known = this.#values.has(key);
    const value = known ? (this.#values.get(key) as Value) : make();
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.#limit) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) this.#values.delete(oldest);
    }
    return value;
  }
}
