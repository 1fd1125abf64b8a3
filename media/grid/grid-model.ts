import type { GridRow } from '../../src/protocol/grid.ts';
import type { GridState } from '../state/persisted.ts';
import type { Anchor, GridSource, GridView, Replaced } from './grid-source.ts';
import { type Move, moveTo } from './keys.ts';
import {
  isSelected,
  NOTHING,
  selectEverything,
  selectOne,
  selectRange,
  type Selection,
  toggleOne,
} from './selection.ts';
import { TypeAhead } from './type-ahead.ts';
import { Viewport } from './viewport.ts';

/** Where the model keeps what the person did. */
export interface GridMemory {
  get(): GridState;
  set(patch: Partial<GridState>): void;
}

/** A range that Shift spans is fetched row by row: more than this many are not selected one by one. */
export const MAX_RANGE = 20_000;

/**
 * One grid's behaviour without its looks: which row has the focus, what is selected, what is in view, and how keys,
 * folding, sorting, filtering and new data change that. The view draws it and tells it what is in view.
 */
export class GridModel {
  readonly source: GridSource;
  readonly #memory: GridMemory;
  readonly #firstRow: boolean;
  /** Position of the row with the focus; undefined while it is not known or a filter hides that row. */
  #focus: number | undefined;
  /** The row with the focus has not come yet: which one it is will be remembered when it has. */
  #unnamed = false;
  #selection: Selection;
  readonly #viewport: Viewport;
  #waiting: AbortController | undefined;
  #started = false;
  readonly #typeAhead = new TypeAhead();
  readonly #listeners = new Set<() => void>();

