import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GridColumn } from '../../../src/protocol/grid.ts';
import { layoutColumns } from '../../../media/grid/columns.ts';

const COLUMNS: readonly GridColumn[] = [
  { id: 'name', label: 'Name', kind: 'text', flex: 3, tree: true },
  { id: 'size', label: 'Size', kind: 'size', width: 80 },
  { id: 'mtime', label: 'Modified', kind: 'time', width: 100 },
  { id: 'target', label: 'Target', kind: 'code', flex: 1 },
];

const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width, 0);

describe('column widths', () => {
  test('flexible columns share what the fixed ones leave, to the last pixel', () => {
    const widths = layoutColumns(COLUMNS, {}, 1_001);
    assert.equal(sum(widths), 1_001);
    assert.deepEqual(widths.slice(1, 3), [80, 100]);
    assert.ok(Math.abs((widths[0] ?? 0) - 3 * (widths[3] ?? 0)) <= 4);
  });

  test('no column becomes unreadable in a narrow window', () => {
    const widths = layoutColumns(COLUMNS, {}, 200);
    assert.ok((widths[0] ?? 0) >= 200 && (widths[3] ?? 0) >= 100);
    assert.ok(sum(widths) > 200, 'the grid scrolls sideways');
  });

  test('columns that ask for more than there is give some up before the grid scrolls sideways; names do not', () => {
    const asking = COLUMNS.map((column) => (column.flex === undefined ? column : { ...column, width: 200 }));
    assert.deepEqual(layoutColumns(asking, {}, 580), [200, 80, 100, 200]);
    assert.deepEqual(layoutColumns(asking, {}, 530), [200, 80, 100, 150]);
    assert.deepEqual(layoutColumns(asking, {}, 300), [200, 80, 100, 120]);
  });

  test('what a kind needs for its text is kept', () => {
    assert.equal(layoutColumns(COLUMNS, {}, 1_000, { time: 140 })[2], 140);
  });

  test('a width set by hand wins, within reason', () => {
    assert.equal(layoutColumns(COLUMNS, { mtime: 60.4 }, 1_000, { time: 140 })[2], 60);
    assert.equal(layoutColumns(COLUMNS, { size: 1 }, 1_000)[1], 36);
    assert.equal(layoutColumns(COLUMNS, { name: 500 }, 1_000)[0], 500);
  });

  test('names of columns do not reach into the object that holds the widths', () => {
    const odd: GridColumn = { id: 'constructor', label: 'Odd', kind: 'text', width: 70 };
    assert.deepEqual(layoutColumns([odd], {}, 100), [70]);
  });
});
