import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openLogs } from '../../../src/core/checkpoint/logs/logs.ts';
import { MASK } from '../../../src/protocol/format.ts';
import type { GridQuery, GridWindow } from '../../../src/protocol/grid.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { fakeCheckpoint } from './fake-checkpoint.ts';

const NEVER = new AbortController().signal;
const QUERY: GridQuery = { grid: 'log', filter: '', toggled: [], start: 0, count: 10 };

function gridsOf(files: Readonly<Record<string, string>>): Grids {
  return new Grids(fakeCheckpoint({ logs: openLogs({ files: memoryFiles(files), imagesPrefix: 'checkpoint/' }) }));
}

function cells({ rows }: GridWindow): readonly (readonly unknown[])[] {
  return rows.map((row) => row.cells.map(({ value }) => value));
}

function line(number: number, stream = number % 10 === 7 ? 'stderr' : 'stdout'): string {
  const second = String(Math.floor(number / 1000) % 60).padStart(2, '0');
  return `2026-11-23T22:24:${second}.${String(number % 1000).padStart(3, '0')}000000Z ${stream} F line ${String(number)}`;
}

describe('a short log', () => {
  test('of a container is a table of time, stream and text', async () => {
    const grids = gridsOf({ 'container.log': `${line(0)}\n${line(7)}\nnot in the format\n` });
    const window = await grids.window({ ...QUERY, of: 'container.log' }, NEVER);
    assert.deepEqual(
      window.columns.map(({ id }) => id),
      ['time', 'stream', 'text'],
    );
    assert.deepEqual(cells(window), [
      ['2026-11-23T22:24:00.000000000Z', 'stdout', 'line 0'],
      ['2026-11-23T22:24:00.007000000Z', 'stderr', 'line 7'],
      [null, null, 'not in the format'],
    ]);
    assert.equal(window.rows[2]?.cells[2]?.tone, 'muted');
  });

  test('of CRIU has its errors marked, is sorted by its numbers and filtered by its source', async () => {
    const log = [
      '(00.000001) Version: 4.2.1 (gitid 0)',
      '(00.000009) \tRPC',
      '(02.000001) Error (criu/sk-inet.c:200): inet: Connected TCP socket',
      '(10.000001) Warn  (criu/net.c:1): cannot',
    ].join('\n');
    const grids = gridsOf({ 'dump.log': log });
    const of = 'dump.log';
    const all = await grids.window({ ...QUERY, of, sort: { column: 'elapsed', descending: true } }, NEVER);
    assert.deepEqual(
      cells(all).map(([elapsed, level]) => [elapsed, level]),
      [
        ['10.000001', 'warning'],
        ['2.000001', 'error'],
        ['0.000009', null],
        ['0.000001', null],
      ],
    );
    const [found, ...others] = (await grids.window({ ...QUERY, of, filter: 'source:sk-inet' }, NEVER)).rows;
    assert.equal(found?.id, '2');
    assert.deepEqual(others, []);
    // Shown without what looks like an escape, copied as it is.
    assert.equal((await grids.window({ ...QUERY, of, start: 1, count: 1 }, NEVER)).rows[0]?.cells[2]?.value, '    RPC');
    assert.match(await grids.copy({ ...QUERY, of }, 'json', ['1'], NEVER), /\\tRPC/);
  });

  test('that is empty or not there has no rows', async () => {
    const grids = gridsOf({ 'container.log': '' });
    assert.equal((await grids.window({ ...QUERY, of: 'container.log' }, NEVER)).visible, 0);
    assert.equal((await grids.window({ ...QUERY, of: '../../etc/passwd' }, NEVER)).visible, 0);
  });
});