  /** @param firstRow whether the first row is selected where nothing is yet, so that there is a detail to see */
  constructor(source: GridSource, memory: GridMemory, firstRow = false) {
    this.source = source;
    this.#memory = memory;
    this.#firstRow = firstRow;
    const state = memory.get();
    this.#selection = { ids: new Set(state.selected), everything: state.everything };
    this.#viewport = new Viewport(state.top);
    source.subscribe(() => this.#arrived());
  }

  get focus(): number | undefined {
    return this.#focus;
  }

  get rows(): number {
    return this.source.facts?.visible ?? 0;
  }

  isSelected(row: GridRow): boolean {
    return isSelected(this.#selection, row.id);
  }

  /** How many rows are selected, as far as the person is concerned. */
  get selectedCount(): number {
    return this.#selection.everything ? (this.source.facts?.matched ?? 0) : this.#selection.ids.size;
  }

  /** Ids to copy; undefined stands for every row that matches. */
  selectedIds(): readonly string[] | undefined {
    if (this.#selection.everything) return undefined;
    if (this.#selection.ids.size > 0) return [...this.#selection.ids];
    const { focus } = this.#memory.get();
    return focus === undefined ? [] : [focus];
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The view is there: asks for the first rows where they were left off, or shows those that have come already. */
  start(): void {
    if (this.#started) {
      this.#viewport.comeBack();
      return;
    }
    this.#started = true;
    const { focus, top } = this.#memory.get();
    this.#viewport.scrollTo(top);
    void this.#replace(this.source.view, top, focus === undefined ? undefined : { id: focus }).then(() => {
      if (this.#firstRow && this.#memory.get().focus === undefined && this.rows > 0) void this.click(0, 'select');
    });
  }

  /** Asks again because more is known now; what is in view stays where it is. */
  refresh(): void {
    if (!this.#started) return;
    const { top, page } = this.#viewport;
    const inView = this.#focus !== undefined && this.#focus >= top && this.#focus < top + page;
    const index = inView && this.#focus !== undefined ? this.#focus : Math.ceil(top);
    const id = this.source.row(index)?.id;
    void this.#replace(this.source.view, top, id === undefined ? undefined : { id, rowsBelowTop: index - top });
  }

  setFilter(filter: string): void {
    if (filter === this.source.view.filter) return;
    this.#memory.set({ filter });
    this.#selectEverythingNoMore();
    void this.#replaceKeepingFocus({ ...this.source.view, filter });
  }

  /** Shows only rows about one process, or all. */
  setSubject(pid: number | undefined): void {
    const { pid: old, ...view } = this.source.view;
    if (pid === old) return;
    this.#selectEverythingNoMore();
    const next = { ...view, ...(pid !== undefined && { pid }) };
    if (this.#started) void this.#replaceKeepingFocus(next);
    else this.source.view = next;
  }

  /** Shows the rows of another thing, where there is a grid for each of several; what was done in the old one is over. */
  setOf(of: string): void {
    if (of === this.source.view.of) return;
    const first = this.source.view.of === undefined;
    const next = { ...this.source.view, of };
    if (!first) {
      this.#focus = undefined;
      this.#unnamed = false;
      this.#viewport.forget();
      this.#memory.set({ focus: undefined, top: 0, toggled: [] });
      this.#select(NOTHING);
      next.toggled = [];
    }
    if (this.#started) void this.#replaceKeepingFocus(next);
    else this.source.view = next;
  }

  /** Sorts by a column: upward, then downward, then in the grid's own order again. */
  sortBy(column: string): void {
    const { sort, ...view } = this.source.view;
    const next =
      sort?.column !== column
        ? { column, descending: false }
        : sort.descending
          ? undefined
          : { column, descending: true };
    this.#memory.set({ sort: next });
    void this.#replaceKeepingFocus({ ...view, ...(next && { sort: next }) });
  }

  /** Folds or unfolds a row; the focus moves to it if it was on a row that is folded away. */
  async toggle(index: number): Promise<void> {
    const row = this.source.row(index);
    if (!row?.expandable) return;
    const { toggled, ...view } = this.source.view;
    const next = toggled.includes(row.id) ? toggled.filter((id) => id !== row.id) : [...toggled, row.id];
    const before = this.rows;
    this.#memory.set({ toggled: next });
    const replaced = await this.#replace({ ...view, toggled: next }, this.#viewport.top, undefined);
    if (!replaced || this.#focus === undefined || this.#focus <= index) return;
    const added = this.rows - before;
    if (this.#focus <= index - added) this.setFocus(index);
    else this.#focus += added;
    this.#notify();
  }

  /** Shows a row wherever it is, with the focus on it, and selects it. False where the filter hides it. */
  async reveal(id: string): Promise<boolean> {
    this.#started = true;
    this.#memory.set({ focus: id });
    this.#select(selectOne(id));
    const { top, page } = this.#viewport;
    const middle = Math.max(0, Math.floor(page / 2) - 1);
    const known = this.source.known(id);
    const inView = known !== undefined && known >= top && known < top + page - 1;
    const rowsBelowTop = inView ? known - top : middle;
    const replaced = await this.#replace(this.source.view, top, { id, rowsBelowTop });
    return replaced?.anchor !== -1;
  }

  /** No row has the focus any more, because there is no such row. */
  forgetFocus(): void {
    this.#focus = undefined;
    this.#unnamed = false;
    this.#memory.set({ focus: undefined });
    this.#select(NOTHING);
  }

  /** Moves the focus as a key asks. */
  async move(to: Move, how: 'select' | 'extend' | 'focus'): Promise<void> {
    const from = await this.#locateFocus();
    if (this.rows === 0) return;
    const index =
      from === undefined ? (to === 'last' ? this.rows - 1 : 0) : moveTo(to, from, this.rows, this.#viewport.page);
    const anchor = this.#selection.anchor ?? this.#memory.get().focus;
    this.setFocus(index);
    if (how === 'select') await this.#selectFocused();
    else if (how === 'extend') await this.#extend(anchor, index);
  }

  /** Puts the focus on a row, brings it into view, and remembers it as soon as it is known which row that is. */
  setFocus(index: number): void {
    this.#focus = index;
    this.#unnamed = true;
    this.#viewport.bring(index);
    this.#rememberFocus();
    this.#notify();
  }

  /** A click: with Ctrl the row joins or leaves the selection, with Shift the selection reaches to it. */
  async click(index: number, how: 'select' | 'toggle' | 'extend'): Promise<void> {
    this.#typeAhead.reset();
    const row = this.source.row(index);
    if (!row) return;
    const anchor = this.#selection.anchor ?? this.#memory.get().focus;
    this.setFocus(index);
    if (how === 'select') this.#select(selectOne(row.id));
    else if (how === 'toggle') this.#select(toggleOne(this.#selection, row.id));
    else await this.#extend(anchor, index);
  }

  toggleFocused(): void {
    const row = this.focusedRow;
    if (row) this.#select(toggleOne(this.#selection, row.id));
  }

  selectAll(): void {
    this.#select(selectEverything(this.#selection));
  }

  /** Back to the row with the focus alone. False where there was nothing to take back. */
  clearSelection(): boolean {
    if (!this.#selection.everything && this.#selection.ids.size <= 1) return false;
    const row = this.focusedRow;
    this.#select(row ? selectOne(row.id) : NOTHING);
    return true;
  }

  /** Left: folds, or goes to the parent. */
  async fold(): Promise<void> {
    const index = await this.#locateFocus();
    const row = index === undefined ? undefined : this.source.row(index);
    if (index === undefined || !row) return;
    if (row.expandable && row.expanded) return this.toggle(index);
    if (row.parent === undefined) return;
    const parent = await this.#find(row.parent);
    if (parent === undefined) return;
    this.setFocus(parent);
    await this.#selectFocused();
  }

  /** Right: unfolds, or goes to the first child. */
  async unfold(): Promise<void> {
    const index = await this.#locateFocus();
    const row = index === undefined ? undefined : this.source.row(index);
    if (index === undefined || !row?.expandable) return;
    if (row.expanded) await this.move('down', 'select');
    else await this.toggle(index);
  }

  /** Typed letters lead to the next row that begins with them. */
  async type(text: string, now: number): Promise<void> {
    const search = this.#typeAhead.type(text, now, this.#focus ?? -1);
    const found = await this.#wait((signal) => this.source.search(search, signal));
    if (found === undefined || found < 0) return;
    this.setFocus(found);
    await this.#selectFocused();
  }

  get typing(): boolean {
    return this.#typeAhead.active(Date.now());
  }

  get focusedRow(): GridRow | undefined {
    return this.#focus === undefined ? undefined : this.source.row(this.#focus);
  }

  /** The view says what it shows: `top` in rows with a fraction, `page` whole rows. */
  scrolled(top: number, page: number): void {
    this.#viewport.scrolled(top, page);
    this.source.show(Math.floor(top), Math.ceil(top) + page + 1);
  }

  /** The view's call after scrolling has come to rest. */
  rested(): void {
    this.#memory.set({ top: this.#viewport.top });
  }

  /** Where the view shall scroll to, once. */
  takeScroll(): number | undefined {
    return this.#viewport.takeScroll();
  }

  async #replaceKeepingFocus(view: GridView): Promise<void> {
    const { focus } = this.#memory.get();
    if (focus === undefined) {
      this.#viewport.scrollTo(0);
      await this.#replace(view, 0, undefined);
      return;
    }
    const { top, page } = this.#viewport;
    const below = this.#focus === undefined ? 0 : this.#focus - top;
    const rowsBelowTop = below >= 0 && below < page ? below : Math.floor(page / 2);
    const replaced = await this.#replace(view, 0, { id: focus, rowsBelowTop });
    if (replaced?.anchor !== -1) return;
    this.#viewport.scrollTo(0);
    this.#notify();
  }

  async #replace(view: GridView, start: number, anchor: Anchor | undefined): Promise<Replaced | undefined> {
    this.#typeAhead.reset();
    this.#unnamed = false;
    const replaced = await this.source.replace(view, start, anchor);
    if (!replaced) return undefined;
    if (replaced.toggled) this.#memory.set({ toggled: replaced.toggled });
    const { anchor: at } = replaced;
    if (at !== undefined && anchor) {
      if (anchor.id === this.#memory.get().focus) this.#focus = at < 0 ? undefined : at;
      else this.#focus = this.#focus === undefined ? undefined : this.source.known(this.#memory.get().focus ?? '');
      if (at >= 0 && anchor.rowsBelowTop !== undefined) this.#viewport.scrollTo(Math.max(0, at - anchor.rowsBelowTop));
    }
    this.#notify();
    return replaced;
  }

  /** The focus by position, looked up where only its id is known. */
  async #locateFocus(): Promise<number | undefined> {
    if (this.#focus !== undefined) return this.#focus;
    const { focus } = this.#memory.get();
    if (focus === undefined) return undefined;
    this.#focus = await this.#find(focus);
    return this.#focus;
  }

  async #find(id: string): Promise<number | undefined> {
    const known = this.source.known(id);
    if (known !== undefined) return known;
    const found = await this.#wait((signal) => this.source.find(id, signal));
    return found === undefined || found < 0 ? undefined : found;
  }

  async #selectFocused(): Promise<void> {
    const index = this.#focus;
    if (index === undefined) return;
    const row =
      this.source.row(index) ?? (await this.#wait((signal) => this.source.load(index, index + 1, signal)))?.[0];
    if (row && this.#focus === index) this.#select(selectOne(row.id));
  }

  async #extend(anchor: string | undefined, index: number): Promise<void> {
    const from = anchor === undefined ? index : ((await this.#find(anchor)) ?? index);
    const start = Math.min(from, index);
    const end = Math.min(Math.max(from, index) + 1, start + MAX_RANGE);
    const rows = await this.#wait((signal) => this.source.load(start, end, signal));
    if (!rows) return;
    const ids = rows.map((row) => row.id);
    this.#select({ ...selectRange(this.#selection, ids), ...(anchor !== undefined && { anchor }) });
  }

  /** Waits for something that the next wish overtakes; undefined if it was. */
  async #wait<Value>(ask: (signal: AbortSignal) => Promise<Value>): Promise<Value | undefined> {
    this.#waiting?.abort();
    const controller = new AbortController();
    this.#waiting = controller;
    try {
      return await ask(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    }
  }

  #select(selection: Selection): void {
    this.#selection = selection;
    this.#memory.set({ selected: [...selection.ids], everything: selection.everything });
    this.#notify();
  }

  #selectEverythingNoMore(): void {
    if (this.#selection.everything) this.#select(NOTHING);
  }

  #arrived(): void {
    this.#rememberFocus();
    this.#notify();
  }

  #rememberFocus(): void {
    const row = this.#unnamed ? this.focusedRow : undefined;
    if (!row) return;
    this.#unnamed = false;
    if (row.id !== this.#memory.get().focus) this.#memory.set({ focus: row.id });
  }

  #notify(): void {
    this.#listeners.forEach((listener) => listener());
  }
}
