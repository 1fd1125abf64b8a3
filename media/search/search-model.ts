import type { SearchState } from '../../src/protocol/search.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import type { Host } from '../host.ts';
import type { PageState } from '../state/persisted.ts';
import { createStore, type Store } from '../state/store.ts';
import { chosenPids, requestOf, scopeOf, type SearchChoices, type SearchMode, type SearchRange } from './choices.ts';
import { whatText, whereText } from './words.ts';

export type SearchHost = Pick<Host, 'searchPrepare' | 'searchStart' | 'searchState' | 'searchStop' | 'searchDrop'>;

/** The search of a page: what is chosen in it, and how the last one stands. Its results are rows of the grid `search`. */
export class SearchModel {
  /** Undefined before the first one, and where the worker has forgotten it. */
  readonly state: Store<Wire<SearchState> | undefined> = createStore<Wire<SearchState> | undefined>(undefined);
  /** Counts up whenever the panel shall have the keyboard. */
  readonly asked = createStore(0);
  readonly #host: SearchHost;
  readonly #page: Store<PageState>;

  constructor(host: SearchHost, page: Store<PageState>) {
    this.#host = host;
    this.#page = page;
  }

  get choices(): SearchChoices {
    return this.#page.get().search;
  }

  /** How what is typed is looked for. */
  get typedMode(): SearchMode {
    const { mode } = this.choices;
    return mode === 'strings' ? 'text' : mode;
  }

  change(patch: Partial<SearchChoices>): void {
    const page = this.#page.get();
    this.#page.set({ ...page, search: { ...page.search, ...patch } });
  }

  /** Opens the panel, and gives it the keyboard. */
  open(patch: Partial<SearchChoices> = {}): void {
    this.change({ ...patch, open: true });
    // Where it cannot be, the search itself says why.
    this.#host.searchPrepare().catch(() => undefined);
    this.asked.set(this.asked.get() + 1);
  }

  close(): void {
    this.change({ open: false });
  }

  /** Everything, in spite of what is chosen. */
  widen(): void {
    this.change({ range: undefined, wide: chosenPids(this.#page.get()).join(' ') });
  }

  /** Only what is chosen. */
  narrow(): void {
    this.change({ range: undefined, wide: undefined });
  }

  /** Shows what is readable in a range of a process's memory. */
  strings(range: SearchRange): Promise<void> {
    this.open({ mode: 'strings', range });
    return this.start();
  }

  /** Who follows a link to a process while everything is searched goes on to search everything. */
  keepScope(pid: number): void {
    const page = this.#page.get();
    if (!page.search.open || scopeOf(page).kind !== 'all') return;
    this.change({ wide: chosenPids({ ...page, subject: pid }).join(' ') });
  }

  /** Searches for what is chosen; the search before is over and forgotten. Nothing happens where nothing is chosen. */
  async start(): Promise<void> {
    const scope = scopeOf(this.#page.get());
    const { choices } = this;
    const request = requestOf(choices, scope);
    if (!request) return;
    this.#forget();
    const id = newName();
    this.change({ last: { id, what: whatText(choices), where: whereText(scope) } });
    // Results may be told of before the answer is here.
    const state = await this.#host.searchStart(id, request);
    if (this.choices.last?.id === id && this.state.get()?.id !== id) this.state.set(state);
  }

  async stop(): Promise<void> {
    const { last } = this.choices;
    if (last) await this.#host.searchStop(last.id);
  }

  /** The page is here again: the search that it had may still be there. */
  async restore(): Promise<void> {
    const { last } = this.choices;
    if (!last) return;
    const state = await this.#host.searchState(last.id);
    if (this.choices.last !== last) return;
    if (state) this.state.set(state);
    else this.change({ last: undefined });
  }

  /** A search has found more, is further, or has ended. */
  told(state: Wire<SearchState>): void {
    if (state.id === this.choices.last?.id) this.state.set(state);
  }

  #forget(): void {
    const { last } = this.choices;
    this.state.set(undefined);
    // It may be forgotten already, or the checkpoint gone: who starts the next one is told.
    if (last) this.#host.searchDrop(last.id).catch(() => undefined);
  }
}

/** No two pages of a checkpoint have the same. Not every place where the page lives has `randomUUID`. */
function newName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, '0')).join('');
}
