import { membersOf, rangeOf, setOf, sizeOf, union, type ByteSet } from './byte-set.ts';

/** `\d`, `\s` and `\w` of bytes. */
export const CLASS_ESCAPES: ReadonlyMap<string, ByteSet> = new Map([
  ['d', rangeOf(0x30, 0x39)],
  ['s', union(rangeOf(0x09, 0x0d), setOf(0x20))],
  ['w', union(rangeOf(0x30, 0x39), rangeOf(0x41, 0x5a), rangeOf(0x61, 0x7a), setOf(0x5f))],
]);

export const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['0', 0x00],
  ['t', 0x09],
  ['n', 0x0a],
  ['v', 0x0b],
  ['f', 0x0c],
  ['r', 0x0d],
]);

export function hexByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** A set of bytes as a class, or as the one byte that it is. */
export function writeSet(set: ByteSet): string {
  if (sizeOf(set) === 256) return '[^]';
  const members = membersOf(set);
  const [first] = members;
  if (first !== undefined && members.length === 1) return hexByte(first);
  let text = '';
  for (let at = 0; at < members.length;) {
    const low = members[at] as number;
    let high = low;
    while (members[at + 1] === high + 1) high = members[++at] as number;
    at++;
    text += low === high ? hexByte(low) : `${hexByte(low)}-${hexByte(high)}`;
  }
  return `[${text}]`;
}

/** One of several rows of bytes. */
export function writeVariants(variants: readonly Uint8Array[]): string {
  const single = variants.filter(({ length }) => length === 1).map(([byte = 0]) => byte);
  const several = variants.filter(({ length }) => length > 1);
  const parts = [
    ...(single.length > 0 ? [writeSet(setOf(...single))] : []),
    ...several.map((bytes) => Array.from(bytes, hexByte).join('')),
  ];
  return several.length === 0 ? (parts[0] ?? '') : `(?:${parts.join('|')})`;
}
