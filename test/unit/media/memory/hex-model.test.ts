import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { HexModel, type HexMove } from '../../../../media/memory/hex-model.ts';
import { hexAction } from '../../../../media/memory/keys.ts';
import { byKind, pieces } from '../../../../media/memory/strip-pieces.ts';
import { addressMap, region, regions } from './build.ts';

function model(at: bigint): HexModel {
  const made = new HexModel(addressMap());
  assert.ok(made.goTo(at));
  made.takeScroll();
  made.setPage(10);
  return made;
}

suite('the hex view', () => {
  test('shows nothing before one has gone anywhere, and does not go where nothing is mapped', () => {
    const made = new HexModel(addressMap());
    assert.deepEqual([made.region, made.rows], [undefined, 0]);
    assert.equal(made.goTo(0x500000n), false);
    assert.equal(made.region, undefined);
    made.move('down', false);
    assert.equal(made.region, undefined);
  });

  test('shows the mapping of an address, and scrolls to it', () => {
    const made = new HexModel(addressMap());
    assert.ok(made.goTo(0x600123n, 5));
    assert.equal(made.region?.name, '[heap]');
    assert.equal(made.rows, 0x1000);
    assert.deepEqual(made.takeScroll(), { row: 0x12, how: 'middle' });
    assert.equal(made.takeScroll(), undefined);
    assert.deepEqual(made.mark, { start: 0x600123n, end: 0x600128n });
    assert.deepEqual(made.selection, { start: 0x600123n, end: 0x600124n });
    assert.equal(made.addressOf(0x12), 0x600120n);
    made.clear();
    assert.equal(made.mark, undefined);
  });

  const moves: readonly (readonly [HexMove, bigint])[] = [
    ['left', 0x600ff7n],
    ['right', 0x600ff9n],
    ['up', 0x600fe8n],
    ['down', 0x601008n],
    ['page-up', 0x600f58n],
    ['page-down', 0x601098n],
    ['row-start', 0x600ff0n],
    ['row-end', 0x600fffn],
    ['first', 0x600000n],
    ['last', 0x60ffffn],
  ];
  for (const [move, target] of moves) {
    test(`moves ${move}`, () => {
      const made = model(0x600ff8n);
      made.move(move, false);
      assert.equal(made.cursor, target);
      assert.deepEqual(made.takeScroll(), { row: Number((target - 0x600000n) / 16n), how: 'least' });
    });
  }

  test('goes on in the mapping behind, and back in the one before', () => {
    const made = model(0x60fffcn);
    made.move('down', false);
    assert.deepEqual([made.region?.start, made.cursor], [0x610000n, 0x610000n]);
    made.move('left', false);
    assert.deepEqual([made.region?.name, made.cursor], ['[heap]', 0x60ffffn]);
    made.goTo(0x611000n - 1n);
    made.move('right', false);
    assert.equal(made.cursor, 0x7f0000001000n);
    const last = model(0xffffffffff600fffn);
    last.move('right', false);
    assert.equal(last.cursor, 0xffffffffff600fffn);
    const first = model(0x400000n);
    first.move('page-up', false);
    assert.equal(first.cursor, 0x400000n);
  });

  test('stops a page at the edge of a mapping before it goes on', () => {
    const made = model(0x60ff88n);
    made.move('page-down', false);
    assert.equal(made.cursor, 0x60fff8n);
    made.move('page-down', false);
    assert.equal(made.cursor, 0x610000n);
    made.goTo(0x600048n);
    made.move('page-up', false);
    assert.equal(made.cursor, 0x600008n);
  });

  test('selects from where one was, and no further than the mapping goes', () => {
    const made = model(0x60fff0n);
    made.move('right', true);
    made.move('right', true);
    assert.deepEqual(made.selection, { start: 0x60fff0n, end: 0x60fff3n });
    made.move('down', true);
    assert.deepEqual(made.selection, { start: 0x60fff0n, end: 0x610000n });
    assert.equal(made.region?.name, '[heap]');
    made.click(0x60ffe0n, true);
    assert.deepEqual(made.selection, { start: 0x60ffe0n, end: 0x60fff1n });
    made.click(0x60ffe5n, false);
    assert.deepEqual(made.selection, { start: 0x60ffe5n, end: 0x60ffe6n });
    made.selectAll();
    assert.deepEqual(made.selection, { start: 0x600000n, end: 0x610000n });
    made.clear();
    assert.equal(made.selection.end - made.selection.start, 1n);
  });

  test('holds mappings of any size', () => {
    const huge = addressMap(8, [region(0x10000000n, 0x10000000n + 2n ** 46n)]);
    const made = new HexModel(huge);
    assert.ok(made.goTo(0x10000000n + 2n ** 46n - 1n));
    assert.equal(made.rows, 2 ** 42);
    assert.equal(made.takeScroll()?.row, 2 ** 42 - 1);
    assert.equal(made.addressOf(2 ** 42 - 1), 0x10000000n + 2n ** 46n - 16n);
  });

  test('obeys the keys that people know', () => {
    const key = (name: string, more: object = {}) =>
      hexAction({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
    assert.deepEqual(key('ArrowDown'), { type: 'move', to: 'down', extend: false });
    assert.deepEqual(key('End', { shiftKey: true, ctrlKey: true }), { type: 'move', to: 'last', extend: true });
    assert.deepEqual(key('Enter'), { type: 'follow' });
    assert.deepEqual(key('g', { metaKey: true }), { type: 'go' });
    assert.deepEqual(key('C', { ctrlKey: true }), { type: 'copy' });
    assert.equal(key('ArrowLeft', { altKey: true }), undefined);
    assert.equal(key('c'), undefined);
    assert.equal(key('C', { ctrlKey: true, shiftKey: true }), undefined);
  });
});

suite('the picture of an address space', () => {
  const map = addressMap();

  test('has a piece for each mapping, wider ones for larger ones', () => {
    const drawn = pieces(map.regions, 100);
    assert.equal(drawn.length, regions.length);
    const total = drawn.reduce((sum, { share }) => sum + share, 0);
    assert.ok(Math.abs(total - 1) < 1e-9);
    assert.ok((drawn[2]?.share ?? 0) > (drawn[3]?.share ?? 1));
    assert.ok(drawn.every(({ share }) => share > 0.05));
  });

  test('joins neighbours where there are too many, and leads to the one of which most was dumped', () => {
    const drawn = pieces(map.regions, 3);
    assert.deepEqual(
      drawn.map(({ first, end, main }) => [first, end, main.name]),
      [
        [0, 3, '[heap]'],
        [3, 6, '/usr/lib/lib-c++.so.6'],
        [6, 7, '[vsyscall]'],
      ],
    );
    assert.equal(drawn[0]?.held, 0x1000 + 0x4000 + 0x10000);
    assert.deepEqual(pieces([], 10), []);
    assert.equal(pieces(map.regions, 0).length, 1);
  });

  test('adds up what was dumped by kind', () => {
    assert.deepEqual(byKind(map.regions)[0], { kind: 'heap', held: 0x10000 });
    assert.deepEqual(byKind(map.regions).at(-1), { kind: 'kernel', held: 0 });
  });
});
