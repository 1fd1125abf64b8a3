import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hexDump, messageText } from '../../../media/detail/bytes-text.ts';

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));

describe('bytes as text', () => {
  test('keep their lines, and show what one would not see', () => {
    assert.equal(messageText(bytes('GET / HTTP/1.1\r\nHost: x\r\n\r\n')), 'GET / HTTP/1.1\\r\nHost: x\\r\n\\r\n');
    assert.equal(messageText(bytes('a\tb\0c\x1b[31m')), 'a\\tb\\u0000c\\u001b[31m');
    assert.equal(messageText(bytes('name\u202eexe')), 'name\\u202eexe');
    assert.equal(messageText(bytes('häuser 漢字 😀')), 'häuser 漢字 😀');
    assert.equal(messageText(bytes('')), '');
  });

  test('that are no UTF-8 stand as bytes, and what follows them as text', () => {
    assert.equal(messageText(bytes('a', 0xff, 'b', 0xc3, 'c')), 'a\\xffb\\xc3c');
    // Cut off within a character, as a preview may be.
    assert.equal(messageText(bytes('ok', 0xe6, 0xbc)), 'ok\\xe6\\xbc');
    // Longer than needed, and a half of a pair: both are forbidden.
    assert.equal(messageText(bytes(0xc0, 0x80)), '\\xc0\\x80');
    assert.equal(messageText(bytes(0xed, 0xa0, 0x80)), '\\xed\\xa0\\x80');
  });

  test('of every value come out visible', () => {
    const all = messageText(Uint8Array.from({ length: 256 }, (_, value) => value));
    for (const character of all.replaceAll('\n', '')) assert.ok(character >= ' ' && character !== '\x7f');
  });
});

test('bytes as hexdump prints them', () => {
  const lines = hexDump(bytes('0123456789abcdef', 'x', 0, 0xff)).split('\n');
  assert.deepEqual(lines, [
    '0000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef',
    `0010  78 00 ff${' '.repeat(39)}  x..`,
  ]);
  assert.equal(hexDump(new Uint8Array()), '');
});
