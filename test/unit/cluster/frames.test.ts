import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../../src/core/cluster/exec/frames.ts';

/** A server's frame, RFC 6455, 5.2. */
function frame(opcode: number, content: Buffer, isLast = true): Buffer {
  const { length } = content;
  const head = Buffer.alloc(length > 0xffff ? 10 : length > 125 ? 4 : 2);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = length > 0xffff ? 127 : length > 125 ? 126 : length;
  if (length > 0xffff) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length > 125) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, content]);
}

/** What is told of some bytes that come in pieces. */
function read(bytes: Buffer, cuts: readonly number[]) {
  const told = { messages: [] as Buffer[], pings: [] as string[], closes: 0, mostPiece: 0 };
  let parts: Buffer[] | undefined;
  const done = (): void => {
    if (parts) told.messages.push(Buffer.concat(parts));
    parts = undefined;
  };
  const reader = new FrameReader({
    piece: (data, isFirst, isLast) => {
      assert.ok(data.length > 0);
      if (isFirst) {
        done();
        parts = [];
      }
      assert.ok(parts, 'a piece of no message');
      parts.push(Buffer.from(data));
      if (isLast) done();
    },
    ping: (data) => told.pings.push(data.toString()),
    close: () => told.closes++,
  });
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(bytes.length, cut);
    if (end > at) reader.write(bytes.subarray(at, end));
    at = Math.max(at, end);
  }
  if (at < bytes.length) reader.write(bytes.subarray(at));
  done();
  return told;
}

describe("a server's frames", () => {
  test('are the messages that they carry, however they are cut', () => {
    const message = fc.tuple(
      fc.oneof(fc.nat(300), fc.constantFrom(0, 125, 126, 65_535, 65_536, 70_000)),
      fc.array(fc.nat(1000), { maxLength: 3 }),
    );
    const property = fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.nat(200_000), { maxLength: 30 }),
      (messages, cuts) => {
        const [bytes, expected]: [Buffer[], Buffer[]] = [[], []];
        for (const [index, [length, splits]] of messages.entries()) {
          const content = Buffer.from(Array.from({ length }, (_, at) => (at * 7 + index) & 255));
          const ends = [...new Set(splits.map((split) => Math.min(split, length)))].sort((a, b) => a - b);
          for (const [part, end] of [...ends, length].entries()) {
            const piece = content.subarray(ends[part - 1] ?? 0, end);
            bytes.push(frame(part === 0 ? 2 : 0, piece, part === ends.length));
            // Control frames come between the frames of a message.
            bytes.push(frame(9, Buffer.from(String(part))), frame(10, Buffer.alloc(3)));
          }
          if (length > 0) expected.push(content);
        }
        const told = read(Buffer.concat(bytes), cuts);
        assert.equal(told.messages.length, expected.length);
        for (const [at, one] of expected.entries())
          assert.equal(Buffer.compare(told.messages[at] ?? Buffer.of(), one), 0);
        assert.equal(
          told.pings.length,
          messages.reduce((sum, [length, splits]) => {
            return sum + new Set(splits.map((split) => Math.min(split, length))).size + 1;
          }, 0),
        );
      },
    );
    fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 20_000 });
  });

  test('are handed on where they lie', () => {
    const content = Buffer.alloc(40_000, 7);
    const bytes = frame(2, content);
    let seen = 0;
    const reader = new FrameReader({
      piece: (data) => {
        assert.equal(data.buffer, bytes.buffer);
        seen += data.length;
      },
      ping: () => undefined,
      close: () => undefined,
    });
    reader.write(bytes.subarray(0, 16_000));
    assert.equal(seen, 16_000 - 4);
    reader.write(bytes.subarray(16_000));
    assert.equal(seen, 40_000);
  });

  test('are not read behind the end', () => {
    const told = read(Buffer.concat([frame(2, Buffer.of(1)), frame(8, Buffer.of(3, 232)), frame(2, Buffer.of(2))]), []);
    assert.deepEqual([told.messages.length, told.closes], [1, 1]);
  });

  test('are refused where the server does not keep to the protocol', () => {
    const masked = frame(2, Buffer.of(1, 2));
    masked[1] = (masked[1] ?? 0) | 0x80;
    const reserved = frame(2, Buffer.of(1));
    reserved[0] = (reserved[0] ?? 0) | 0x40;
    const endless = Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]);
    for (const [bytes, words] of [
      [masked, /masks its frames/],
      [reserved, /extension that was not agreed on/],
      [endless, /impossible length/],
      [frame(0, Buffer.of(1)), /wrong order/],
      [Buffer.concat([frame(2, Buffer.of(1), false), frame(2, Buffer.of(1))]), /wrong order/],
      [frame(3, Buffer.of(1)), /unknown kind/],
      [frame(11, Buffer.of(1)), /unknown kind/],
      [frame(9, Buffer.alloc(126)), /control frame that is too long/],
      [frame(9, Buffer.alloc(1), false), /control frame that is too long/],
    ] as const) {
      assert.throws(() => read(bytes, []), words);
      assert.throws(() => read(bytes, [1, 2, 3]), words);
    }
  });

  test('are never more trouble than an error, whatever comes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (bytes, cuts) => {
      try {
        read(Buffer.from(bytes), cuts);
      } catch (error) {
        assert.match(String(error), /the server (?:sends|masks|claims)/);
      }
    });
    fc.assert(property, { numRuns: 2000, interruptAfterTimeLimit: 20_000 });
  });
});
