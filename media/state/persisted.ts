import { GRIDS, type GridName } from '../../src/protocol/grid.ts';
import { isTab, TABS, type Spot, type TabName } from '../../src/protocol/place.ts';
import { NEW_SEARCH, restoreSearch, type SearchChoices } from '../search/choices.ts';
import { amount, isRecord, text } from './checked.ts';

/** What a person did in one grid. Rows are named by their ids, so that it survives rows that come and go. */
export interface GridState {
  readonly filter: string;
  readonly sort?: { readonly column: string; readonly descending: boolean } | undefined;
  /** Ids of rows folded or unfolded by hand. */
  readonly toggled: readonly string[];
  /** The row that the keyboard acts on and the detail shows. */
  readonly focus?: string | undefined;
  /** Selected rows; `everything` stands for all rows that match the filter. */
  readonly selected: readonly string[];
  readonly everything: boolean;
  /** First row in view, in rows, with its hidden fraction: 12.5 is the middle of the 13th. */
  readonly top: number;
  /** Column widths in pixels that were set by hand. */
  readonly widths: Readonly<Record<string, number>>;
}

/** What a person did in one tab, beside its grid. */
export interface TabState {
  /** What stands in the filter box of a tab that has no grid for it. */
  readonly filter: string;
  /** Pixels from the top. */
  readonly scroll: number;
  /** Where in the tab one is. */
  readonly spot?: Spot | undefined;
  /** Choices that the tab itself names. */
  readonly choices: Readonly<Record<string, string>>;
}

/**
 * What the page remembers while it is hidden or closed: only what the person did. The checkpoint's data stays in the
 * worker and is asked for again.
 */
export interface PageState {
  readonly version: typeof VERSION;
  readonly tab: TabName;
  readonly grids: Readonly<Record<GridName, GridState>>;
  readonly tabs: Readonly<Record<TabName, TabState>>;
  /** The process that all tabs are about. */
  readonly subject?: number | undefined;
  /** Share of the width, or of the height where it is below, that the grid has beside its detail. */
  readonly split: number;
  /** What is looked for, and where. */
  readonly search: SearchChoices;
}

const VERSION = 2;
const MAX_IDS = 5_000;
const MAX_CHOICES = 50;

export const MIN_SPLIT = 0.15;
export const MAX_SPLIT = 0.85;
export const DEFAULT_SPLIT = 0.6;

const NEW_GRID: GridState = { filter: '', toggled: [], selected: [], everything: false, top: 0, widths: {} };

const NEW_TAB: TabState = { filter: '', scroll: 0, choices: {} };

export const NEW_PAGE: PageState = {
  version: VERSION,
  tab: 'overview',
  grids: each(GRIDS, () => NEW_GRID),
  tabs: each(TABS, () => NEW_TAB),
  split: DEFAULT_SPLIT,
  search: NEW_SEARCH,
};

/** The remembered state, with what does not fit (another version, damage) left at its default. */
export function restoreState(raw: unknown): PageState {
  if (!isRecord(raw) || raw['version'] !== VERSION) return NEW_PAGE;
  const grids = isRecord(raw['grids']) ? raw['grids'] : {};
  const tabs = isRecord(raw['tabs']) ? raw['tabs'] : {};
  const subject = amount(raw['subject']);
  return {
    version: VERSION,
    tab: isTab(raw['tab']) ? raw['tab'] : NEW_PAGE.tab,
    grids: each(GRIDS, (name) => restoreGrid(grids[name])),
    tabs: each(TABS, (name) => restoreTab(tabs[name])),
    ...(subject !== undefined && { subject }),
    split: clampSplit(amount(raw['split']) ?? DEFAULT_SPLIT),
    search: restoreSearch(raw['search']),
  };
}

export function clampSplit(split: number): number {
  return Math.min(MAX_SPLIT, Math.max(MIN_SPLIT, split));
}

function restoreGrid(raw: unknown): GridState {
  if (!isRecord(raw)) return NEW_GRID;
  const focus = text(raw['focus']);
  const sort = raw['sort'];
  const column = isRecord(sort) ? text(sort['column']) : undefined;
  return {
    filter: text(raw['filter']) ?? '',
    ...(column !== undefined && isRecord(sort) && { sort: { column, descending: sort['descending'] === true } }),
    toggled: ids(raw['toggled']),
    ...(focus !== undefined && { focus }),
    selected: ids(raw['selected']),
    everything: raw['everything'] === true,
    top: amount(raw['top']) ?? 0,
    widths: widths(raw['widths']),
  };
}

function restoreTab(raw: unknown): TabState {
  if (!isRecord(raw)) return NEW_TAB;
  const spot = restoreSpot(raw['spot']);
  return {
    filter: text(raw['filter']) ?? '',
    scroll: amount(raw['scroll']) ?? 0,
    ...(spot && { spot }),
    choices: choices(raw['choices']),
  };
}

function restoreSpot(raw: unknown): Spot | undefined {
  if (!isRecord(raw)) return undefined;
  const address = text(raw['address']);
  const length = amount(raw['length']);
  const path = text(raw['path']);
  return {
    ...(address !== undefined && { address }),
    ...(length !== undefined && { length }),
    ...(path !== undefined && { path }),
  };
}

function choices(raw: unknown): Record<string, string> {
  if (!isRecord(raw)) return {};
  return Object.fromEntries(
    Object.entries(raw)
      .slice(0, MAX_CHOICES)
      .flatMap(([name, value]) => {
        const choice = text(value);
        return choice === undefined ? [] : [[name, choice]];
      }),
  );
}

function widths(raw: unknown): Record<string, number> {
  if (!isRecord(raw)) return {};
  return Object.fromEntries(
    Object.entries(raw).flatMap(([id, width]) => {
      const pixels = amount(width);
      return pixels === undefined ? [] : [[id, pixels]];
    }),
  );
}

function ids(raw: unknown): readonly string[] {
  return Array.isArray(raw) ? raw.slice(0, MAX_IDS).flatMap((id) => text(id) ?? []) : [];
}

function each<Name extends string, Value>(names: readonly Name[], value: (name: Name) => Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}
