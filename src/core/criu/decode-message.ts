import type { Messages } from './schema/generated/messages.ts';
import { messageType, type Field, type MessageName, type MessageType } from './schema.ts';
import { WireDamage, WireReader } from './wire.ts';

/** Something in a message that the schema does not know: a field of a newer CRIU or of a fork. */
export interface UnknownField {
  readonly number: number;
  /** 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit. */
  readonly wireType: number;
  /** A number for wire types 0, 1 and 5, bytes for 2. */
  readonly value: bigint | Uint8Array;
}

export interface DecodedMessage<Name extends MessageName = MessageName> {
  /**
   * Fields by their name. Repeated fields are always there; a required one that is missing reads as zero or empty and
   * is not enumerable.
   */
  readonly message: Messages[Name];
  /** Paths of required fields that are missing, e.g. `tc.comm`; of many the first twenty. */
  readonly missing: readonly string[];
  /** Why the rest of the message could not be read, and where in the bytes that were given. */
  readonly damage?: { readonly what: string; readonly position: number };
}

/** How deep messages may nest. CRIU's deepest are cgroup directories. */
const maxDepth = 100;
/** How many members all lists of one message may have together: two bytes of a hostile image would make one each. */
const maxListed = 2_000_000;
/** How many missing fields are told by name. */
const maxMissing = 20;

const nothing: readonly unknown[] = Object.freeze([]);
const leftovers = new WeakMap<object, { unknown: UnknownField[]; rawText: Map<string, Uint8Array> }>();

/** What the schema did not know of this message, in the order of the wire; not of messages inside it. */
export function unknownFields(message: object): readonly UnknownField[] {
  return leftovers.get(message)?.unknown ?? [];
}

/** The bytes of a text field that is not UTF-8; undefined where the decoded text says it all. */
export function rawText(message: object, field: string): Uint8Array | undefined {
  return leftovers.get(message)?.rawText.get(field);
}

/**
 * Decodes one message out of `bytes[start, end)`. Never throws for what the bytes hold: what was read before the damage
 * is returned with it. Byte fields are copies.
 */
export function decodeMessage<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): DecodedMessage<Name> {
  const type = messageType(name);
  const message = blank(type);
  const missing: string[] = [];
  const decoder = new MessageDecoder(bytes, start);
  let damage: DecodedMessage['damage'];
  try {
    decoder.decode(type, message, end, 0);
  } catch (error) {
    if (!(error instanceof WireDamage)) throw error;
    damage = { what: error.message, position: error.position };
  }
  fillMissing(type, message, '', missing);
  return { message: message as unknown as Messages[Name], missing, ...(damage && { damage }) };
}

type Message = Record<string, unknown>;

class MessageDecoder extends WireReader {
  readonly #buffer: Buffer;
  #listed = 0;

  constructor(bytes: Uint8Array, position: number) {
    super(bytes, position);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  decode(type: MessageType, message: Message, end: number, depth: number): void {
    if (depth > maxDepth) throw new WireDamage('its parts nest too deep', this.position);
    while (this.position < end) {
      const start = this.position;
      const tag = this.uint32(end);
      const number = tag >>> 3;
      const wireType = tag & 7;
      if (number === 0 || this.high !== 0) throw new WireDamage('it holds a field without a number', start);
      const field = type.byNumber[number];
      if (field === undefined) this.#keepUnknown(message, number, wireType, end);
      else if (wireType === wireTypeOf(field)) this.#readField(field, message, end, depth);
      else if (field.repeated && wireType === 2 && wireTypeOf(field) !== 2) this.#readPacked(field, message, end);
      else this.#keepUnknown(message, number, wireType, end);
    }
  }

  #readField(field: Field, message: Message, end: number, depth: number): void {
    if (field.message) {
      const inner = (field.repeated ? undefined : (message[field.name] as Message | undefined)) ?? blank(field.message);
      // Put in its place first, so that damage within it costs only what follows.
      this.#set(message, field, inner);
      const innerEnd = this.lengthDelimited(end);
      this.decode(field.message, inner, innerEnd, depth + 1);
    } else if (field.type === 'string') {
      const innerEnd = this.lengthDelimited(end);
      this.#set(message, field, this.#text(field, message, innerEnd));
    } else if (field.type === 'bytes') {
      const innerEnd = this.lengthDelimited(end);
      this.#set(message, field, this.bytes.slice(this.position, innerEnd));
      this.position = innerEnd;
    } else {
      this.#set(message, field, this.#number(field, end));
    }
  }

