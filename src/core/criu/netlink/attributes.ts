import { uint16At } from '../byte-order.ts';
import type { JsonObject, JsonValue } from '../json-text.ts';
import type { ReadValue } from './values.ts';

/** By the number of its type. */
export type AttributeTable = Readonly<Record<number, readonly [name: string, read: ReadValue]>>;

/** What one reading of a message shares. */
export interface Reading {
  /** Words, as `decode --pretty` has them, in place of numbers. */
  readonly pretty: boolean;
  /** The byte order of the machine's own numbers. */
  readonly isBigEndian: boolean;
  /** How deep the attributes lie that are being read. */
  depth: number;
  /** The first thing that is wrong, and where in the message's bytes. */
  damage?: { readonly what: string; readonly position: number };
}

/** Deeper ones are shown as bytes: the kernel's own lie at most five deep. */
const maxDepth = 10;
const headSize = 4;
/** The two highest bits of a type say that its value is nested, and that it is in network order. */
const typeMask = 0x3fff;

/**
 * Reads the attributes of a message by their names. What the table does not know, or what is not as it should be, stands
 * with its type and bytes (base64) under `unknown_attributes`; an attribute that is there more than once is an array.
 * Facts: `struct nlattr` of the kernel's include/uapi/linux/netlink.h.
 */
export function readAttributes(
  bytes: Buffer,
  start: number,
  end: number,
  table: AttributeTable,
  reading: Reading,
): JsonObject {
  const result: Record<string, JsonValue> = {};
  const unknown: JsonValue[] = [];
  const lists = new Map<string, JsonValue[]>();
  reading.depth++;
  for (let at = start; at < end;) {
    const length = end - at >= headSize ? uint16At(bytes, at, reading.isBigEndian) : 0;
    if (length < headSize || length > end - at) {
      reading.damage ??= { what: 'a length reaches beyond its end', position: at };
      unknown.push({ value: bytes.toString('base64', at, end) });
      break;
    }
    const type = uint16At(bytes, at + 2, reading.isBigEndian) & typeMask;
    const [name, read] = table[type] ?? [];
    const value = reading.depth > maxDepth ? undefined : read?.(bytes, at + headSize, at + length, reading);
    if (name === undefined || value === undefined) {
      unknown.push({ type, value: bytes.toString('base64', at + headSize, at + length) });
    } else if (!Object.hasOwn(result, name)) result[name] = value;
    else if (lists.get(name)?.push(value) === undefined) {
      const list = [result[name] as JsonValue, value];
      lists.set(name, list);
      result[name] = list;
    }
    at += (length + 3) & ~3;
  }
  reading.depth--;
  if (unknown.length > 0) result['unknown_attributes'] = unknown;
  return result;
}
