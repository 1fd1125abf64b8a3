import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { Search } from '../../../src/core/checkpoint/search/search.ts';
import type { GridQuery } from '../../../src/protocol/grid.ts';
import type { SearchMatch, SearchQuery, SearchRequest, SearchState, SearchStep } from '../../../src/protocol/search.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { Searches } from '../../../src/worker/search.ts';
import { fakeCheckpoint } from './fake-checkpoint.ts';

const REQUEST: SearchRequest = { pattern: { kind: 'text', text: 'x' }, limit: 100 };
const ALL: Omit<GridQuery, 'grid'> = { filter: '', toggled: [], start: 0, count: 100 };

function match(number: number, more: Partial<SearchMatch> = {}): SearchMatch {
  return {
    source: 'memory',
    pid: 1,
    process: 'web',
    address: BigInt(0x1000 + number),
    length: 1,
    region: '[heap]',
    context: Buffer.from(`a${number}x\0`),
    contextOffset: 2,
    ...more,
  };
}

function step(matches: readonly SearchMatch[], more: Partial<SearchStep> = {}): SearchStep {
  return { matches, done: 10, total: 20, notes: [], ...more };
}

/** A search whose steps a test hands out one by one, and what came of it. */
function manual() {
  const waiting: { give(step: SearchStep | Error | undefined): void }[] = [];
  const queries: SearchQuery[] = [];
  let ended = 0;
  const search: Search = {
    prepare: () => Promise.resolve(),
    async *run(query, options) {
      queries.push(query);
      try {
        for (;;) {
          const next = await new Promise<SearchStep | Error | undefined>((resolve) => {
            waiting.push({ give: resolve });
            options?.signal?.addEventListener('abort', () =>
              resolve(new CheckpointError('cancelled', sentence('The work was cancelled.'))),
            );
          });
          if (next instanceof Error) throw next;
          if (!next) return;
          yield next;
        }
      } finally {
        ended++;
      }
    },
  };
  const states: SearchState[] = [];
  const searches = new Searches(fakeCheckpoint({ search }), { searched: (state) => states.push(state) });
  const give = async (next: SearchStep | Error | undefined): Promise<void> => {
    while (waiting.length === 0) await nextTurn();
    waiting.shift()?.give(next);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
  };
  return { searches, states, give, queries, ended: () => ended };
}

