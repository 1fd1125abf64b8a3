import { createContext } from 'preact';
import { escapeText } from '../src/protocol/format.ts';
import { recoverFocus } from './focus.ts';
import { HashTask } from './state/hash.ts';
import { t, tn } from './text.ts';
import { useContext } from 'preact/hooks';
import type { Progress } from '../src/protocol/checkpoint-api.ts';
import { GRIDS, type GridName } from '../src/protocol/grid.ts';
import { spotOf, type Place, type Spot, type TabName } from '../src/protocol/place.ts';
import { GridModel } from './grid/grid-model.ts';
import { GridSource } from './grid/grid-source.ts';
import type { Host, HostConnection } from './host.ts';
import { SearchModel } from './search/search-model.ts';
import { here, settle, startHistory, step, visit, type History } from './state/history.ts';
import { restoreState, type GridState, type PageState, type TabState } from './state/persisted.ts';
import { createStore, type Store } from './state/store.ts';
import { gridOf, NOTHING_FIRST, OF_PROCESS, rowsOf } from './state/tabs.ts';

const SAVE_AFTER_MS = 250;

/** What the whole page shares: the host, what the person did, where they have been, and one model for each grid. */
export class Session {
  readonly host: Host;
  readonly page: Store<PageState>;
  readonly history: Store<History>;
  /** The newest progress of each task; one that is finished is taken out. */
  readonly progress = createStore<Readonly<Partial<Record<Progress['task'], Progress>>>>({});
  /** Counts up whenever more is known of the checkpoint. */
  readonly version = createStore(0);
  /** What a screen reader shall say. */
  readonly announcement = createStore('');
  /** The last thing that was asked for and failed, until the next. */
  readonly failure = createStore<unknown>(undefined);
  readonly grids: Readonly<Record<GridName, GridModel>>;
  readonly hash: HashTask;
  readonly search: SearchModel;
  /** Counts up whenever something was read for the first time: then there may be more notes. */
  readonly read = createStore(0);

