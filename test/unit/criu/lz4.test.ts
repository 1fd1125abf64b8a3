import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { decodeLz4Block } from '../../../src/core/criu/lz4.ts';
import { compressLz4 } from './lz4-encoder.ts';

suite('an LZ4 block', () => {
  test('made by the reference implementation', () => {
    // LZ4_compress_fast of liblz4 1.9.4, which is what CRIU calls.
    const short = 'abcabcabcabcabcabcabcabc-the end.';
    const page = Buffer.alloc(4096, 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\0HOME=/root\0');
    const cases = [
      [Buffer.from(short), '3f616263030002902d74686520656e642e'],
      [
        page,
        'f706504154483d2f7573722f6c6f63616c2f7362696e3a1000050f00061900ff0062696e00484f4d453d2f726f6f74004200' +
          'ffffffffffffffffffffffffffffffb5500050415448',
      ],
    ] as const;
    for (const [data, block] of cases) {
      assert.deepEqual(Buffer.from(decodeLz4Block(Buffer.from(block, 'hex'), data.length) ?? []), data);
    }
  });

  test('decodes to what was encoded', () => {
    const page = fc.oneof(
      fc.uint8Array({ maxLength: 5000 }),
      fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 5000 }).map((list) => Uint8Array.from(list)),
      fc.tuple(fc.nat(255), fc.nat(5000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
    );
    fc.assert(
      fc.property(page, (data) => {
        assert.deepEqual(decodeLz4Block(compressLz4(data), data.length), data);
      }),
      { numRuns: 300 },
    );
  });

  test('damaged in any way gives nothing, or bytes of the right number', () => {
    const data = Uint8Array.from({ length: 4096 }, (_, index) => (index * index) >> 6);
    const block = compressLz4(data);
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.nat(255), fc.nat(block.length), (at, byte, length) => {
        const damaged = block.slice(0, length);
        if (at < length) damaged[at] = byte;
        const decoded = decodeLz4Block(damaged, data.length);
        assert.ok(decoded === undefined || decoded.length === data.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('of another length than expected gives nothing', () => {
    const block = compressLz4(new Uint8Array(100));
    assert.equal(decodeLz4Block(block, 99), undefined);
    assert.equal(decodeLz4Block(block, 101), undefined);
    assert.equal(decodeLz4Block(new Uint8Array(), 1), undefined);
  });

  test('that reaches before its start, or runs off in a length, gives nothing', () => {
    assert.equal(decodeLz4Block(Uint8Array.of(0x10, 65, 2, 0, 0x10, 66), 6), undefined);
    assert.equal(decodeLz4Block(Uint8Array.of(0x10, 65, 0, 0, 0x10, 66), 6), undefined);
    assert.equal(decodeLz4Block(Uint8Array.of(0xf0, 0xff, 0xff), 1000), undefined);
    assert.equal(decodeLz4Block(Uint8Array.of(0x10, 65, 1), 6), undefined);
  });
});