describe('a search that a page asked for', () => {
  test('tells how it stands, and its results are a grid that grows', async () => {
    const { searches, states, give } = manual();
    const grids = new Grids(fakeCheckpoint(), (id) => searches.grid(id));
    const rows = async (): Promise<readonly unknown[]> => {
      grids.renewSearch('a');
      const window = await grids.window({ ...ALL, grid: 'search', of: 'a' }, new AbortController().signal);
      return window.rows.map(({ cells }) => cells.map(({ value }) => value));
    };
    assert.deepEqual(searches.start('a', REQUEST), {
      id: 'a',
      found: 0,
      done: 0,
      total: 0,
      more: false,
      finished: false,
      stopped: false,
      notes: [],
    });
    await give(step([match(1)]));
    assert.equal(states.at(-1)?.found, 1, 'the first result is told at once');
    assert.deepEqual(await rows(), [['000000001001', 'web 1', 'memory', '[heap]', 'a1x·']]);
    await give(step([match(2), match(3)], { done: 20, more: true }));
    await give(undefined);
    const { found, finished, more, done } = states.at(-1) ?? {};
    assert.deepEqual({ found, finished, more, done }, { found: 3, finished: true, more: true, done: 20 });
    assert.equal((await rows()).length, 3);
    assert.equal(searches.state('a')?.found, 3);
    assert.equal(searches.state('b'), null);
  });

  test('marks what was found, and says who holds what is not memory', async () => {
    const { searches, give } = manual();
    searches.start('a', REQUEST);
    const holders = [{ pid: 4, fd: 7 }];
    const pipe = match(1, {
      source: 'pipe',
      pid: null,
      process: null,
      address: null,
      offset: 16,
      path: '/contents/pipes/1',
      holders,
    });
    await give(step([match(5), pipe]));
    const grid = searches.grid('a');
    const { rows } = await grid.window({ ...ALL, grid: 'search', of: 'a' }, new AbortController().signal);
    assert.deepEqual(rows[0]?.cells[4], { value: 'a5x·', mark: [2, 3] });
    assert.deepEqual(rows[0].cells[0]?.link, { tab: 'memory', pid: 1, address: '0x1005', length: 1 });
    assert.deepEqual(rows[0].cells[1]?.link, { tab: 'processes', row: '1', pid: 1 });
    assert.deepEqual([rows[0].openable, rows[0].path], [undefined, undefined]);
    assert.deepEqual(
      rows[1]?.cells.map(({ value }) => value),
      ['+0x10', '4/7', 'pipe', '[heap]', 'a1x·'],
    );
    assert.deepEqual(rows[1].cells[0]?.link, { tab: 'files', row: '4/7' });
    assert.deepEqual(rows[1].cells[1]?.link, { tab: 'files', row: '4/7' });
    assert.deepEqual([rows[1].openable, rows[1].path], [true, '/contents/pipes/1']);
  });

  test('leads from a file to its row, and reads UTF-16 as what it is', async () => {
    const { searches, give } = manual();
    searches.start('a', REQUEST);
    const outside = { pid: null, process: null, address: null, offset: 0 };
    await give(
      step([
        match(1, { ...outside, source: 'file', path: '/rootfs/etc/app.conf' }),
        match(2, { ...outside, source: 'archive', path: '/archive/checkpoint/core-1.img' }),
        match(3, { ...outside, source: 'shared' }),
        match(4, {
          encoding: 'utf-16be',
          context: Buffer.concat([Buffer.from([7]), Buffer.from('axb', 'utf16le').swap16()]),
          contextOffset: 3,
          length: 2,
        }),
      ]),
    );
    const { rows } = await searches.grid('a').window({ ...ALL, grid: 'search', of: 'a' }, new AbortController().signal);
    assert.deepEqual(
      rows.map(({ cells }) => cells[0]?.link?.row),
      ['/etc/app.conf', 'checkpoint/core-1.img', undefined, undefined],
    );
    assert.equal(rows[2]?.cells[0]?.link, undefined);
    assert.deepEqual(rows[3]?.cells[4], { value: 'axb', mark: [1, 2] });
  });

  test('can be stopped, and keeps what it has found', async () => {
    const { searches, states, give, ended } = manual();
    searches.start('a', REQUEST);
    await give(step([match(1)]));
    searches.stop('a');
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    const { found, finished, stopped, failure } = states.at(-1) ?? {};
    assert.deepEqual(
      { found, finished, stopped, failure },
      { found: 1, finished: true, stopped: true, failure: undefined },
    );
    assert.equal(ended(), 1);
  });

  test('ends when another one takes its name, or when there are too many', async () => {
    const { searches, give, ended } = manual();
    searches.start('a', REQUEST);
    await give(step([match(1)]));
    searches.start('a', REQUEST);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.equal(ended(), 1);
    assert.equal(searches.state('a')?.found, 0);
    for (const id of 'bcdefg') searches.start(id, REQUEST);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.equal(ended(), 2);
    assert.equal(searches.state('a'), null);
    searches.close();
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.equal(ended(), 8);
  });

  test('says why it failed', async () => {
    const { searches, states, give } = manual();
    searches.start('a', REQUEST);
    await give(new CheckpointError('usage', sentence('{0} opens a group that is not closed.', '(')));
    assert.deepEqual(states.at(-1)?.failure, sentence('{0} opens a group that is not closed.', '('));
    searches.start('b', REQUEST);
    await give(new TypeError('oh'));
    assert.match(states.at(-1)?.failure?.template ?? '', /failed/);
  });

  test('keeps no more bytes of results than it may, however long they are', async () => {
    const { searches, states, give, ended } = manual();
    searches.start('a', REQUEST);
    const long = match(1, { context: new Uint8Array(1024 * 1024) });
    for (let count = 0; count < 3; count++) await give(step([long, long, long], { more: false }));
    const { found, more, finished, stopped } = states.at(-1) ?? {};
    assert.deepEqual({ found, more, finished, stopped }, { found: 8, more: true, finished: true, stopped: false });
    assert.equal(ended(), 1, 'nothing is searched any more');
  });

  test('searches a range of addresses, and refuses what is none', () => {
    const { searches, queries } = manual();
    searches.start('a', { ...REQUEST, limit: 1e9, pids: [1], range: { start: '0x10', end: '0x10000000000000000' } });
    assert.deepEqual(queries[0]?.range, { start: 16n, end: 2n ** 64n });
    assert.equal(queries[0].limit, 10_000, 'the page keeps no more');
    assert.throws(() => searches.start('b', { ...REQUEST, range: { start: '0x', end: '0x1' } }), /not an address/);
    assert.throws(() => searches.start('b'.repeat(200), REQUEST), /no search/);
  });

  test('is exported as the command line prints it, or as a table', async () => {
    const { searches, give } = manual();
    searches.start('a', REQUEST);
    await give(step([match(1, { region: '=cmd()' })]));
    assert.deepEqual(JSON.parse(searches.export('a', 'json')), [
      {
        pid: 1,
        process: 'web',
        address: '0x1001',
        length: 1,
        region: '=cmd()',
        source: 'memory',
        context: 'a1x\0',
        context_offset: 2,
      },
    ]);
    assert.equal(
      searches.export('a', 'csv'),
      "Address,Process,Source,Region,Context\r\n000000001001,web 1,memory,'=cmd(),a1x·\r\n",
    );
    assert.equal(searches.export('unknown', 'json'), '[]\n');
    const strings = manual();
    strings.searches.start('s', { pattern: { kind: 'strings', least: 1, encoding: 'ascii' }, limit: 10 });
    await strings.give(step([match(1)]));
    assert.equal((JSON.parse(strings.searches.export('s', 'json')) as { text: string }[])[0]?.text, 'x');
  });
});
