import type { GridColumn, GridName, GridQuery, GridRow, GridWindow } from '../../src/protocol/grid.ts';
import { RowCache } from './row-cache.ts';

/** What the person asked of a grid: the part of a query that is not about where one looks. */
export type GridView = Pick<GridQuery, 'filter' | 'sort' | 'toggled' | 'of' | 'pid'>;

export type FetchWindow = (query: GridQuery, signal: AbortSignal) => Promise<GridWindow>;

/** What is known of the grid as a whole. */
export type GridFacts = Pick<GridWindow, 'columns' | 'total' | 'matched' | 'visible' | 'complete' | 'remark'>;

/** A row to find in the new rows, and, where `rowsBelowTop` is given, to keep that far below the upper edge of the view. */
export interface Anchor {
  readonly id: string;
  readonly rowsBelowTop?: number;
}

/** What a new query brought. */
export interface Replaced {
  /** Position of the anchor; -1 where the filter hides it, undefined where there was none. */
  readonly anchor: number | undefined;
  /** `toggled` after rows were unfolded to show the anchor. */
  readonly toggled: readonly string[] | undefined;
}

/** Rows fetched beyond what is in view, each way. */
const OVERSCAN = 80;
/** Rows asked for at once where many are needed. */
const CHUNK = 500;

const NO_COLUMNS: readonly GridColumn[] = [];

/**
 * The rows of one grid, fetched from where the checkpoint is as they come into view. At most one window is under way
 * for what is in view; while it is, the newest wish waits and replaces older ones. A new query keeps the old rows in
 * place until the first new ones are here, so that nothing flickers or jumps.
 */
