import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Throttle } from '../../../src/worker/throttle.ts';

let seen: number[];
let throttle: Throttle<number>;
beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  seen = [];
  throttle = new Throttle(100, (value) => seen.push(value));
});

test('the first comes at once, then the newest of each interval', () => {
  for (const value of [1, 2, 3]) throttle.push(value);
  assert.deepEqual(seen, [1]);
  mock.timers.tick(99);
  assert.deepEqual(seen, [1]);
  mock.timers.tick(1);
  assert.deepEqual(seen, [1, 3]);
  throttle.push(4);
  assert.deepEqual(seen, [1, 3]);
  mock.timers.tick(100);
  assert.deepEqual(seen, [1, 3, 4]);
});

test('after a quiet interval the next comes at once', () => {
  throttle.push(1);
  mock.timers.tick(100);
  throttle.push(2);
  assert.deepEqual(seen, [1, 2]);
});

test('what is flushed comes at once, and what waited before it never', () => {
  throttle.push(1);
  throttle.push(2);
  throttle.flush(3);
  mock.timers.tick(1000);
  assert.deepEqual(seen, [1, 3]);
});

test('what waits can be forgotten', () => {
  throttle.push(1);
  throttle.push(2);
  throttle.stop();
  mock.timers.tick(1000);
  assert.deepEqual(seen, [1]);
});
