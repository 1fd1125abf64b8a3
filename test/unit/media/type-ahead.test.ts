import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TypeAhead } from '../../../media/grid/type-ahead.ts';

test('letters typed without a pause make one word, looked for from where one is', () => {
  const typeAhead = new TypeAhead();
  assert.deepEqual(typeAhead.type('p', 0, 5), { text: 'p', from: 6 });
  assert.deepEqual(typeAhead.type('a', 300, 9), { text: 'pa', from: 9 });
  assert.deepEqual(typeAhead.type(' ', 600, 9), { text: 'pa ', from: 9 });
  assert.equal(typeAhead.active(700), true);
});

test('after a pause a new word begins', () => {
  const typeAhead = new TypeAhead();
  typeAhead.type('p', 0, 5);
  assert.equal(typeAhead.active(2_000), false);
  assert.deepEqual(typeAhead.type('a', 2_000, 9), { text: 'a', from: 10 });
});

test('the same letter again goes on to the next match', () => {
  const typeAhead = new TypeAhead();
  typeAhead.type('s', 0, 5);
  assert.deepEqual(typeAhead.type('s', 300, 7), { text: 's', from: 8 });
});

test('without a focus the first row counts', () => {
  assert.deepEqual(new TypeAhead().type('s', 0, -1), { text: 's', from: 0 });
});