  constructor(connection: HostConnection) {
    this.host = connection.host;
    this.page = createStore(restoreState(connection.remembered));
    this.history = createStore(startHistory(this.#place()));
    this.grids = Object.fromEntries(GRIDS.map((name) => [name, this.#grid(name)])) as Record<GridName, GridModel>;
    this.hash = new HashTask((signal) => this.host.hash(signal), isCancelled);
    this.search = new SearchModel(this.host, this.page);
    this.#save((state) => connection.remember(state));
    this.page.subscribe(() => this.history.set(visit(this.history.get(), this.#place(), Date.now())));
    connection.on('progress', (progress) => {
      const { [progress.task]: _old, ...others } = this.progress.get();
      this.progress.set(progress.finished ? others : { ...others, [progress.task]: progress });
    });
    connection.on('changed', ({ complete }) => {
      this.version.set(this.version.get() + 1);
      if (complete) this.hash.renew();
      for (const grid of Object.values(this.grids)) grid.refresh();
    });
    connection.on('searched', (state) => this.search.told(state));
    connection.on('openSearch', () => this.search.open());
    connection.on('show', (place) => this.go(place));
    connection.on('copyRows', ({ format }) => {
      const grid = this.shownGrid();
      if (grid) this.copyRows(grid, format);
    });
  }

  /** The grid that the person is in; else that of the tab that is shown. */
  shownGrid(): GridName | undefined {
    const focused = document.activeElement?.closest<HTMLElement>('[data-grid]')?.dataset['grid'];
    return GRIDS.find((name) => name === focused) ?? gridOf(this.page.get().tab);
  }

  gridState(grid: GridName): GridState {
    return this.page.get().grids[grid];
  }

  updateGrid(grid: GridName, patch: Partial<GridState>): void {
    const page = this.page.get();
    this.page.set({ ...page, grids: { ...page.grids, [grid]: { ...page.grids[grid], ...patch } } });
  }

  updateTab(tab: TabName, patch: Partial<TabState>): void {
    const page = this.page.get();
    this.page.set({ ...page, tabs: { ...page.tabs, [tab]: { ...page.tabs[tab], ...patch } } });
  }

  showTab(tab: TabName): void {
    this.page.set({ ...this.page.get(), tab });
  }

  /** One is somewhere else in the tab now: Back leads to where one was. */
  moveTo(tab: TabName, spot: Spot | undefined): void {
    this.updateTab(tab, { spot });
  }

  /** Makes a process the subject of all tabs, or none. Where one was in another one's memory is no place in its own. */
  choose(pid: number | undefined): void {
    const page = this.page.get();
    if (page.subject === pid) return;
    const tabs = { ...page.tabs, memory: { ...page.tabs.memory, spot: undefined } };
    this.page.set({ ...page, subject: pid, tabs });
  }

  /** Follows a link: shows the tab and the row in it, without the filter or the subject if that hides the row. */
  go(place: Place): void {
    const { tab, row, pid } = place;
    if (pid !== undefined) this.search.keepScope(pid);
    const name = gridOf(tab);
    const of = rowsOf(tab, spotOf(place));
    if (name !== undefined && of !== undefined) this.grids[name].setOf(of);
    if (name !== undefined && pid !== undefined && OF_PROCESS.has(name)) this.grids[name].setOf(String(pid));
    // Who follows a link means to leave: however short one was there, Back leads to where the link was.
    this.history.set({ ...this.history.get(), since: Number.NEGATIVE_INFINITY });
    this.#goThere(place);
    if (name === undefined || row === undefined) return;
    this.run(this.#reveal(this.grids[name], row).finally(() => requestAnimationFrame(recoverFocus)));
  }

  step(direction: -1 | 1): void {
    const history = step(this.history.get(), direction);
    const place = here(history);
    if (!place) return;
    const exact = place.row !== undefined || spotOf(place) !== undefined ? place : this.#place(place.tab);
    // First the history, so that the page's change is not taken for a new place.
    this.history.set(settle(history, exact));
    // An address without a process is one of the process that is shown where none is chosen.
    const name = gridOf(exact.tab);
    if (exact.address !== undefined && exact.pid === undefined && name !== undefined && OF_PROCESS.has(name)) {
      this.choose(undefined);
    }
    this.go(exact);
  }

  copyRows(name: GridName, format: 'text' | 'json' | 'csv'): void {
    const grid = this.grids[name];
    const ids = grid.selectedIds();
    if (ids?.length === 0) return;
    const copied = ids?.length ?? grid.source.facts?.matched ?? 0;
    this.run(
      this.host
        .copy(grid.source.query(0, grid.rows), format, ids)
        .then(() => this.announce(tn(copied, '{0} row copied', '{0} rows copied'))),
    );
  }

  announce(text: string): void {
    this.announcement.set(text);
  }

  /** Does something that the person asked for; a failure is shown, a cancelled one is not. */
  run(work: Promise<unknown>): void {
    work.then(
      () => this.failure.set(undefined),
      (error: unknown) => {
        if (!isCancelled(error)) this.failure.set(error);
      },
    );
  }

  async #reveal(grid: GridModel, row: string): Promise<void> {
    grid.setSubject(this.page.get().subject);
    if (await grid.reveal(row)) return;
    grid.setFilter('');
    if (await grid.reveal(row)) return;
    this.choose(undefined);
    grid.setSubject(undefined);
    if (await grid.reveal(row)) return;
    grid.forgetFocus();
    throw new Error(t('There is no row for it: {0}', escapeText(row)));
  }

  /** Tab, row, spot and subject in one change. */
  #goThere(place: Place): void {
    const { tab, row, pid } = place;
    const page = this.page.get();
    const name = gridOf(tab);
    const spot = spotOf(place);
    this.page.set({
      ...page,
      tab,
      ...(pid !== undefined && { subject: pid }),
      ...(name !== undefined &&
        row !== undefined && { grids: { ...page.grids, [name]: { ...page.grids[name], focus: row } } }),
      // Who goes to a row means the row, and not where in the tab one was before.
      ...((spot !== undefined || row !== undefined) && { tabs: { ...page.tabs, [tab]: { ...page.tabs[tab], spot } } }),
    });
  }

  /** The subject belongs to a place only where the tab shows something of one process. */
  #place(tab = this.page.get().tab): Place {
    const { grids, tabs, subject } = this.page.get();
    const name = gridOf(tab);
    const row = name === undefined ? undefined : grids[name].focus;
    const { spot } = tabs[tab];
    return {
      tab,
      ...(row !== undefined && { row }),
      ...(spot?.address !== undefined && subject !== undefined && { pid: subject }),
      ...spot,
    };
  }

  #grid(name: GridName): GridModel {
    const { filter, sort, toggled } = this.gridState(name);
    const source = new GridSource(name, (query, signal) => this.host.grid(query, signal), {
      filter,
      toggled,
      ...(sort && { sort }),
    });
    const stop = source.subscribe(() => {
      if (!source.facts) return;
      stop();
      this.read.set(this.read.get() + 1);
    });
    const memory = {
      get: () => this.gridState(name),
      set: (patch: Partial<GridState>) => this.updateGrid(name, patch),
    };
    return new GridModel(source, memory, !NOTHING_FIRST.has(name));
  }

  #save(remember: (state: PageState) => void): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const save = () => {
      clearTimeout(timer);
      timer = undefined;
      remember(this.page.get());
    };
    this.page.subscribe(() => (timer ??= setTimeout(save, SAVE_AFTER_MS)));
    // The page goes away without notice when its tab is hidden.
    document.addEventListener('visibilitychange', () => {
      if (timer !== undefined) save();
    });
  }
}

export function isCancelled(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'reason' in error && error.reason === 'cancelled';
}

const SessionContext = createContext<Session | undefined>(undefined);
export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('There is no session around this component.');
  return session;
}
