import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { readable } from '../../../src/protocol/readable.ts';

suite('bytes as a line of text', () => {
  test('show what is readable and a dot for each byte that is not', () => {
    assert.equal(readable(Buffer.from('a\0b\n\x7fc')), 'a·b··c');
    assert.equal(readable(Buffer.from('Grüße €😀')), 'Grüße €😀');
    assert.equal(readable(Buffer.from([0xc3, 0x28, 0xe2, 0x82, 0xf0, 0x9f, 0x41])), '·(····A');
    assert.equal(readable(Buffer.from([0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80])), '·'.repeat(9));
    assert.equal(readable(Buffer.from('a\u202eb\u2028c\u0085d')), 'a·b·c·d', 'no direction, no line break');
    assert.equal(readable(Buffer.from('ü'), 'ascii'), '··');
  });

  test('show UTF-16 from either end', () => {
    const little = Buffer.from('aü€😀\0', 'utf16le');
    assert.equal(readable(little, 'utf-16le'), 'aü€😀·');
    assert.equal(readable(Buffer.from(little).swap16(), 'utf-16be'), 'aü€😀·');
    assert.equal(readable(Buffer.from([0x41, 0x00, 0x00, 0xd8, 0x42, 0x00, 0x43]), 'utf-16le'), 'A·B·');
  });

  test('never show what would break a line, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('ascii', 'utf-8', 'utf-16le', 'utf-16be'), (bytes, encoding) => {
        const text = readable(bytes, encoding);
        assert.ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(text) && text.isWellFormed());
        assert.ok(text.length <= bytes.length);
      }),
    );
  });
});
