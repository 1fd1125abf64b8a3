import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inBatches } from '../../../src/core/cluster/download/in-batches.ts';

const pieces = (count: number) => Array.from({ length: count }, (_, index) => Buffer.alloc(10, index));
const nothing = (): void => undefined;

describe('what a stream gives in batches', () => {
  test('is all there, in order, one batch after the other, and waits for a slow taker', async () => {
    let given = 0;
    const source = Readable.from(
      (function* () {
        for (const piece of pieces(500)) {
          given++;
          yield piece;
        }
      })(),
      { highWaterMark: 4 },
    );
    const taken: Buffer[] = [];
    let busy = false;
    await inBatches(source, 100, nothing, async (batch) => {
      assert.equal(busy, false);
      busy = true;
      await sleep(1);
      taken.push(...batch);
      busy = false;
      assert.ok(given - taken.length <= 40, String(given - taken.length));
    });
    assert.deepEqual(Buffer.concat(taken), Buffer.concat(pieces(500)));
  });

  test('ends with what the taker throws, and nothing more is given', async () => {
    let count = 0;
    const work = inBatches(Readable.from(pieces(500)), 100, nothing, async () => {
      await sleep(1);
      if (++count === 3) throw new Error('full');
    });
    await assert.rejects(work, /full/);
    assert.equal(count, 3);
  });

  test('ends with what is not accepted; what came before is taken', async () => {
    const taken: Buffer[] = [];
    let seen = 0;
    const accept = (): void => {
      if (++seen > 7) throw new Error('too many');
    };
    const take = (batch: readonly Buffer[]): Promise<void> => Promise.resolve(void taken.push(...batch));
    await assert.rejects(inBatches(Readable.from(pieces(20)), 1000, accept, take), /too many/);
    assert.equal(taken.length, 7);
  });

  test('ends with what the stream fails with; what came before is taken', async () => {
    const taken: Buffer[] = [];
    const source = Readable.from(
      (async function* () {
        yield* pieces(5);
        await sleep(1);
        throw new Error('broken');
      })(),
    );
    const take = (batch: readonly Buffer[]): Promise<void> => Promise.resolve(void taken.push(...batch));
    await assert.rejects(inBatches(source, 1000, nothing, take), /broken/);
    assert.equal(taken.length, 5);
  });
});
