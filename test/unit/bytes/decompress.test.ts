import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { sniffCompression } from '../../../src/core/bytes/compression.ts';
import { decompress, type DecompressOptions } from '../../../src/core/bytes/decompress.ts';
import { isGrowing, type GrowingSource } from '../../../src/core/bytes/growing-source.ts';
import { memorySource, sliceSource } from '../../../src/core/bytes/sources.ts';
import { SpillStore } from '../../../src/core/bytes/spill.ts';
import { inFolder, noise, told } from './support.ts';

const A = noise(3_000_000);
const B = Buffer.from('a short one');
const C = Buffer.alloc(5_000_000, 7);

const gzip = (bytes: Buffer) => zlib.gzipSync(bytes, { level: 1 });
const zstd = (bytes: Buffer) => zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } });

function skippable(length: number): Buffer {
  const frame = Buffer.alloc(8 + length, 9);
  frame.writeUInt32LE(0x184d2a5a, 0);
  frame.writeUInt32LE(length, 4);
  return frame;
}

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

async function withDecompressed<T>(
  input: Buffer | ByteSource,
  work: (source: GrowingSource, directory: string) => Promise<T>,
  options: DecompressOptions & { limit?: number } = {},
): Promise<T> {
  return inFolder(async (folder) => {
    const directory = join(folder, 'spill');
    const store = await SpillStore.open({ directory, limit: options.limit ?? 1 << 30, keepFor: 0 });
    const source = Buffer.isBuffer(input) ? memorySource(input, 'test.tar') : input;
    const kind = await sniffCompression(source);
    assert.ok(kind !== 'none');
    const growing = await decompress(source, kind, store, options);
    try {
      return await work(growing, directory);
    } finally {
      await growing.close();
      assert.deepEqual(await readdir(directory), [], 'nothing stays behind');
    }
  });
}

async function whole(source: GrowingSource): Promise<Buffer> {
  await source.ended;
  return Buffer.from(await source.read(0, source.size ?? 0));
}

describe('the first bytes', () => {
  test('tell gzip, zstd also behind skippable frames, and nothing else', async () => {
    const kindOf = (bytes: Buffer) => sniffCompression(memorySource(bytes, 'x'));
    assert.equal(await kindOf(gzip(B)), 'gzip');
    assert.equal(await kindOf(zstd(B)), 'zstd');
    assert.equal(await kindOf(Buffer.concat([skippable(3), zstd(B)])), 'zstd');
    assert.equal(await kindOf(B), 'none');
    assert.equal(await kindOf(Buffer.alloc(0)), 'none');
    assert.equal(await kindOf(Buffer.from([0x1f])), 'none');
  });

  for (const [name, magic] of [
    ['xz', 'fd377a585a0000'],
    ['bzip2', '425a6839'],
    ['lz4', '04224d18'],
    ['lzip', '4c5a4950'],
  ] as const) {
    test(`refuse ${name}, and say what to do`, () =>
      assert.rejects(sniffCompression(memorySource(Buffer.from(magic, 'hex'), 'x.tar')), {
        reason: 'unsupported',
        message: new RegExp(
          `x\\.tar is compressed with ${name}, which is not read here\\. Unpack it first, with: ${name} -d`,
        ),
      }));
  }
});

