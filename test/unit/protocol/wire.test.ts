import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { say, sentence } from '../../../src/protocol/sentence.ts';
import { hex, toWire } from '../../../src/protocol/wire.ts';

test('64-bit values become hexadecimal, negative ones as the word in memory', () => {
  assert.equal(hex(0n), '0x0');
  assert.equal(hex(0xffff_ffff_ffff_ffffn), '0xffffffffffffffff');
  assert.equal(hex(-1n), '0xffffffffffffffff');
});

test('bigints are found at any depth, all else stays', () => {
  const value = { a: 1n, list: [2n, 'x', null, { deep: [3n] }], none: undefined, flag: false };
  assert.deepEqual(toWire(value), {
    a: '0x1',
    list: ['0x2', 'x', null, { deep: ['0x3'] }],
    none: undefined,
    flag: false,
  });
});

test('bytes are copied to their exact size and are no Buffer', () => {
  const view = Buffer.from('a long pooled text').subarray(2, 6);
  const { bytes } = toWire({ bytes: view });
  assert.equal(bytes.constructor, Uint8Array);
  assert.equal(bytes.buffer.byteLength, 4);
  assert.equal(Buffer.from(bytes).toString(), 'long');
});

test('a key named __proto__ is data', () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}}') as object;
  const wire = toWire(value);
  assert.equal(Reflect.get(wire, 'polluted'), undefined);
  assert.ok(Object.hasOwn(wire, '__proto__'));
});

test('what went over the wire can be written as JSON', () => {
  fc.assert(
    fc.property(fc.object({ withBigInt: true }), (value) => {
      assert.doesNotThrow(() => JSON.stringify(toWire(value)));
    }),
    { numRuns: 200 },
  );
});

test('a sentence takes its arguments once, and keeps a place that has none', () => {
  assert.equal(say(sentence('{0} of {1}: {2}', '{1}', 5)), '{1} of 5: {2}');
  assert.equal(
    say(sentence('{0}', 'x'), () => '<{0}>'),
    '<x>',
  );
  assert.equal(
    say(sentence('{0}', 'x'), () => undefined),
    'x',
  );
});

test('a sentence shows what is invisible in its arguments, and keeps its own line breaks', () => {
  assert.equal(say(sentence('a\n{0}', 'b\n\u001b[31m\u202e')), 'a\nb\\n\\u001b[31m\\u202e');
});
