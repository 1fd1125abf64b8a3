import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parentsFirst } from '../../../src/core/checkpoint/parents-first.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';

const process = (pid: number, ppid: number): ProcessFacts => ({
  ...{ pid, ppid, pgid: 1, sid: 1 },
  state: 'running',
  threads: [],
  complete: true,
});
const pids = (processes: readonly ProcessFacts[]) => parentsFirst(processes).map(({ pid }) => pid);

test('processes come after their parents, with their siblings in the order of the list', () => {
  assert.deepEqual(pids([process(1, 0), process(3, 1), process(2, 1)]), [1, 3, 2]);
  assert.deepEqual(pids([process(4, 2), process(3, 1), process(2, 1), process(1, 0)]), [1, 3, 2, 4]);
});

test('those whose parent is missing stay, and so do those of a ring', () => {
  assert.deepEqual(pids([process(5, 9), process(6, 5)]), [5, 6]);
  assert.deepEqual(pids([process(3, 2), process(2, 3), process(1, 0)]), [1, 3, 2]);
});

test('one process may have more children than a call takes arguments', () => {
  const children = Array.from({ length: 200_000 }, (_, index) => process(index + 2, 1));
  const ordered = pids([...children, process(1, 0)]);
  assert.equal(ordered.length, 200_001);
  assert.deepEqual(ordered.slice(0, 3), [1, 2, 3]);
});
