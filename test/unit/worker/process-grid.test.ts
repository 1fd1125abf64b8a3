import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { gridOf } from '../../../src/worker/grids/grid.ts';
import { processGrid } from '../../../src/worker/grids/process-grid.ts';
import { processTable } from '../../../src/worker/grids/processes.ts';
import type { GridQuery, GridWindow } from '../../../src/protocol/grid.ts';
import { archiveOf } from '../support/fixtures.ts';
import { fakeCheckpoint, process } from './fake-checkpoint.ts';

const never = new AbortController().signal;

function query(parts: Partial<GridQuery> = {}): GridQuery {
  return { grid: 'processes', filter: '', toggled: [], start: 0, count: 5, ...parts };
}

suite('the grid of processes', () => {
  const family = Array.from({ length: 40 }, (_, index) =>
    process({ pid: index + 1, ppid: index === 0 ? 0 : index < 20 ? 1 : 20, arguments: [`a${index}`] }),
  );

  function counting() {
    const asked: number[][] = [];
    let listed = 0;
    const checkpoint = fakeCheckpoint({
      processes: () => {
        listed++;
        return Promise.resolve(family);
      },
      processTree: () => Promise.resolve(family.map((facts) => ({ ...facts, complete: false }))),
      someProcesses: (pids) => {
        asked.push([...pids]);
        return Promise.resolve(new Map(family.filter(({ pid }) => pids.has(pid)).map((facts) => [facts.pid, facts])));
      },
    });
    return { checkpoint, asked, listed: () => listed };
  }

  test('reads no other process than those that it shows, and each once', async () => {
    const { checkpoint, asked, listed } = counting();
    const grid = await processGrid(checkpoint, never);
    const first = await grid.window(query(), never);
    assert.deepEqual(
      first.rows.map(({ id }) => id),
      ['1', '2', '3', '4', '5'],
    );
    assert.equal(first.total, 40);
    await grid.window(query({ start: 3 }), never);
    await grid.window(query({ start: 18, toggled: ['1'], reveal: '22' }), never);
    assert.deepEqual(asked, [
      [1, 2, 3, 4, 5],
      [6, 7, 8],
      [19, 20, 21, 22, 23],
    ]);
    assert.equal(listed(), 0);
  });

  test('counts open files for who asks again, and of no other process than those that it shows', async () => {
    const asked: number[][] = [];
    const { checkpoint } = counting();
    const counts = (pids: Iterable<number>) => {
      asked.push([...pids]);
      return Promise.resolve(new Map([...pids].map((pid) => [pid, { files: pid * 10, sockets: pid }])));
    };
    const grid = await processGrid({ ...checkpoint, openFiles: { ...checkpoint.openFiles, counts } }, never);
    const shown = ({ columns, rows, late }: GridWindow) => {
      const at = columns.findIndex(({ id }) => id === 'files');
      return [late ?? false, ...rows.map(({ cells }) => [cells[at]?.value, cells[at + 1]?.value])];
    };
    const nothing = [null, null];
    assert.deepEqual(shown(await grid.window(query({ count: 2 }), never)), [true, nothing, nothing]);
    assert.deepEqual(shown(await grid.window(query({ count: 2, late: true }), never)), [false, [10, 1], [20, 2]]);
    assert.deepEqual(shown(await grid.window(query({ count: 3 }), never)), [true, [10, 1], [20, 2], nothing]);
    assert.deepEqual(shown(await grid.window(query({ start: 1, count: 2, late: true }), never)), [
      false,
      [20, 2],
      [30, 3],
    ]);
    assert.deepEqual(shown(await grid.window(query({ count: 2 }), never)), [false, [10, 1], [20, 2]]);
    assert.deepEqual(asked, [[1, 2], [3]]);
    const sort = { column: 'sockets', descending: true };
    assert.deepEqual(shown(await grid.window(query({ count: 1, sort, toggled: ['1'] }), never)), [false, [10, 1]]);
    assert.equal((await grid.window(query({ filter: 'files:>390' }), never)).matched, 1);
  });

  test('reads all where more than the tree decides which rows are shown', async () => {
    for (const parts of [
      { filter: 'a39' },
      { sort: { column: 'command', descending: true } },
      { find: { text: 'process-33', from: 0 } },
    ]) {
      const { checkpoint, listed } = counting();
      const grid = await processGrid(checkpoint, never);
      assert.deepEqual(
        await grid.window(query(parts), never),
        await gridOf(processTable(family), true).window(query(parts), never),
      );
      assert.equal(listed(), 1);
    }
    const { checkpoint } = counting();
    const grid = await processGrid(checkpoint, never);
    assert.match(await grid.copy(query(), 'text', ['39'], never), /process-39/);
  });

  for (const name of ['podman-manyprocs', 'crio-rich', 'podman-counter-none', 'containerd-webapp']) {
    test(`shows what it would if all were read: ${name}`, async () => {
      const spill = { directory: mkdtempSync(join(tmpdir(), 'process-grid-')), limit: 2 ** 30 };
      const checkpoint = await openCheckpoint({ locator: archiveOf(name), spill });
      try {
        await checkpoint.completed;
        const grid = await processGrid(checkpoint, never);
        const processes = await checkpoint.processes();
        const files = Map.groupBy(await checkpoint.openFiles.list(), ({ pid }) => pid);
        const withFiles = processes.map((process) => {
          const own = files.get(process.pid);
          const sockets = own?.filter(({ kind }) => kind.endsWith('socket')).length ?? 0;
          return { ...process, ...(own && { open: { files: own.length, sockets } }) };
        });
        const all = gridOf(processTable(withFiles), true);
        const early = gridOf(processTable(processes), true);
        for (const parts of [{}, { start: 2, count: 3 }, { toggled: ['1'] }, { reveal: '1', toggled: ['1'] }]) {
          const fresh = await processGrid(checkpoint, never);
          const { late, ...window } = await fresh.window(query(parts), never);
          assert.deepEqual(window, await early.window(query(parts), never));
          assert.equal(late, window.rows.length > 0 ? true : undefined);
          const whole: GridQuery = query({ ...parts, late: true });
          assert.deepEqual(await grid.window(whole, never), await all.window(query(parts), never));
        }
      } finally {
        await checkpoint.close();
        rmSync(spill.directory, { recursive: true });
      }
    });
  }
});