describe('a log of 30,000 lines', () => {
  const of = 'container.log';
  const backwards = { column: 'time', descending: true };
  let grids: Grids;
  before(() => {
    grids = gridsOf({ [of]: `${Array.from({ length: 30_000 }, (_, number) => line(number)).join('\n')}\n` });
  });
  const first = async (query: Partial<GridQuery>): Promise<readonly string[]> =>
    (await grids.window({ ...QUERY, of, count: 3, ...query }, NEVER)).rows.map(({ id }) => id);

  test('is read where it is looked at', async () => {
    const window = await grids.window({ ...QUERY, of, start: 29_998 }, NEVER);
    assert.deepEqual([window.total, window.visible, window.rows.length], [30_000, 30_000, 2]);
    assert.equal(window.rows[1]?.cells[2]?.value, 'line 29999');
    assert.equal(window.rows[1].position, 30_000);
    assert.match(window.remark ? say(window.remark) : '', /order of time only/);
    assert.deepEqual((await grids.window({ ...QUERY, of, start: 40_000 }, NEVER)).rows, []);
  });

  test('is read backwards', async () => {
    assert.deepEqual(await first({ sort: backwards }), ['29999', '29998', '29997']);
    assert.deepEqual(await first({ sort: backwards, start: 29_998 }), ['1', '0']);
  });

  test('is filtered, backwards too', async () => {
    const window = await grids.window({ ...QUERY, of, filter: 'stream:stderr line', start: 1, count: 2 }, NEVER);
    assert.deepEqual([window.total, window.matched], [30_000, 3000]);
    assert.deepEqual(
      window.rows.map(({ id }) => id),
      ['17', '27'],
    );
    assert.deepEqual(await first({ filter: 'stderr', sort: backwards }), ['29997', '29987', '29977']);
    // Far apart, so that not all that stands between is read at once.
    assert.deepEqual(await first({ filter: '2999 -12999' }), ['2999', '22999', '29990']);
    assert.deepEqual(await first({ filter: 'nothing has this' }), []);
  });

  test('says where a line stands among those that are shown', async () => {
    const place = async (query: Partial<GridQuery>) =>
      (await grids.window({ ...QUERY, of, reveal: '29987', ...query }, NEVER)).revealed;
    assert.equal(await place({}), 29_987);
    assert.equal(await place({ sort: backwards }), 12);
    assert.equal(await place({ filter: 'stderr' }), 2998);
    assert.equal(await place({ filter: 'stderr', sort: backwards }), 1);
    assert.equal(await place({ filter: 'stdout' }), -1);
    assert.equal(await place({ reveal: 'no number' }), -1);
  });

  test('is copied in the order that is shown, or line by line', async () => {
    const copied = await grids.copy({ ...QUERY, of, filter: '2999', sort: backwards }, 'csv', undefined, NEVER);
    assert.deepEqual(
      copied
        .trimEnd()
        .split('\r\n')
        .map((row) => row.split(',')[2]),
      [
        'Text',
        ...Array.from({ length: 10 }, (_, index) => `line ${String(29_999 - index)}`),
        'line 22999',
        'line 12999',
        'line 2999',
      ],
    );
    assert.match(await grids.copy({ ...QUERY, of }, 'csv', ['25000'], NEVER), /line 25000/);
  });

  test('who gives up a search does not end it for who waits with it', async () => {
    const controller = new AbortController();
    const given = grids.window({ ...QUERY, of, filter: 'text:123' }, controller.signal);
    const waiting = grids.window({ ...QUERY, of, filter: 'text:123' }, NEVER);
    await setImmediate(); // Both wait for the same search now.
    controller.abort();
    const [gone, found] = await Promise.allSettled([given, waiting]);
    assert.equal(found.status, 'fulfilled');
    assert.equal(found.value.matched, 160);
    // It may have been done already.
    if (gone.status === 'rejected') assert.equal((gone.reason as { reason?: unknown }).reason, 'cancelled');
  });
});

describe('a file of JSON', () => {
  const spec = JSON.stringify({
    process: { args: ['sh'], env: ['API_TOKEN=hunter2', 'bare'] },
    annotations: { applied: '{"env":[{"name":"TOKEN","value":"hunter2"}]}' },
  });

  test('is a tree with what annotations hold', async () => {
    const window = await gridsOf({ 'spec.dump': spec }).window({ ...QUERY, of: 'spec.dump', count: 20 }, NEVER);
    assert.deepEqual(
      window.rows.map(({ depth, cells: [key, value] }) => [depth, key?.value, value?.value]),
      [
        [0, 'process', '{2}'],
        [1, 'args', '[1]'],
        [2, '0', 'sh'],
        [1, 'env', '[2]'],
        [2, '0', `API_TOKEN=${MASK}`],
        [2, '1', 'bare'],
        [0, 'annotations', '{1}'],
        [1, 'applied', '"{1}"'],
        [2, 'env', '[1]'],
        [3, '0', '{2}'],
        [4, 'name', 'TOKEN'],
        [4, 'value', MASK],
      ],
    );
  });

  test('never gives away a value of the environment: not when filtered, sorted or copied', async () => {
    const grids = gridsOf({ 'spec.dump': spec });
    const of = 'spec.dump';
    assert.equal((await grids.window({ ...QUERY, of, filter: 'hunter' }, NEVER)).matched, 0);
    assert.equal((await grids.window({ ...QUERY, of, filter: 'API_TOKEN' }, NEVER)).matched, 1);
    for (const format of ['text', 'csv', 'json'] as const) {
      assert.ok(!(await grids.copy({ ...QUERY, of }, format, undefined, NEVER)).includes('hunter2'));
    }
  });

  test('that is none says so', async () => {
    const window = await gridsOf({ 'spec.dump': '{"a":' }).window({ ...QUERY, of: 'spec.dump' }, NEVER);
    assert.equal(window.visible, 0);
    assert.match(window.remark ? say(window.remark) : '', /JSON/);
  });
});
