import { isUtf8 } from 'node:buffer';
import { uint16At, uint32At } from '../byte-order.ts';
import { addressOfOctets, flagsOf, hexWord, type Words } from '../field-words.ts';
import type { JsonValue } from '../json-text.ts';
import { familyNames } from './names.ts';
import { readAttributes, type AttributeTable, type Reading } from './attributes.ts';

/**
 * Reads the value that `bytes[start, end)` are; undefined where they cannot be one, because there are too few or too
 * many. Plain readings give numbers, pretty ones words, as everywhere in decoded images.
 */
export type ReadValue = (bytes: Buffer, start: number, end: number, reading: Reading) => JsonValue | undefined;

/** Names of a number's values. */
export type Names = Readonly<Record<number, string>>;

/** How a number is shown where words are wanted. */
export interface Shown {
  readonly names?: Names;
  readonly flags?: Words;
  readonly hex?: boolean;
}

type ReadNumber = (bytes: Buffer, at: number, isBigEndian: boolean) => number;

function number(size: number, read: ReadNumber, shown: Shown = {}): ReadValue {
  return (bytes, start, end, { pretty, isBigEndian }) => {
    if (end - start !== size) return undefined;
    const value = read(bytes, start, isBigEndian);
    return pretty ? wordOf(value, shown) : value;
  };
}

/** The word for a number; the number itself where it has none. */
export function wordOf(value: number, { names, flags, hex }: Shown): JsonValue {
  if (names) return names[value] ?? value;
  if (flags) return flagsOf(flags, value);
  return hex ? hexWord(value) : value;
}

const int32At: ReadNumber = (bytes, at, isBigEndian) => uint32At(bytes, at, isBigEndian) | 0;

// Numbers of rtnetlink are in the byte order of the machine, those of netfilter in network order.
export const u8 = (shown?: Shown): ReadValue => number(1, (bytes, at) => bytes.readUInt8(at), shown);
export const u16 = (shown?: Shown): ReadValue => number(2, uint16At, shown);
export const u32 = (shown?: Shown): ReadValue => number(4, uint32At, shown);
export const s32 = (shown?: Shown): ReadValue => number(4, int32At, shown);
export const be16 = (shown?: Shown): ReadValue => number(2, (bytes, at) => bytes.readUInt16BE(at), shown);
export const be32 = (shown?: Shown): ReadValue => number(4, (bytes, at) => bytes.readUInt32BE(at), shown);
export const beS32 = (shown?: Shown): ReadValue => number(4, (bytes, at) => bytes.readInt32BE(at), shown);

export const u64: ReadValue = (bytes, start, end, { isBigEndian }) => {
  if (end - start !== 8) return undefined;
  return isBigEndian ? bytes.readBigUInt64BE(start) : bytes.readBigUInt64LE(start);
};
export const be64: ReadValue = (bytes, start, end) => (end - start === 8 ? bytes.readBigUInt64BE(start) : undefined);

/** An IPv4 or IPv6 address, which its length tells. */
export const address: ReadValue = (bytes, start, end) => addressOfOctets(bytes.subarray(start, end));

/** `struct rtvia`: an address of another family than its owner's, which it names. */
export const addressWithFamily: ReadValue = (bytes, start, end, reading) => {
  if (end - start < 2) return undefined;
  const value = address(bytes, start + 2, end, reading);
  const family = u16({ names: familyNames })(bytes, start, start + 2, reading);
  return value === undefined || family === undefined ? undefined : { family, address: value };
};

/** Text with its NUL; undefined where it holds another one or is not UTF-8, so that its bytes are shown. */
export const text: ReadValue = (bytes, start, end) => {
  const last = end > start && bytes[end - 1] === 0 ? end - 1 : end;
  const part = bytes.subarray(start, last);
  return part.includes(0) || !isUtf8(part) ? undefined : part.toString();
};

/** An attribute that says all by being there. */
export const mark: ReadValue = (_bytes, start, end) => (start === end ? true : undefined);

export const base64: ReadValue = (bytes, start, end) => bytes.toString('base64', start, end);

/** Attributes within an attribute. The table is asked for late: some hold themselves. */
export const nested =
  (table: () => AttributeTable): ReadValue =>
  (bytes, start, end, reading) =>
    readAttributes(bytes, start, end, table(), reading);

/** A C struct: its members one behind the other, without gaps. */
export function struct(...members: readonly (readonly [name: string, size: number, read: ReadValue])[]): ReadValue {
  const size = members.reduce((sum, [, length]) => sum + length, 0);
  return (bytes, start, end, reading) => {
    if (end - start !== size) return undefined;
    const result: Record<string, JsonValue> = {};
    let at = start;
    for (const [name, length, read] of members) {
      result[name] = read(bytes, at, at + length, reading) ?? bytes.toString('base64', at, at + length);
      at += length;
    }
    return result;
  };
}
