import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import type { RawEntry } from '../../../src/protocol/raw.ts';
import type { GridQuery, GridRow } from '../../../src/protocol/grid.ts';
import { entryTable } from '../../../src/worker/grids/entries.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { TableView } from '../../../src/worker/grids/table-view.ts';
import { archiveOf, truthOf } from '../support/fixtures.ts';
import { process } from './fake-checkpoint.ts';

const entry = (path: string, facts: Partial<RawEntry> = {}): RawEntry => ({
  path,
  type: 'file',
  size: 10,
  what: 'File',
  view: 'bytes',
  ...facts,
});

const image = (name: string, kind: string, pid?: number): RawEntry =>
  entry(`checkpoint/${name}`, { kind, what: 'An image', view: 'tree', ...(pid !== undefined && { pid }) });

const entries = [
  image('core-10.img', 'CORE'),
  image('core-2.img', 'CORE'),
  image('core-3.img', 'CORE'),
  image('mm-2.img', 'MM', 2),
  image('mm-10.img', 'MM', 10),
  image('pstree.img', 'PSTREE'),
  entry('config.dump', { view: 'text', what: 'Configuration of the container' }),
  entry('checkpoint', { type: 'directory', size: 0, view: 'none', what: 'Folder' }),
  entry('volumes/data.tar'),
  entry('parent', { type: 'symlink', view: 'none', linkTarget: '../first' }),
];

const processes = [
  process({ pid: 2, threads: [2, 3].map((tid) => ({ tid, state: 'running' })) }),
  process({ pid: 10, threads: [{ tid: 10, state: 'running' }] }),
];

function rows(query: Partial<GridQuery> = {}): readonly GridRow[] {
  const view = new TableView(entryTable(entries, processes));
  return view.window({ grid: 'entries', filter: '', toggled: [], start: 0, count: 100, ...query }).rows;
}

const draw = (shown: readonly GridRow[]): string[] =>
  shown.map(({ depth, cells, context }) => `${'  '.repeat(depth)}${String(cells[0]?.value)}${context ? '/' : ''}`);

describe('the entries of the archive', () => {
  test('stand in their folders as people count, also in one that has no entry of its own', () => {
    assert.deepEqual(draw(rows()), [
      'checkpoint/',
      '  core-2.img',
      '  core-3.img',
      '  core-10.img',
      '  mm-2.img',
      '  mm-10.img',
      '  pstree.img',
      'config.dump',
      'parent',
      'volumes/',
      '  data.tar',
    ]);
  });

  test('of another process are hidden while one is the subject; those of none are not', () => {
    assert.deepEqual(draw(rows({ pid: 2 })), [
      'checkpoint/',
      '  core-2.img',
      '  core-3.img',
      '  mm-2.img',
      '  pstree.img',
      'config.dump',
      'parent',
      'volumes/',
      '  data.tar',
    ]);
  });

  test('are found by kind, process and what they hold', () => {
    assert.deepEqual(draw(rows({ filter: 'kind:core' })), [
      'checkpoint/',
      '  core-2.img',
      '  core-3.img',
      '  core-10.img',
    ]);
    assert.deepEqual(draw(rows({ filter: 'pid:2' })), ['checkpoint/', '  core-2.img', '  core-3.img', '  mm-2.img']);
    assert.deepEqual(draw(rows({ filter: 'configuration' })), ['config.dump']);
  });

  test('are files of the view, text ones for an editor', () => {
    const of = (id: string): unknown[] => {
      const row = rows().find((candidate) => candidate.id === id);
      return [row?.path, row?.openable ?? false];
    };
    assert.deepEqual(of('config.dump'), ['/archive/config.dump', true]);
    assert.deepEqual(of('checkpoint/mm-2.img'), ['/archive/checkpoint/mm-2.img', false]);
  });

  test('of a real archive are those of a process with the ones of its threads', async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'entries-'));
    context.after(() => rmSync(directory, { recursive: true }));
    const locator = archiveOf('podman-webapp-host');
    const checkpoint = await openCheckpoint({ locator, spill: { directory, limit: 2 ** 32 } });
    await checkpoint.completed;
    const query = { grid: 'entries', filter: 'kind:core', toggled: [], start: 0, count: 100 } as const;
    const { rows: cores } = await new Grids(checkpoint).window({ ...query, pid: 1 }, new AbortController().signal);
    await checkpoint.close();
    const shown = new Set(cores.map(({ id }) => id));
    const coreOf = (tid: number): string => `checkpoint/core-${String(tid)}.img`;
    for (const { pid, threads } of truthOf('podman-webapp-host').dumped?.processes ?? []) {
      for (const tid of threads) assert.equal(shown.has(coreOf(tid)), pid === 1, coreOf(tid));
    }
    // What an earlier dump left is nobody's.
    assert.ok(shown.has(coreOf(7)));
  });
});
