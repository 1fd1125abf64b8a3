import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ByteCache, type Read } from '../../../../media/memory/byte-cache.ts';
import { bytesText } from '../../../../media/memory/copy-bytes.ts';
import { inspect, pointerAt } from '../../../../media/memory/inspect.ts';
import { wholeReader } from '../../../../media/memory/read-whole.ts';
import { toWire } from '../../../../src/protocol/wire.ts';

const KIB = 1024n;

/** Memory in which every byte is the low one of its address shifted right by 8; the second 4 KiB of each 16 are missing. */
class Source {
  readonly reads: { readonly address: bigint; readonly length: number; readonly signal: AbortSignal }[] = [];
  #release: (() => void)[] = [];
  failing = false;

  readonly read: Read = async (address, length, signal) => {
    this.reads.push({ address, length, signal });
    await new Promise<void>((resolve) => this.#release.push(resolve));
    if (this.failing) throw new Error('broken');
    const bytes = Uint8Array.from({ length }, (_, at) => Number(((address + BigInt(at)) >> 8n) & 0xffn));
    const ranges = [];
    const end = address + BigInt(length);
    for (let at = address; at < end;) {
      const next = (at / (4n * KIB) + 1n) * 4n * KIB;
      const present = (at / (4n * KIB)) % 4n !== 1n;
      const source = present ? ('own' as const) : ('untouched' as const);
      ranges.push({ start: at, length: Number((next < end ? next : end) - at), source, present });
      at = next;
    }
    return toWire({ address, bytes, ranges });
  };

  async answer(): Promise<void> {
    this.#release.splice(0).forEach((release) => release());
    await new Promise((resolve) => setImmediate(resolve));
  }
}

suite('bytes that are looked at', () => {
  test('come when they are wanted, whole chunks at a time, with what missing ones are', async () => {
    const source = new Source();
    const cache = new ByteCache(source.read);
    let told = 0;
    cache.subscribe(() => told++);
    assert.equal(cache.at(0x10010n), undefined);
    cache.want(0x10010n, 0x10400n);
    cache.want(0x10010n, 0x10400n);
    assert.deepEqual(
      source.reads.map(({ address, length }) => [address, length]),
      [[0x10000n, 32768]],
    );
    await source.answer();
    assert.equal(told, 1);
    assert.deepEqual(cache.at(0x10310n), { value: 3, source: 'own' });
    assert.deepEqual(cache.at(0x11310n), { value: undefined, source: 'untouched' });
    assert.equal(cache.rangeAt(0x11310n)?.start, '0x11000');
    assert.deepEqual([...cache.bytesFrom(0x10ffen, 10)], [15, 15]);
    assert.deepEqual([...cache.bytesFrom(0x17ffen, 10)], [127, 127]);
  });

  test('that are likely to come into view are fetched once all that is in view is here', async () => {
    const source = new Source();
    const cache = new ByteCache(source.read);
    cache.want(0x20000n, 0x20100n);
    await source.answer();
    cache.want(0x20000n, 0x20100n);
    assert.equal(source.reads.at(-1)?.address, 0x1c000n);
    await source.answer();
    cache.want(0x20000n, 0x20100n);
    assert.equal(source.reads.length, 2);
  });

  test('that are no longer wanted are given up', async () => {
    const source = new Source();
    const cache = new ByteCache(source.read);
    cache.want(0x100000n, 0x100100n);
    cache.want(0x900000n, 0x900100n);
    assert.deepEqual(
      source.reads.map(({ signal }) => signal.aborted),
      [true, false],
    );
    await source.answer();
    assert.equal(cache.at(0x100000n), undefined);
    assert.equal(cache.at(0x900000n)?.source, 'own');
    cache.want(0x500000n, 0x500100n);
    cache.close();
    assert.equal(source.reads.at(-1)?.signal.aborted, true);
  });

  test('at both ends of 64 bits', async () => {
    const source = new Source();
    const cache = new ByteCache(source.read);
    cache.want(0n, 16n);
    await source.answer();
    assert.equal(cache.at(0n)?.value, 0);
    cache.want(2n ** 64n - 16n, 2n ** 64n);
    await source.answer();
    assert.equal(cache.at(2n ** 64n - 1n)?.value, 255);
    assert.ok(source.reads.every(({ address, length }) => address + BigInt(length) <= 2n ** 64n));
  });

  test('that cannot be read are asked for again only when told to', async () => {
    const source = new Source();
    source.failing = true;
    const cache = new ByteCache(source.read);
    cache.want(0x10000n, 0x10100n);
    await source.answer();
    assert.match(String(cache.error), /broken/);
    cache.want(0x10000n, 0x10100n);
    assert.equal(source.reads.length, 1);
    source.failing = false;
    cache.renew();
    cache.want(0x10000n, 0x10100n);
    await source.answer();
    assert.equal(cache.error, undefined);
    assert.equal(cache.at(0x10000n)?.value, 0);
  });

  test('are not kept for ever', async () => {
    const source = new Source();
    const cache = new ByteCache(source.read);
    for (let at = 0n; at < 200n; at++) {
      cache.want(at * 64n * KIB, at * 64n * KIB + 16n);
      await source.answer();
    }
    assert.equal(cache.at(0n), undefined);
    assert.equal(cache.at(199n * 64n * KIB)?.source, 'own');
  });
});

suite('bytes that are copied', () => {
  const bytes = Uint8Array.from([0x48, 0xc3, 0xa9, 0x00, 0xff, 0x21]);
  const present = Uint8Array.from([1, 1, 1, 1, 0, 1]);

  test('have no zero for what is missing', () => {
    assert.equal(bytesText(bytes, present, 'hex'), '48 c3 a9 00 ?? 21');
    assert.equal(bytesText(bytes, present, 'text'), 'Hé\0\uFFFD!');
    assert.equal(
      bytesText(bytes, present, 'c'),
      'unsigned char data[6] = {\n  0x48, 0xc3, 0xa9, 0x00, /* missing */ 0, 0x21,\n};\n',
    );
  });

  test('are read window by window', async () => {
    const source = new Source();
    const whole = wholeReader(async (...args) => {
      const answer = source.read(...args);
      await source.answer();
      return answer;
    });
    const read = await whole(0x10010n, 300_000);
    assert.equal(source.reads.length, 2);
    assert.equal(read.bytes[0x300], 3);
    assert.deepEqual([read.present[0xfef], read.present[0xff0], read.present[0x1ff0]], [1, 0, 1]);
  });
});

suite('what bytes mean', () => {
  const value = (bytes: readonly number[], name: string): readonly (string | undefined)[] => {
    const { integers, floats, times } = inspect(Uint8Array.from(bytes), true);
    const row = [...integers, ...floats, ...times].find((candidate) => candidate.name === name);
    return [row?.little, row?.big];
  };

  test('integers of all widths in both orders', () => {
    const bytes = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert.deepEqual(value(bytes, 'int8'), ['-2', undefined]);
    assert.deepEqual(value(bytes, 'uint8'), ['254', undefined]);
    assert.deepEqual(value(bytes, 'binary'), ['11111110', undefined]);
    assert.deepEqual(value(bytes, 'int16'), ['-2', '-257']);
    assert.deepEqual(value(bytes, 'uint32'), ['4294967294', '4278190079']);
    assert.deepEqual(value(bytes, 'int64'), ['-2', '-72057594037927937']);
    assert.deepEqual(value(bytes, 'uint64'), ['18446744073709551614', '18374686479671623679']);
    assert.deepEqual(value(bytes.slice(0, 3), 'int32'), [undefined, undefined]);
  });

  test('floating point numbers with the digits that name them', () => {
    assert.deepEqual(value([0, 0, 0x80, 0x3f], 'float32'), ['1.0', '4.6006e-41']);
    assert.deepEqual(value([0xcd, 0xcc, 0xcc, 0x3d], 'float32')[0], '0.1');
    assert.deepEqual(value([0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40], 'float64')[0], '3.141592653589793');
    assert.deepEqual(value([0, 0, 0x80, 0x7f], 'float32')[0], '∞');
    assert.deepEqual(value([0, 0, 0xc0, 0x7f], 'float32')[0], 'NaN');
  });

  test('times that are likely ones', () => {
    assert.deepEqual(value([0x00, 0xf1, 0x53, 0x65], 'time32'), ['2023-11-14 22:13:20Z', '']);
    const nanoseconds = new Uint8Array(8);
    new DataView(nanoseconds.buffer).setBigUint64(0, 1_700_000_000_500_000_000n, true);
    assert.deepEqual(value([...nanoseconds], 'time64 ns')[0], '2023-11-14 22:13:20.500Z');
    assert.deepEqual(value([1, 0, 0, 0, 0, 0, 0, 0], 'time64'), [undefined, undefined]);
  });

  test('texts up to where they end', () => {
    const utf8 = (text: string) => inspect(new TextEncoder().encode(text), true).utf8;
    assert.equal(utf8('Grüße\0hidden'), 'Grüße');
    assert.equal(utf8('two\nlines\u0001more'), 'two\nlines');
    assert.equal(utf8('x\0'), '');
    const utf16 = Uint8Array.from(
      Array.from('wide')
        .flatMap((letter) => [letter.charCodeAt(0), 0])
        .concat(0, 0, 65, 0),
    );
    assert.equal(inspect(utf16, true).utf16, 'wide');
    assert.equal(inspect(Buffer.from(utf16).swap16(), false).utf16, 'wide');
    assert.equal(inspect(Uint8Array.from(Array.from('narrow').map((letter) => letter.charCodeAt(0))), true).utf16, '');
  });

  test('addresses by the width and the order of the machine', () => {
    const bytes = Uint8Array.from([0x78, 0x56, 0x34, 0x12, 0x01, 0, 0, 0]);
    assert.equal(pointerAt(bytes, 8, true), 0x112345678n);
    assert.equal(pointerAt(bytes, 4, true), 0x12345678n);
    assert.equal(pointerAt(bytes, 4, false), 0x78563412n);
    assert.equal(pointerAt(bytes.subarray(0, 7), 8, true), undefined);
  });
});
