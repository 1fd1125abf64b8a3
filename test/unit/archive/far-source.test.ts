import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openTar } from '../../../src/core/archive/tar-file-set.ts';
import { cachedSource } from '../../../src/core/bytes/cached-source.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { header } from './tar-support.ts';

const PAGES = 80;
const LARGE = 4 * 1024 * 1024;

/** Headers of an archive that consists of large contents and, at its end, of small ones; its bytes are computed. */
const HEADERS = new Map<number, Buffer>();
let end = 0;
for (let index = 0; index < PAGES + 10; index++) {
  // Among the large ones are small ones, as among pages images.
  const size = index >= PAGES || index % 20 === 7 ? 100 : LARGE + index * 512;
  HEADERS.set(end, header({ name: `checkpoint/pages-${String(index)}.img`, size }));
  end += 512 + Math.ceil(size / 512) * 512;
}
const SIZE = end + 1024;
const AT = [...HEADERS.keys()];

type Hint = NonNullable<ByteSource['headersFrom']>;

/** Answers what it was asked for all at once, a while after the first of it was asked: as over a long way. */
function far(headersFrom?: Hint, journeyTime = 20) {
  const seen = { journeys: 0, bytes: 0 };
  const waiting: (() => void)[] = [];
  const journey = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.length === 0) {
        setTimeout(() => {
          seen.journeys++;
          for (const arrive of waiting.splice(0)) arrive();
        }, journeyTime);
      }
      waiting.push(resolve);
    });
  const source: ByteSource = {
    name: 'far.tar',
    size: SIZE,
    async read(offset, length) {
      await journey();
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, SIZE - offset)));
      seen.bytes += bytes.length;
      for (const [at, block] of HEADERS) {
        if (at + 512 <= offset || at >= offset + bytes.length) continue;
        block.copy(bytes, Math.max(0, at - offset), Math.max(0, offset - at));
      }
      return bytes;
    },
    ...(headersFrom && {
      headersFrom: async (...asked: Parameters<Hint>) => {
        await journey();
        return headersFrom(...asked);
      },
    }),
    close: () => Promise.resolve(),
  };
  return { source: cachedSource(source), seen };
}

const truth: Hint = (offset, most) => Promise.resolve(AT.filter((at) => at > offset).slice(0, most));

async function index(source: ByteSource): Promise<readonly (number | undefined)[]> {
  const files = openTar(source);
  await files.completed;
  assert.deepEqual(files.notes, []);
  const offsets = [...files.entries.values()].map(({ headerOffset }) => headerOffset);
  await files.close();
  return offsets;
}

describe('an archive that is far away', () => {
  test('is indexed in few journeys where somebody says where its headers are', async () => {
    const [alone, told] = [far(), far(truth)];
    assert.deepEqual(await index(alone.source), AT);
    assert.deepEqual(await index(told.source), AT);
    assert.ok(alone.seen.journeys > PAGES * 0.9, `alone ${String(alone.seen.journeys)}`);
    assert.ok(told.seen.journeys < PAGES / 4, `told ${String(told.seen.journeys)}`);
    // For what stands before headers, and no more than that.
    assert.ok(told.seen.bytes < alone.seen.bytes * 2.5, `${String(told.seen.bytes)}, ${String(alone.seen.bytes)}`);
  });

  test('is indexed as it is, whatever somebody says', async () => {
    const hints: readonly Hint[] = [
      () => Promise.resolve([]),
      () => Promise.reject(new Error('no idea')),
      (offset, most) => Promise.resolve(Array.from({ length: most }, (_, index) => offset + index * 777)),
      () => Promise.resolve([NaN, -1, 0.5, Infinity, SIZE, SIZE - 1, 1e300, 0]),
      (offset, most) => truth(offset + LARGE, most),
      (offset) => Promise.resolve([offset, offset, offset]),
      () => Promise.resolve(Array.from({ length: 100_000 }, (_, index) => index * 512)),
      () => new Promise(() => undefined),
    ];
    for (const hint of hints) {
      const { source, seen } = far(hint, 1);
      assert.deepEqual(await index(source), AT);
      assert.ok(seen.bytes < 16 * 1024 * 1024, `${String(seen.bytes)} bytes for ${String(hint)}`);
    }
  });
});
