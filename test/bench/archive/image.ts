import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { IMG_COMMON, IMG_SERVICE, kindOf, type KindName } from '../../../src/core/criu/kinds.ts';

/** A message by the names of its fields; 64-bit values as bigint. */
export type Fields = Readonly<Record<string, unknown>>;

const schemaFile = new URL('../../../src/core/criu/schema/generated/descriptor.json', import.meta.url);
const schema = loadSchema();
const types = new Map<string, protobuf.Type>();

/**
 * An image as CRIU writes it: the magic words of its kind, then each message after its length. Encoded by protobufjs,
 * so that the decoder under test is not its own witness.
 */
export function encodeImage(kind: KindName, entries: readonly Fields[]): Buffer {
  const row = kindOf(kind);
  if (row.magic === undefined || row.message === undefined) throw new Error(`${kind} images are not made of messages.`);
  const words = { common: [IMG_COMMON, row.magic], service: [IMG_SERVICE, row.magic], inventory: [row.magic] };
  const head = words[row.framing as keyof typeof words].map(uint32);
  const messages = entries.map((fields, index) => {
    const message = encodeMessage(index === 0 && row.head !== undefined ? row.head : (row.message as string), fields);
    return Buffer.concat([uint32(message.length), message]);
  });
  return Buffer.concat([...head, ...messages]);
}

export function encodeMessage(name: string, fields: Fields): Uint8Array {
  let type = types.get(name);
  if (!type) {
    type = schema.lookupType(name);
    types.set(name, type);
  }
  return type.encode(type.fromObject(fields)).finish();
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function loadSchema(): protobuf.Root {
  const descriptor = JSON.parse(readFileSync(schemaFile, 'utf8')) as {
    nested: Record<string, protobuf.AnyNestedObject>;
  };
  // crit's options extend a message that the schema does not carry, and say nothing about how fields are encoded.
  const nested = Object.fromEntries(Object.entries(descriptor.nested).filter(([, node]) => !('extend' in node)));
  return protobuf.Root.fromJSON({ nested });
}
