import { isUtf8 } from 'node:buffer';

/**
 * Text that may hold bytes which are not UTF-8: each of them stands as one of the 128 characters from U+DC80, which no
 * UTF-8 decodes to. So lines can be put together as text and still have the bytes of the names in them.
 */
const ESCAPES = 0xdc00;

export function bytesAsText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at < buffer.length;) {
    const length = lengthAt(buffer, at);
    text += length === 0 ? String.fromCharCode(ESCAPES + (buffer[at] ?? 0)) : buffer.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

export function textAsBytes(text: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let start = 0;
  // With the flag `u` the second half of a pair is no match.
  for (const { 0: escape, index } of text.matchAll(/[\udc80-\udcff]/gu)) {
    pieces.push(Buffer.from(text.slice(start, index)), Buffer.of(escape.charCodeAt(0) - ESCAPES));
    start = index + 1;
  }
  return start === 0 ? new TextEncoder().encode(text) : Buffer.concat([...pieces, Buffer.from(text.slice(start))]);
}

/** Bytes of the character that starts at a place; 0 where none does. */
function lengthAt(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return isUtf8(buffer.subarray(at, at + length)) ? length : 0;
}