describe('decompressed', () => {
  for (const [name, input, output] of [
    ['gzip', gzip(A), A],
    ['gzip of several members', Buffer.concat([gzip(A), gzip(B), gzip(C)]), Buffer.concat([A, B, C])],
    ['gzip of nothing', gzip(Buffer.alloc(0)), Buffer.alloc(0)],
    ['gzip filled up with zeros', Buffer.concat([gzip(B), Buffer.alloc(1000)]), B],
    [
      'gzip that ends in zeros',
      gzip(Buffer.concat([B, Buffer.alloc(700_000)])),
      Buffer.concat([B, Buffer.alloc(700_000)]),
    ],
    ['zstd', zstd(A), A],
    ['zstd of several frames', Buffer.concat([zstd(A), zstd(B), zstd(C)]), Buffer.concat([A, B, C])],
    [
      'zstd with skippable frames',
      Buffer.concat([skippable(5), zstd(A), skippable(0), zstd(B), skippable(70_000)]),
      Buffer.concat([A, B]),
    ],
    [
      'zstd of many short frames',
      Buffer.concat(Array.from({ length: 100 }, () => zstd(B))),
      Buffer.concat(Array.from({ length: 100 }, () => B)),
    ],
    ['zstd filled up with zeros', Buffer.concat([zstd(B), Buffer.alloc(1000)]), B],
  ] as const) {
    test(`${name}: gives the bytes, and all compressed ones once`, async () => {
      const seen: Buffer[] = [];
      let ends = 0;
      const options = {
        onInput: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes)),
        onInputEnd: () => void ends++,
      };
      await withDecompressed(
        input,
        async (source) => {
          assert.ok(isGrowing(source));
          assert.ok(output.equals(await whole(source)));
          assert.deepEqual(told(source.notes), []);
          assert.ok(input.equals(Buffer.concat(seen)));
          assert.equal(ends, 1);
        },
        options,
      );
    });
  }

  const gzipA = gzip(A);
  const zstdA = zstd(A);
  for (const [name, input, atLeast, note] of [
    [
      'gzip cut off',
      gzipA.subarray(0, gzipA.length - 5000),
      2_900_000,
      /^truncated@\d+: test\.tar is cut off: its compressed data ends unfinished/,
    ],
    [
      'gzip with a wrong checksum',
      flip(gzipA, gzipA.length - 6),
      A.length,
      /^damaged@\d+: The checksum of test\.tar does not fit/,
    ],
    [
      'gzip with something behind it',
      Buffer.concat([gzipA, B]),
      A.length,
      /^damaged@\d+: test\.tar goes on behind its compressed data/,
    ],
    [
      'gzip with a reserved block',
      Buffer.concat([gzipA.subarray(0, 10), Buffer.from([0x07]), gzipA.subarray(11)]),
      0,
      /^damaged@1[01]: The compressed data of test\.tar is damaged near byte 1[01]: nothing/,
    ],
    ['zstd cut off', zstdA.subarray(0, zstdA.length - 5000), 2_500_000, /^truncated@\d+: test\.tar is cut off/],
    [
      'zstd with a wrong checksum',
      flip(zstdA, zstdA.length - 2),
      A.length,
      /^damaged@\d+: The checksum of test\.tar does not fit/,
    ],
    [
      'zstd with something behind it',
      Buffer.concat([zstdA, B]),
      A.length,
      /^damaged@\d+: test\.tar goes on behind its compressed data/,
    ],
    ['zstd with a bad second frame', Buffer.concat([zstdA, flip(zstd(C), 12)]), A.length, /^(damaged|truncated)@\d+: /],
    ['zstd of four bytes', zstdA.subarray(0, 4), 0, /^truncated@4: test\.tar is cut off at byte 4, before anything/],
  ] as const) {
    test(`${name}: gives what came before the damage, and says where it is`, () =>
      withDecompressed(input, async (source) => {
        const bytes = await whole(source);
        assert.ok(bytes.length >= atLeast, `${String(bytes.length)} bytes`);
        assert.ok(A.subarray(0, bytes.length).equals(bytes.subarray(0, A.length)));
        assert.equal(source.notes.length, 1);
        assert.match(told(source.notes)[0] ?? '', note);
      }));
  }

  test('loses no more than a block to a flipped bit in the middle', () =>
    withDecompressed(flip(zstdA, zstdA.length >> 1), async (source) => {
      const bytes = await whole(source);
      const same = bytes.findIndex((byte, at) => byte !== A[at]);
      assert.ok(same === -1 || same > A.length / 2 - 200_000);
      assert.equal(source.notes[0]?.kind, 'damaged');
    }));

  test('that needs a window of more than 128 MiB says how to unpack it', async () => {
    const compressor = zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_windowLog]: 28 } });
    compressor.write(B);
    compressor.flush();
    compressor.end(B);
    const frame: Buffer[] = [];
    for await (const part of compressor) frame.push(part as Buffer);
    await withDecompressed(Buffer.concat(frame), async (source) => {
      await source.ended;
      assert.match(
        told(source.notes)[0] ?? '',
        /more than 128 MiB of memory to read\. Unpack it first, with: zstd -d --long=31/,
      );
    });
  });

  test('that needs a dictionary says so', async () => {
    // Magic, a descriptor (one segment, dictionary id of a byte), the id, the content size, and a last raw block.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x07, 0x01, 0x09, 0x00, 0x00, 0x41]);
    await withDecompressed(frame, async (source) => {
      await source.ended;
      assert.match(told(source.notes)[0] ?? '', /was compressed with a dictionary, which is not in it/);
    });
  });

  test('stops at the limit, with what was there by then and a note that names it', () =>
    withDecompressed(
      zstd(Buffer.alloc(400_000_000)),
      async (source) => {
        await source.ended;
        assert.ok((source.size ?? 0) <= 10_000_000 && (source.size ?? 0) > 5_000_000, String(source.size));
        assert.match(
          told(source.notes).join(),
          /^truncated@\d+: Only the first \d+ bytes of test\.tar were decompressed\. .* more than the 10000000 bytes/,
        );
      },
      { limit: 10_000_000 },
    ));
});

