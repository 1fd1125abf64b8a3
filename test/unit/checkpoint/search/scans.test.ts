import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../../src/core/checkpoint/search/pattern/compile.ts';
import { ScansInThreads } from '../../../../src/core/checkpoint/search/scan/scans.ts';
import type { ScanJob, ScanTask } from '../../../../src/core/checkpoint/search/scan/task.ts';
import { takeThreads } from '../../../../src/core/checkpoint/search/scan/thread-pool.ts';

const job: ScanJob = { pattern: compilePattern({ kind: 'text', text: 'needle' }), context: 0, shown: 16, most: 10 };

/** One piece of bytes at hand, with the text in it. */
function task(before: number): ScanTask {
  const bytes = new Uint8Array(Buffer.from(`${'.'.repeat(before)}needle..`));
  const piece = { at: 0, length: bytes.length, file: -1, offset: 0, bytes };
  return { files: [], parts: [{ pieces: [piece], from: 0, to: bytes.length }] };
}

test('the first task of a search is done while its threads start, and the others by these', async () => {
  // Nobody else could have done it.
  const alone = new ScansInThreads(job, { beginHere: true, count: 0 });
  assert.deepEqual(
    (await alone.run(task(3))).matches.map(({ at }) => at),
    [3],
  );
  assert.throws(() => alone.run(task(4)), RangeError);
  await alone.close();
  const scans = new ScansInThreads(job, { beginHere: true, count: 1 });
  const order: number[] = [];
  const answers = await Promise.all(
    [1, 2, 3].map(async (before) => {
      const { matches } = await scans.run(task(before));
      order.push(before);
      return matches.map(({ at }) => at);
    }),
  );
  await scans.close();
  assert.deepEqual(answers, [[1], [2], [3]]);
  assert.equal(order[0], 1);
});

test('what may take long is left to the threads, and so is everything once one of them runs', async () => {
  const costly = new ScansInThreads(job, { beginHere: false, count: 0 });
  assert.throws(() => costly.run(task(3)), RangeError);
  await costly.close();
  const warm = new ScansInThreads(job, { beginHere: true, count: 1 });
  await Promise.all([warm.run(task(3)), warm.run(task(3))]);
  await warm.close();
  // The thread that has worked waits for the next search. It has its own copy of what it is given.
  const next = new ScansInThreads(job, { beginHere: true, count: 1 });
  const given = task(3);
  const answer = next.run(given);
  given.parts[0]?.pieces[0]?.bytes?.fill(0);
  const { matches } = await answer;
  await next.close();
  assert.equal(matches.length, 1);
});

test('closing waits for the first task, too', async () => {
  const scans = new ScansInThreads(job, { beginHere: true, count: 0 });
  const answer = scans.run(task(3));
  answer.catch(() => undefined);
  await scans.close();
  await assert.rejects(answer, { reason: 'cancelled' });
});

test('a thread that is soon through with what it has is kept for the next search, and one that is not is ended', async () => {
  const scans = new ScansInThreads(job, { beginHere: false, count: 1 });
  await scans.run(task(3));
  const [, ...last] = [scans.run(task(3)), scans.run(task(4)), scans.run(task(5))];
  await scans.close();
  // What it had was done, not given up.
  assert.deepEqual(
    (await Promise.all(last)).map(({ matches }) => matches[0]?.at),
    [4, 5],
  );
  const [kept] = takeThreads(job, 1);
  assert.ok(kept?.isRunning);
  // Of these it would have for most of a second.
  const bytes = new Uint8Array(new SharedArrayBuffer(32 * 1024 * 1024));
  const part = { pieces: [{ at: 0, length: bytes.length, file: -1, offset: 0, bytes }], from: 0, to: bytes.length };
  const long = Array.from({ length: 60 }, () => kept.run({ files: [], parts: [part] }));
  const ends = Promise.allSettled(long);
  await kept.release();
  assert.equal((await ends).at(-1)?.status, 'rejected');
  const [other] = takeThreads(job, 1);
  assert.notEqual(other, kept);
  await other?.release();
});
