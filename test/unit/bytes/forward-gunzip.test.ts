import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ForwardGunzip } from '../../../src/core/bytes/forward-gunzip.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { CheckpointError } from '../../../src/core/errors.ts';

const content = Buffer.concat([randomBytes(3 * 1024 * 1024), Buffer.alloc(5 * 1024 * 1024, 'zeros and more')]);
const open = (bytes: Uint8Array): ForwardGunzip => new ForwardGunzip(memorySource(bytes, 'some.tar.gz'));

suite('what is decompressed as it is read', () => {
  test('is what was compressed, in steps of any size, also over gaps', async () => {
    const source = open(gzipSync(content));
    const steps = [1, 4096, 700_000, 3, 2_000_000, 250_000];
    let at = 0;
    for (let index = 0; at < content.length; index++) {
      const length = steps[index % steps.length] ?? 1;
      assert.deepEqual(await source.read(at, length), content.subarray(at, at + length), `at ${at}`);
      at += length + (index % 3) * 100_000;
    }
    assert.equal((await source.read(content.length, 10)).length, 0);
    assert.deepEqual([source.size, source.notes], [content.length, []]);
    await source.close();
  });

  test('is there again for who goes back a little, or to the start', async () => {
    const source = open(gzipSync(content));
    await source.read(4_000_000, 100);
    assert.deepEqual(await source.read(3_900_000, 200_000), content.subarray(3_900_000, 4_100_000));
    assert.deepEqual(await source.read(0, 512), content.subarray(0, 512));
    await source.close();
  });

  test('is refused to who goes back again and again', async () => {
    const source = open(gzipSync(content));
    await assert.rejects(
      async () => {
        for (let times = 0; times < 20; times++) {
          await source.read(6_000_000, 1);
          await source.read(0, 1);
        }
      },
      (error) => CheckpointError.is(error, 'unsupported'),
    );
    await source.close();
  });

  test('consists of all members', async () => {
    const source = open(Buffer.concat([gzipSync('one'), gzipSync('two')]));
    assert.equal(Buffer.from(await source.read(0, 100)).toString(), 'onetwo');
    await source.close();
  });

  test('ends where its compressed bytes end or are damaged, with a note', async () => {
    const packed = gzipSync(content);
    const flipped = Buffer.from(packed);
    flipped.fill(0xff, 1_000_000, 1_000_100);
    for (const [bytes, kind] of [
      [packed.subarray(0, 1_000_000), 'truncated'],
      [flipped, 'damaged'],
    ] as const) {
      const source = open(bytes);
      const got = await source.read(0, content.length);
      assert.ok(got.length > 0 && got.length < content.length);
      // What a damaged stream gave just before it was noticed may be wrong.
      assert.deepEqual(got.subarray(0, 900_000), content.subarray(0, 900_000));
      assert.deepEqual(
        source.notes.map((note) => [note.kind, note.where]),
        [[kind, 'some.tar.gz']],
      );
      await source.close();
    }
  });

  test('stops when it is cancelled', async () => {
    const source = open(gzipSync(content));
    const signal = AbortSignal.abort();
    await assert.rejects(source.read(0, 100, signal), (error) => CheckpointError.is(error, 'cancelled'));
    await source.close();
  });
});
