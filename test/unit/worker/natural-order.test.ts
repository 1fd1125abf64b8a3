import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys, compareNatural, sortKey, type SortKey } from '../../../src/worker/grids/natural-order.ts';

test('numbers inside texts count as numbers, however long', () => {
  const sorted = [
    'file',
    'file1',
    'file01',
    'file2',
    'file10',
    'file10a',
    'file99999999999999999999',
    'file100000000000000000000',
    'filf',
  ];
  assert.deepEqual([...sorted].reverse().sort(compareNatural), sorted);
});

test('it is an order', () => {
  const texts = fc.stringMatching(/^[a0-2.]{0,6}$/);
  fc.assert(
    fc.property(texts, texts, texts, (a, b, c) => {
      assert.equal(Math.sign(compareNatural(a, b)) + Math.sign(compareNatural(b, a)), 0);
      if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0) assert.ok(compareNatural(a, c) <= 0);
      assert.equal(compareNatural(a, b) === 0, a === b);
    }),
    { numRuns: 2000 },
  );
});

test('cells are compared by what they mean', () => {
  const before = (a: SortKey, b: SortKey) => a !== null && b !== null && compareKeys(a, b) < 0;
  assert.ok(before(sortKey(2, 'number'), sortKey(10, 'number')));
  assert.ok(before(sortKey('2026-11-23T23:30:00+02:00', 'time'), sortKey('2026-11-23T22:00:00Z', 'time')));
  assert.ok(before(sortKey('2026-11-23T22:00:00.1Z', 'time'), sortKey('2026-11-23T22:00:00.100001Z', 'time')));
  assert.ok(before(sortKey('apple', 'text'), sortKey('Banana', 'text')));
  assert.ok(before(sortKey(5, 'number'), sortKey('text', 'number')));
  assert.equal(sortKey('', 'text'), null);
  assert.equal(sortKey(null, 'size'), null);
});