export class GridSource {
  readonly #name: GridName;
  readonly #fetch: FetchWindow;
  #view: GridView;
  #cache = new RowCache();
  #facts: GridFacts | undefined;
  #error: unknown;
  /** Rows in view, end excluded. */
  #range = { start: 0, end: 0 };
  #filling: AbortController | undefined;
  #replacing: AbortController | undefined;
  /** Ends the questions for what takes longer, of rows that are no more. */
  #late = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(name: GridName, fetch: FetchWindow, view: GridView) {
    this.#name = name;
    this.#fetch = fetch;
    this.#view = view;
  }

  get view(): GridView {
    return this.#view;
  }

  /** For the time before the first question; later `replace` takes the view. */
  set view(view: GridView) {
    this.#view = view;
  }

  get columns(): readonly GridColumn[] {
    return this.#facts?.columns ?? NO_COLUMNS;
  }

  /** Undefined until the first answer. */
  get facts(): GridFacts | undefined {
    return this.#facts;
  }

  /** Why the last query failed. */
  get error(): unknown {
    return this.#error;
  }

  row(index: number): GridRow | undefined {
    return this.#cache.get(index);
  }

  /** Position of a row, if it has come already. */
  known(id: string): number | undefined {
    return this.#cache.indexOf(id);
  }

  /** Calls back whenever rows or facts changed. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says which rows are in view; those that are not here yet are fetched. */
  show(start: number, end: number): void {
    this.#range = { start, end };
    this.#fill();
  }

  /** The whole query for something that needs it, like copying. */
  query(start: number, count: number, reveal?: string): GridQuery {
    return { grid: this.#name, ...this.#view, start, count, ...(reveal !== undefined && { reveal }) };
  }

  /**
   * Asks anew, with another view or because more is known now. Resolves when the rows around the anchor (or those in
   * view) are here and have taken the place of the old ones; undefined where a newer call overtook this one.
   */
  async replace(view: GridView, start: number, anchor?: Anchor): Promise<Replaced | undefined> {
    this.#replacing?.abort();
    this.#filling?.abort();
    this.#filling = undefined;
    const controller = new AbortController();
    this.#replacing = controller;
    this.#view = view;
    const { signal } = controller;
    const rows = Math.max(1, this.#range.end - this.#range.start);
    try {
      const first = Math.max(0, Math.floor(start) - OVERSCAN);
      const count = rows + 2 * OVERSCAN;
      const window = await this.#fetch(this.query(first, count, anchor?.id), signal);
      if (window.toggled) this.#view = { ...view, toggled: window.toggled };
      const more = anchor && (await this.#around(window, anchor, rows, signal));
      if (signal.aborted) return undefined;
      this.#replacing = undefined;
      this.#accept(window, more);
      return { anchor: window.revealed, toggled: window.toggled };
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#replacing = undefined;
      this.#error = error;
      this.#notify();
      return undefined;
    }
  }

  /** Position of a row that may be anywhere, -1 where the filter hides it. Its parents are unfolded if they must be. */
  async find(id: string, signal: AbortSignal): Promise<number> {
    return this.known(id) ?? (await this.#fetch(this.query(0, 1, id), signal)).revealed ?? -1;
  }

  /** Position of the next row that begins with a text, -1 where none does. */
  async search(find: NonNullable<GridQuery['find']>, signal: AbortSignal): Promise<number> {
    return (await this.#fetch({ ...this.query(0, 1), find }, signal)).found ?? -1;
  }

  /** Rows by position, fetched where they are not here; may be fewer at the end. */
  async load(start: number, end: number, signal: AbortSignal): Promise<readonly GridRow[]> {
    const rows: GridRow[] = [];
    for (let at = start; at < end;) {
      const known = this.#cache.get(at);
      if (known) {
        rows.push(known);
        at++;
        continue;
      }
      const window = await this.#fetch(this.query(at, Math.min(CHUNK, end - at)), signal);
      rows.push(...window.rows);
      if (window.rows.length === 0) break;
      at += window.rows.length;
    }
    return rows;
  }

  dispose(): void {
    this.#replacing?.abort();
    this.#filling?.abort();
    this.#late.abort();
    this.#listeners.clear();
  }

  /** The second window, where the anchor is not in the first. */
  async #around(
    window: GridWindow,
    anchor: Anchor,
    rows: number,
    signal: AbortSignal,
  ): Promise<GridWindow | undefined> {
    if (anchor.rowsBelowTop === undefined || window.revealed === undefined || window.revealed < 0) return undefined;
    const top = Math.min(window.revealed - anchor.rowsBelowTop, Math.max(0, window.visible - rows));
    const start = Math.max(0, Math.floor(top));
    const end = Math.min(window.visible, start + rows);
    if (start >= window.start && end <= window.start + window.rows.length) return undefined;
    return this.#fetch(this.query(Math.max(0, start - OVERSCAN), rows + 2 * OVERSCAN), signal);
  }

  #accept(...windows: readonly (GridWindow | undefined)[]): void {
    this.#cache = new RowCache();
    this.#late.abort();
    this.#late = new AbortController();
    this.#error = undefined;
    for (const window of windows) {
      if (!window) continue;
      this.#learn(window);
      this.#cache.put(window);
    }
    this.#notify();
    for (const window of windows) if (window) this.#complete(window);
  }

  /** Asks for what takes longer once the rows are shown; where that fails their cells stay empty. */
  #complete(window: GridWindow): void {
    if (!window.late) return;
    const { signal } = this.#late;
    const query: GridQuery = { ...this.query(window.start, window.rows.length), late: true };
    setTimeout(() => {
      if (signal.aborted) return;
      this.#fetch(query, signal).then(
        (whole) => {
          if (signal.aborted) return;
          this.#cache.put(whole);
          this.#notify();
        },
        () => undefined,
      );
    });
  }

  /** Every answer brings the columns anew; while they are equal, the same ones stay, so that drawn rows stay too. */
  #learn(window: GridWindow): void {
    const same = JSON.stringify(window.columns) === JSON.stringify(this.#facts?.columns);
    this.#facts = same ? { ...window, columns: this.columns } : window;
  }

  #fill(): void {
    if (this.#filling || this.#replacing || !this.#facts) return;
    const { visible } = this.#facts;
    const end = Math.min(visible, this.#range.end);
    const needed = this.#cache.missing(this.#range.start, end);
    if (!needed) return;
    const controller = new AbortController();
    this.#filling = controller;
    const from = Math.max(0, this.#range.start - OVERSCAN);
    const wanted = this.#cache.missing(from, Math.min(visible, this.#range.end + OVERSCAN)) ?? needed;
    void this.#fillFrom(wanted.start, wanted.end - wanted.start, controller);
  }

  async #fillFrom(start: number, count: number, controller: AbortController): Promise<void> {
    try {
      const window = await this.#fetch(this.query(start, count), controller.signal);
      if (controller.signal.aborted) return;
      this.#learn(window);
      this.#error = undefined;
      this.#cache.put(window);
      this.#cache.trim(this.#range.start, this.#range.end);
      this.#filling = undefined;
      this.#notify();
      this.#complete(window);
      if (window.rows.length > 0) this.#fill();
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#filling = undefined;
      this.#error = error;
      this.#notify();
    }
  }

  #notify(): void {
    this.#listeners.forEach((listener) => listener());
  }
}
