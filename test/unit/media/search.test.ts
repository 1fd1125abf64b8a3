import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  chosenPids,
  NEW_SEARCH,
  requestOf,
  restoreSearch,
  scopeOf,
  type SearchRange,
} from '../../../media/search/choices.ts';
import { SearchModel, type SearchHost } from '../../../media/search/search-model.ts';
import { NEW_PAGE, type PageState } from '../../../media/state/persisted.ts';
import { createStore } from '../../../media/state/store.ts';
import type { SearchRequest, SearchState } from '../../../src/protocol/search.ts';

const RANGE: SearchRange = { pid: 7, start: '0x1000', end: '0x3000', name: '[heap]' };

function page(patch: Partial<PageState> = {}): PageState {
  return { ...NEW_PAGE, ...patch };
}

function selected(...pids: number[]): Partial<PageState> {
  const { processes } = NEW_PAGE.grids;
  return { grids: { ...NEW_PAGE.grids, processes: { ...processes, selected: pids.map(String) } } };
}

function stateOf(id: string, more: Partial<SearchState> = {}): SearchState {
  return { id, found: 0, done: 0, total: 0, finished: false, more: false, stopped: false, notes: [], ...more };
}

/** A host that writes down what it is asked, and a page in front of it. */
function open(start: Partial<PageState> = {}, known: SearchState | null = null) {
  const asked: string[] = [];
  const requests: SearchRequest[] = [];
  const store = createStore<PageState>(page(start));
  const host: SearchHost = {
    searchPrepare: () => Promise.resolve(),
    searchStart: (id, request) => {
      asked.push('start');
      requests.push(request);
      return Promise.resolve(stateOf(id));
    },
    searchState: () => Promise.resolve(known),
    searchStop: () => Promise.resolve(void asked.push('stop')),
    searchDrop: (id) => Promise.resolve(void asked.push(`drop ${id}`)),
  };
  return { model: new SearchModel(host, store), store, asked, requests };
}

describe('what is searched', () => {
  test('follows the chosen process, or the selected ones', () => {
    assert.deepEqual(scopeOf(page()), { kind: 'all' });
    assert.deepEqual(scopeOf(page({ subject: 7 })), { kind: 'processes', pids: [7] });
    assert.deepEqual(scopeOf(page({ subject: 7, ...selected(7) })), { kind: 'processes', pids: [7] });
    assert.deepEqual(scopeOf(page({ subject: 7, ...selected(7, 9) })), { kind: 'processes', pids: [7, 9] });
    assert.deepEqual(chosenPids(page(selected(3))), [], 'one row alone is the subject or nothing');
  });

  test('is everything in spite of that where it is wanted, until another process is chosen', () => {
    const { model, store } = open({ subject: 7 });
    model.widen();
    assert.equal(scopeOf(store.get()).kind, 'all');
    store.set({ ...store.get(), subject: 8 });
    assert.deepEqual(scopeOf(store.get()), { kind: 'processes', pids: [8] });
    model.narrow();
    assert.equal(scopeOf({ ...store.get(), subject: 7 }).kind, 'processes');
  });

  test('stays everything when a result leads to a process', () => {
    const { model, store } = open();
    model.keepScope(7);
    assert.equal(store.get().search.wide, undefined, 'nothing is searched: the panel is closed');
    model.open();
    model.keepScope(7);
    store.set({ ...store.get(), subject: 7 });
    assert.equal(scopeOf(store.get()).kind, 'all');
  });

  test('stays one process when a result leads to another one that has it mapped', () => {
    const { model, store } = open({ subject: 7 });
    model.open();
    model.keepScope(9);
    assert.deepEqual(scopeOf(store.get()), { kind: 'processes', pids: [7] });
  });
});