/** A source whose later part is there only when the gate opens. */
function gated(bytes: Buffer, openUntil: number): { source: ByteSource; open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const source: ByteSource = {
    name: 'gated.tar',
    size: bytes.length,
    read: async (offset, length) => {
      if (offset >= openUntil) await gate;
      const end = offset < openUntil ? Math.min(offset + length, openUntil) : offset + length;
      return bytes.subarray(offset, end);
    },
    close: () => Promise.resolve(),
  };
  return { source, open };
}

describe('while it grows', () => {
  test('a source gives what is there, waits for what is not, and tells its size at the end', async () => {
    const compressed = gzip(A);
    const { source, open } = gated(compressed, compressed.length >> 1);
    await withDecompressed(source, async (growing) => {
      assert.ok(A.subarray(0, 1_100_000).equals(await growing.read(0, 1_100_000)));
      assert.equal(growing.size, undefined);
      assert.ok(A.subarray(9, 99).equals(growing.readNow?.(9, 90) ?? Buffer.alloc(0)));
      assert.equal(growing.readNow?.(A.length - 10, 5), undefined, 'it is not there yet');
      const target = Buffer.alloc(90);
      assert.equal(growing.fillNow?.(target, 9), 90);
      assert.ok(A.subarray(9, 99).equals(target));
      assert.equal(growing.fillNow(target, A.length - 100), undefined, 'nor is that');
      const some = await growing.readAvailable(0, 10, A.length);
      assert.ok(some.length > 1_000_000 && some.length < A.length);
      let isThere = false;
      const last = growing.read(A.length - 10, 100).then((bytes) => ((isThere = true), bytes));
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(isThere, false);
      open();
      assert.ok(A.subarray(-10).equals(await last));
      await growing.ended;
      assert.equal(growing.size, A.length);
      assert.equal((await growing.read(A.length, 10)).length, 0);
      assert.equal(growing.fillNow(target, A.length - 10), 10);
      assert.ok(A.subarray(-10).equals(target.subarray(0, 10)));
    });
  });

  test('a reader may give up waiting', async () => {
    const compressed = gzip(A);
    const { source, open } = gated(compressed, 1000);
    await withDecompressed(source, async (growing) => {
      const stop = new AbortController();
      const waiting = growing.read(A.length - 1, 1, stop.signal);
      stop.abort();
      await assert.rejects(waiting, { reason: 'cancelled' });
      open();
      assert.ok(A.equals(await whole(growing)));
    });
  });

  test('closing or cancelling ends the work, and those who wait', async () => {
    for (const how of ['close', 'cancel'] as const) {
      const stop = new AbortController();
      const { source, open } = gated(gzip(A), 1000);
      await withDecompressed(
        source,
        async (growing, directory) => {
          const waiting = growing.read(A.length - 1, 1);
          if (how === 'cancel') stop.abort();
          const closing = how === 'close' ? growing.close() : growing.ended;
          setTimeout(open, 10);
          await Promise.all([
            assert.rejects(waiting, { reason: 'cancelled' }),
            how === 'close' ? closing : assert.rejects(closing, { reason: 'cancelled' }),
          ]);
          assert.deepEqual(await readdir(directory), []);
          await assert.rejects(growing.read(0, 10));
        },
        { signal: stop.signal },
      );
    }
  });

  test('a failing source leaves what came before it', () => {
    const compressed = gzip(A);
    const source: ByteSource = {
      ...memorySource(compressed, 'failing.tar'),
      read: (offset, length) =>
        offset < 500_000
          ? Promise.resolve(compressed.subarray(offset, Math.min(offset + length, 500_000)))
          : Promise.reject(new Error('the disk is gone')),
    };
    return withDecompressed(source, async (growing) => {
      const bytes = await whole(growing);
      assert.ok(bytes.length > 500_000 && A.subarray(0, bytes.length).equals(bytes));
      assert.match(
        told(growing.notes)[0] ?? '',
        /^truncated@500000: Only the first \d+ bytes of failing\.tar were decompressed: the disk is gone\.$/,
      );
    });
  });

  test('an archive in an archive is decompressed from what is being decompressed', async () => {
    const inner = gzip(A);
    const { source, open } = gated(gzip(Buffer.concat([B, inner, C])), 500_000);
    await withDecompressed(source, async (outer) => {
      setTimeout(open, 10);
      await withDecompressed(sliceSource(outer, B.length, inner.length, 'inner.tar'), async (nested) => {
        assert.ok(A.equals(await whole(nested)));
        assert.deepEqual(nested.notes, []);
      });
    });
  });
});