  #readPacked(field: Field, message: Message, end: number): void {
    const innerEnd = this.lengthDelimited(end);
    while (this.position < innerEnd) this.#set(message, field, this.#number(field, innerEnd));
  }

  #number(field: Field, end: number): number | bigint | boolean {
    switch (field.type) {
      case 'uint64':
        return this.uint64(end);
      case 'int64':
        return BigInt.asIntN(64, this.uint64(end));
      case 'sint64': {
        const value = this.uint64(end);
        return (value >> 1n) ^ -(value & 1n);
      }
      case 'fixed64':
        return this.fixed64(end);
      case 'sint32': {
        const value = this.uint32(end);
        return (value >>> 1) ^ -(value & 1);
      }
      case 'int32':
      case 'enum':
        return this.uint32(end) | 0;
      case 'bool':
        this.varint(end);
        return this.low !== 0 || this.high !== 0;
      default:
        return this.uint32(end);
    }
  }

  #text(field: Field, message: Message, end: number): string {
    const start = this.position;
    const text = this.#buffer.toString('utf8', start, end);
    this.position = end;
    if (text.includes('\uFFFD')) {
      const raw = this.bytes.slice(start, end);
      if (Buffer.compare(Buffer.from(text), raw) !== 0) leftoversOf(message).rawText.set(field.name, raw);
    }
    return text;
  }

  #set(message: Message, field: Field, value: unknown): void {
    if (!field.repeated) {
      message[field.name] = value;
      return;
    }
    this.#count();
    const list = message[field.name] as unknown[];
    if (list === nothing) message[field.name] = [value];
    else list.push(value);
  }

  #count(): void {
    if (++this.#listed > maxListed) throw new WireDamage('it holds more parts than CRIU ever writes', this.position);
  }

  #keepUnknown(message: Message, number: number, wireType: number, end: number): void {
    this.#count();
    const start = this.position;
    this.skip(wireType, end);
    const after = this.position;
    this.position = start;
    leftoversOf(message).unknown.push({ number, wireType, value: this.#rawValue(wireType, after) });
    this.position = after;
  }

  #rawValue(wireType: number, after: number): bigint | Uint8Array {
    if (wireType === 0) return this.uint64(after);
    if (wireType === 1) return this.fixed64(after);
    if (wireType === 5) return BigInt(this.#buffer.readUInt32LE(this.position));
    return this.bytes.slice(this.lengthDelimited(after) - this.low, after);
  }
}

function wireTypeOf(field: Field): number {
  switch (field.type) {
    case 'message':
    case 'string':
    case 'bytes':
      return 2;
    case 'fixed64':
      return 1;
    default:
      return 0;
  }
}

function blank(type: MessageType): Message {
  const message: Message = {};
  for (const field of type.fields) if (field.repeated) message[field.name] = nothing;
  return message;
}

function leftoversOf(message: Message) {
  let kept = leftovers.get(message);
  if (!kept) leftovers.set(message, (kept = { unknown: [], rawText: new Map() }));
  return kept;
}

/** Gives required fields that are missing a value, so that the message is of its type, and tells which. */
function fillMissing(type: MessageType, message: Message, path: string, missing: string[]): void {
  for (const field of type.fields) {
    const value = message[field.name];
    if (field.message) {
      if (value === undefined) {
        if (!field.required) continue;
        if (missing.length < maxMissing) missing.push(path + field.name);
        const inner = blank(field.message);
        fillMissing(field.message, inner, '', []);
        hide(message, field, inner);
      } else if (field.repeated) {
        for (const inner of value as Message[]) fillMissing(field.message, inner, `${path}${field.name}.`, missing);
      } else {
        fillMissing(field.message, value as Message, `${path}${field.name}.`, missing);
      }
    } else if (field.required && value === undefined) {
      if (missing.length < maxMissing) missing.push(path + field.name);
      hide(message, field, zeroOf(field));
    }
  }
}

function hide(message: Message, field: Field, value: unknown): void {
  Object.defineProperty(message, field.name, { value, enumerable: false, configurable: true, writable: true });
}

function zeroOf(field: Field): unknown {
  switch (field.type) {
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array();
    case 'bool':
      return false;
    case 'uint64':
    case 'int64':
    case 'sint64':
    case 'fixed64':
      return 0n;
    default:
      return 0;
  }
}
