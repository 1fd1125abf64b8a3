import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { orCancelled } from '../../../src/core/bytes/cancel.ts';
import { readAll, readExactly } from '../../../src/core/bytes/read.ts';
import { memorySource, readAvailable, sliceSource } from '../../../src/core/bytes/sources.ts';
import { text } from './support.ts';

const TEN = memorySource(Buffer.from('0123456789'), 'ten');

/** A source whose size is not known before it was read to its end. */
function unsized(content: string): ByteSource {
  return { ...memorySource(Buffer.from(content), 'unsized'), size: undefined };
}

describe('a slice', () => {
  test('gives a window, and nothing outside it', async () => {
    const slice = sliceSource(TEN, 2, 5, 'slice');
    assert.deepEqual([slice.name, slice.size], ['slice', 5]);
    assert.equal(await text(slice, 0, 100), '23456');
    assert.equal(await text(slice, 3, 2), '56');
    assert.equal(await text(slice, 5, 2), '');
    assert.equal(await text(sliceSource(slice, 1, 2, 'inner'), 0, 9), '34');
  });

  test('ends where its parent ends', async () => {
    const slice = sliceSource(TEN, 8, 5, 'slice');
    assert.equal(slice.size, 2);
    assert.equal(await text(slice, 0, 5), '89');
    assert.equal(sliceSource(TEN, 50, 5, 'beyond').size, 0);
  });

  test('is named by its parent and its place', () => {
    const parent: ByteSource = { ...TEN, identity: 'file:1' };
    assert.equal(sliceSource(parent, 2, 5, 'x').identity, 'file:1[2+5]');
    assert.equal(sliceSource(TEN, 2, 5, 'x').identity, undefined);
  });

  test('does not read more than itself of what is available', async () => {
    const parent: ByteSource = { ...TEN, readAvailable: (offset, _least, most) => TEN.read(offset, most) };
    assert.equal(Buffer.from(await readAvailable(sliceSource(parent, 2, 5, 'x'), 1, 1, 100)).toString(), '3456');
  });
});

describe('reading', () => {
  test('exactly so many bytes fails with the place where they end', async () => {
    assert.equal((await readExactly(TEN, 5, 5)).length, 5);
    await assert.rejects(readExactly(TEN, 8, 5), {
      reason: 'truncated',
      where: 'ten',
      offset: 10,
      message: 'ten ends after 10 of 13 bytes.',
    });
  });

  test('all of a source is bounded', async () => {
    assert.equal((await readAll(TEN, 10)).length, 10);
    await assert.rejects(readAll(TEN, 9), { reason: 'too-large', where: 'ten' });
    assert.equal(Buffer.from(await readAll(unsized('abc'), 3)).toString(), 'abc');
    await assert.rejects(readAll(unsized('abcd'), 3), { reason: 'too-large' });
  });

  test('ends with the signal, whatever it waits for', async () => {
    const stop = new AbortController();
    const waiting = orCancelled(new Promise(() => undefined), stop.signal);
    stop.abort();
    await assert.rejects(waiting, { reason: 'cancelled' });
    await assert.rejects(orCancelled(new Promise(() => undefined), stop.signal), { reason: 'cancelled' });
    assert.equal(await orCancelled(Promise.resolve(1), undefined), 1);
  });
});