describe('what is asked for', () => {
  const all = { kind: 'all' } as const;

  test('is what was typed, in the way that was chosen', () => {
    const typed = { ...NEW_SEARCH, text: 'a1' };
    const pattern = (patch: Partial<typeof typed>): unknown => requestOf({ ...typed, ...patch }, all)?.pattern;
    assert.deepEqual(pattern({}), { kind: 'text', text: 'a1', ignoreCase: true });
    assert.deepEqual(pattern({ matchCase: true, utf16: true }), {
      kind: 'text',
      text: 'a1',
      ignoreCase: false,
      encodings: ['utf-8', 'utf-16le', 'utf-16be'],
    });
    assert.deepEqual(pattern({ mode: 'hex', utf16: true }), { kind: 'hex', text: 'a1' });
    assert.deepEqual(pattern({ mode: 'regex', utf16: true }), { kind: 'regex', text: 'a1', ignoreCase: true });
    assert.deepEqual(pattern({ mode: 'strings', least: 9 }), { kind: 'strings', least: 9, encoding: 'ascii' });
  });

  test('is nothing where nothing was typed, or no place chosen', () => {
    assert.equal(requestOf(NEW_SEARCH, all), undefined);
    assert.equal(requestOf({ ...NEW_SEARCH, text: 'a', places: [] }, all), undefined);
    assert.ok(requestOf({ ...NEW_SEARCH, mode: 'strings' }, all));
  });

  test('is limited to the places, the processes or the range', () => {
    const choices = { ...NEW_SEARCH, text: 'a', places: ['queue'] as const };
    assert.deepEqual(requestOf(choices, all)?.places, ['queue']);
    const processes = requestOf(choices, { kind: 'processes', pids: [7, 9] });
    assert.deepEqual([processes?.places, processes?.pids], [undefined, [7, 9]]);
    const { pids, range } = requestOf(choices, { kind: 'range', range: RANGE }) ?? {};
    assert.deepEqual({ pids, range }, { pids: [7], range: { start: '0x1000', end: '0x3000' } });
  });
});

describe('a search of the page', () => {
  test('forgets the one before, and hears only of its own', async () => {
    const { model, store, asked } = open();
    model.change({ text: 'a' });
    await model.start();
    const first = store.get().search.last?.id ?? '';
    model.told(stateOf(first, { found: 3 }));
    assert.equal(model.state.get()?.found, 3);
    await model.start();
    const second = store.get().search.last?.id ?? '';
    assert.notEqual(second, first);
    assert.deepEqual(asked, ['start', `drop ${first}`, 'start']);
    model.told(stateOf(first, { found: 4 }));
    assert.equal(model.state.get()?.id, second);
    assert.equal(model.state.get()?.found, 0);
    await model.stop();
    assert.equal(asked.at(-1), 'stop');
  });

  test('does not go back to its beginning when it was told of before the answer came', async () => {
    const { model, store } = open();
    model.change({ text: 'a' });
    const started = model.start();
    model.told(stateOf(store.get().search.last?.id ?? '', { found: 5, finished: true }));
    await started;
    assert.equal(model.state.get()?.found, 5);
  });

  test('says what it was for, however the choices change afterwards', async () => {
    const { model, store } = open({ subject: 7 });
    model.change({ text: 'a\nb' });
    await model.start();
    model.change({ text: 'other' });
    const { what, where } = store.get().search.last ?? {};
    assert.deepEqual([what, where], ['“a\\nb”', 'in process 7']);
  });

  test('is there again with the page, unless the worker has forgotten it', async () => {
    const last = { id: 'x', what: '“a”', where: 'everywhere' };
    const kept = open({ search: { ...NEW_SEARCH, last } }, stateOf('x', { found: 2, finished: true }));
    await kept.model.restore();
    assert.equal(kept.model.state.get()?.found, 2);
    const lost = open({ search: { ...NEW_SEARCH, last } });
    await lost.model.restore();
    assert.equal(lost.model.state.get(), undefined);
    assert.equal(lost.store.get().search.last, undefined);
  });

  test('of strings begins at once', async () => {
    const { model, store, requests } = open();
    await model.strings(RANGE);
    assert.equal(store.get().search.open, true);
    assert.deepEqual(requests[0]?.pattern, { kind: 'strings', least: 6, encoding: 'ascii' });
    assert.deepEqual(requests[0].range, { start: '0x1000', end: '0x3000' });
  });
});

describe('what is remembered of a search', () => {
  test('comes back as it was', () => {
    const choices = {
      ...NEW_SEARCH,
      open: true,
      share: 0.3,
      mode: 'hex' as const,
      text: '7f 45',
      matchCase: true,
      utf16: true,
      least: 12,
      encoding: 'utf-16be' as const,
      places: ['archive'] as const,
      range: RANGE,
      wide: '7 9',
      last: { id: 'x', what: 'a', where: 'b' },
    };
    assert.deepEqual(restoreSearch(JSON.parse(JSON.stringify(choices))), choices);
  });

  test('may be anything without harm', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (raw, part) => {
        assert.equal(typeof restoreSearch(raw).text, 'string');
        const { least, share, range } = restoreSearch({
          least: part,
          share: part,
          range: part,
          places: part,
          last: part,
        });
        assert.ok(least >= 1 && least <= 1024 && share > 0 && share < 1);
        assert.equal(range, undefined);
      }),
    );
    assert.equal(restoreSearch({ range: { ...RANGE, start: 'javascript:' } }).range, undefined);
  });
});
