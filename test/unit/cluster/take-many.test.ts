import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subject } from '../../../src/core/cluster/checkpoint/runtime-failure.ts';
import type { Taken } from '../../../src/core/cluster/checkpoint/take-checkpoint.ts';
import { takeMany, type Outcome } from '../../../src/core/cluster/checkpoint/take-many.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { sentence } from '../../../src/protocol/sentence.ts';

function subjects(count: number, node: string): readonly Subject[] {
  return Array.from({ length: count }, (_, index) => ({
    namespace: 'lab',
    pod: `${node}-${String(index)}`,
    container: 'c',
    node,
  }));
}

/** Makes nothing, and remembers how many it made at once on each node. */
function maker() {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const begun: string[] = [];
  const take = async (subject: Subject): Promise<Taken> => {
    begun.push(subject.pod);
    const count = (now.get(subject.node) ?? 0) + 1;
    now.set(subject.node, count);
    most.set(subject.node, Math.max(most.get(subject.node) ?? 0, count));
    await new Promise((resolve) => setTimeout(resolve, 5));
    now.set(subject.node, (now.get(subject.node) ?? 1) - 1);
    if (subject.pod.endsWith('-3')) throw new CheckpointError('unavailable', sentence('Not this one.'));
    return { subject, path: `/${subject.pod}`, startedAt: '', elapsed: 5 };
  };
  return { take, most, begun };
}

async function all(outcomes: AsyncIterable<Outcome>): Promise<readonly Outcome[]> {
  const list: Outcome[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

test('several are made, a few on each node at once, and one that fails does not stop the others', async () => {
  const { take, most } = maker();
  const outcomes = await all(
    takeMany([...subjects(10, 'a'), ...subjects(7, 'b'), ...subjects(1, 'c')], take, { perNode: 3 }),
  );
  assert.equal(new Set(outcomes.map(({ subject }) => subject.pod)).size, 18);
  assert.deepEqual(
    outcomes
      .filter((outcome) => 'failure' in outcome)
      .map(({ subject }) => subject.pod)
      .sort(),
    ['a-3', 'b-3'],
  );
  assert.deepEqual(Object.fromEntries(most), { a: 3, b: 3, c: 1 });
});

test('given up, those that have begun end and no more begin', async () => {
  const { take, begun } = maker();
  const controller = new AbortController();
  const outcomes: Outcome[] = [];
  for await (const outcome of takeMany(subjects(10, 'a'), take, { perNode: 2, signal: controller.signal })) {
    outcomes.push(outcome);
    controller.abort();
  }
  assert.equal(outcomes.length, 10);
  assert.ok(begun.length < 5, String(begun.length));
  assert.ok(outcomes.some((outcome) => 'failure' in outcome && outcome.failure.reason === 'cancelled'));
});
