import protobuf from 'protobufjs';
import { IMG_COMMON, IMG_SERVICE, kindOf, type KindName } from '../../../src/core/criu/kinds.ts';
import descriptor from '../../../src/core/criu/schema/generated/descriptor.json' with { type: 'json' };
import type { MessageName } from '../../../src/core/criu/schema/generated/messages.ts';

/** protobufjs with the project's schema: an encoder, and a second opinion, that knows nothing of the decoder. */
export const oracle = protobuf.Root.fromJSON({
  nested: Object.fromEntries(Object.entries(descriptor.nested).filter(([name]) => name !== 'criu')),
});

export function encode(name: MessageName, fields: Readonly<Record<string, unknown>>): Uint8Array {
  const type = oracle.lookupType(name);
  return type.encode(type.fromObject(fields)).finish();
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export type Part = Uint8Array | readonly number[] | string;

export function bytes(...parts: readonly Part[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part))));
}

/** A message with its length before it. */
export function entry(name: MessageName, fields: Readonly<Record<string, unknown>>): Uint8Array {
  const message = encode(name, fields);
  return bytes(uint32(message.length), message);
}

/** An image with the head of its kind. */
export function image(kind: KindName, ...entries: readonly Part[]): Uint8Array {
  const { framing, magic = 0 } = kindOf(kind);
  const first = { common: [uint32(IMG_COMMON)], service: [uint32(IMG_SERVICE)], inventory: [], raw: [], bare: [] }[
    framing
  ];
  return bytes(...first, uint32(magic), ...entries);
}

/** A varint, for what no schema says. */
export function varint(value: bigint | number): Uint8Array {
  const result: number[] = [];
  let rest = BigInt(value);
  do {
    result.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(result);
}

/** What mm_entry must have, of a process without memory. */
export const NO_MEMORY = {
  mm_start_code: 0,
  mm_end_code: 0,
  mm_start_data: 0,
  mm_end_data: 0,
  mm_start_stack: 0,
  mm_start_brk: 0,
  mm_brk: 0,
  mm_arg_start: 0,
  mm_arg_end: 0,
  mm_env_start: 0,
  mm_env_end: 0,
  exe_file_id: 0,
};
