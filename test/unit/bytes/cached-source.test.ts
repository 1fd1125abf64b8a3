import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cachedSource } from '../../../src/core/bytes/cached-source.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import { noise } from './support.ts';

const BYTES = noise(1_000_003);

/** A source that remembers what it was asked for. */
function remembering(bytes: Buffer = BYTES) {
  const reads: [offset: number, length: number][] = [];
  const source: ByteSource = {
    name: 'far away',
    size: bytes.length,
    identity: 'far',
    async read(offset, length) {
      reads.push([offset, length]);
      await new Promise((resolve) => setImmediate(resolve));
      return bytes.subarray(offset, offset + length);
    },
    close: () => Promise.resolve(),
  };
  return { source, reads, total: () => reads.reduce((sum, [, length]) => sum + length, 0) };
}

describe('a cached source', () => {
  test('gives the same bytes as the source, whatever is asked, also at once', async () => {
    const { source } = remembering();
    const cached = cachedSource(source, { block: 1000, limit: 100_000, ahead: 20_000 });
    const random = noise(4000, 7);
    const asks = Array.from({ length: 500 }, (_, index) => {
      const offset = (random.readUInt32LE(index * 8) * 17) % (BYTES.length + 2000);
      const length = random.readUInt32LE(index * 8 + 4) % (index % 10 === 0 ? 200_000 : 5000);
      return [offset, length] as const;
    });
    for (let at = 0; at < asks.length; at += 20) {
      await Promise.all(
        asks.slice(at, at + 20).map(async ([offset, length]) => {
          const bytes = await cached.read(offset, length);
          assert.deepEqual(
            Buffer.from(bytes),
            BYTES.subarray(offset, offset + length),
            `${String(offset)}+${String(length)}`,
          );
          const again = cached.readNow?.(offset, length);
          if (again) assert.deepEqual(Buffer.from(again), BYTES.subarray(offset, offset + length));
        }),
      );
    }
  });

  test('fetches small pieces here and there, and growing ones in a row', async () => {
    const { source, reads } = remembering();
    const cached = cachedSource(source, { block: 1000, limit: 500_000, ahead: 16_000 });
    await cached.read(500_000, 10);
    await cached.read(700_000, 10);
    assert.deepEqual(reads.splice(0), [
      [500_000, 1000],
      [700_000, 1000],
    ]);
    for (let at = 0; at < 40_000; at += 500) await cached.read(at, 500);
    const lengths = reads.map(([, length]) => length);
    assert.deepEqual(lengths.slice(0, 4), [1000, 4000, 16_000, 16_000]);
    assert.ok(lengths.every((length) => length <= 16_000));
    assert.ok(reads.length < 10);
  });

  test('fetches once what several ask for at once, and what is there not again', async () => {
    const { source, reads, total } = remembering();
    const cached = cachedSource(source, { block: 1000 });
    await Promise.all(Array.from({ length: 10 }, () => cached.read(5000, 3000)));
    assert.deepEqual(reads, [[5000, 3000]]);
    await cached.read(5500, 1000);
    assert.equal(total(), 3000);
    await cached.read(4500, 5000);
    assert.ok(total() < 8000, 'only what was missing');
  });

  test('keeps no more than it may', async () => {
    const { source, reads } = remembering();
    const cached = cachedSource(source, { block: 1000, limit: 10_000, ahead: 1000 });
    for (let at = 0; at < 100_000; at += 1000) await cached.read(at, 1000);
    reads.length = 0;
    await cached.read(99_000, 1000);
    assert.deepEqual(reads, []);
    await cached.read(0, 1000);
    assert.deepEqual(reads, [[0, 1000]]);
  });

  test('passes failures on, and tries again when asked again', async () => {
    const { source } = remembering();
    let isBroken = true;
    const failing: ByteSource = {
      ...source,
      read: (offset, length) =>
        isBroken ? Promise.reject(new CheckpointError('unreachable', sentence('Gone.'))) : source.read(offset, length),
    };
    const cached = cachedSource(failing);
    await assert.rejects(cached.read(0, 10), { reason: 'unreachable' });
    isBroken = false;
    assert.deepEqual(Buffer.from(await cached.read(0, 10)), BYTES.subarray(0, 10));
  });

  test('lets go who gives up', async () => {
    const { source } = remembering();
    const stuck: ByteSource = { ...source, read: () => new Promise(() => undefined) };
    const cached = cachedSource(stuck);
    const controller = new AbortController();
    const reading = cached.read(0, 10, controller.signal);
    controller.abort();
    await assert.rejects(reading, { reason: 'cancelled' });
  });
});
