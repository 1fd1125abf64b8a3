import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpPhases } from '../../../media/overview/dump-phases.ts';

const times = (statistics: Parameters<typeof dumpPhases>[0]): Record<string, number> =>
  Object.fromEntries(dumpPhases(statistics).phases.map(({ phase, microseconds }) => [phase, microseconds]));

test('clocks that run inside each other are laid side by side', () => {
  const statistics = { freezingTime: 101_337, frozenTime: 123_592, memdumpTime: 18_883, memwriteTime: 9_633 };
  assert.deepEqual(times(statistics), { freezing: 101_337, memory: 9_250, writing: 9_633, other: 104_709 });
  assert.equal(dumpPhases(statistics).total, 101_337 + 123_592);
  assert.equal(dumpPhases(statistics).frozen, 123_592);
});

test('a pre-dump writes after it has let the processes go', () => {
  const statistics = { freezingTime: 10, frozenTime: 100, memdumpTime: 40, memwriteTime: 500 };
  assert.deepEqual(times(statistics), { freezing: 10, memory: 40, writing: 500, other: 60 });
  assert.equal(dumpPhases(statistics).total, 610);
});

test('clocks that contradict each other give no negative time', () => {
  assert.deepEqual(times({ frozenTime: 5, memdumpTime: 40, memwriteTime: 10 }), {
    freezing: 0,
    memory: 30,
    writing: 10,
    other: 0,
  });
  assert.equal(dumpPhases({}).total, 0);
});
