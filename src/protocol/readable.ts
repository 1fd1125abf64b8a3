import type { StringEncoding } from './search.ts';

/** Stands for a byte, or a unit of two, that a person cannot read. */
const UNREADABLE = '·';

/** Other characters than these take a place on the line that a reader sees. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Bytes as one line of text: what is readable as it is, `·` for each byte that is not. UTF-8 if nothing else is said. */
export function readable(bytes: Uint8Array, encoding: StringEncoding = 'utf-8'): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const [character, length] = encoding.startsWith('utf-16')
      ? unitAt(bytes, at, encoding === 'utf-16be')
      : characterAt(bytes, at, encoding === 'ascii');
    text += character !== undefined && !HIDDEN.test(character) ? character : UNREADABLE;
    at += length;
  }
  return text;
}

function unitAt(bytes: Uint8Array, at: number, bigEndian: boolean): readonly [string | undefined, number] {
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === undefined || second === undefined) return [undefined, 1];
  const unit = bigEndian ? (first << 8) | second : (second << 8) | first;
  if ((unit & 0xf800) !== 0xd800) return [String.fromCharCode(unit), 2];
  const [low] = (unit & 0xfc00) === 0xd800 && at + 4 <= bytes.length ? [lowAt(bytes, at + 2, bigEndian)] : [];
  return low === undefined ? [undefined, 2] : [String.fromCharCode(unit, low), 4];
}

function lowAt(bytes: Uint8Array, at: number, bigEndian: boolean): number | undefined {
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
  const unit = bigEndian ? (first << 8) | second : (second << 8) | first;
  return (unit & 0xfc00) === 0xdc00 ? unit : undefined;
}

/** One character of UTF-8 and its bytes; of what is none a single byte. */
function characterAt(bytes: Uint8Array, at: number, onlyAscii: boolean): readonly [string | undefined, number] {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return [String.fromCharCode(first), 1];
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (onlyAscii || first < 0xc2 || first > 0xf4 || at + length > bytes.length) return [undefined, 1];
  let point = first & (0x7f >> length);
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index] ?? 0;
    if ((byte & 0xc0) !== 0x80) return [undefined, 1];
    point = (point << 6) | (byte & 0x3f);
  }
  const least = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
  const isCharacter = point >= least && point <= 0x10ffff && (point & 0xfff800) !== 0xd800;
  return isCharacter ? [String.fromCodePoint(point), length] : [undefined, 1];
}
