import type { Messages } from './schema/generated/messages.ts';
import { emptyList, messageType, type Field, type MessageName, type MessageType } from './schema.ts';
import { isSound } from './outline.ts';
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
   * is inherited: it is no member of the message itself.
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
const maxListed = 1_000_000;
/** How many missing fields are told by name. */
const maxMissing = 20;

/** Fields that are not known are kept as they came: hostile images hold a million of them in a message. */
interface Leftovers {
  /** Where they stand, each from and to. */
  readonly unknown: number[];
  /** Where in these bytes. */
  bytes: Uint8Array;
  rawText?: Map<string, Uint8Array>;
}

const leftovers = new WeakMap<object, Leftovers>();

/** What the schema did not know of this message, in the order of the wire; not of messages inside it. */
export function unknownFields(message: object): readonly UnknownField[] {
  return [...eachUnknownField(message)];
}

/** The same, made one by one. */
export function eachUnknownField(message: object): Iterable<UnknownField> {
  const kept = leftovers.get(message);
  return kept ? new UnknownReader(kept.bytes).read(kept.unknown) : [];
}

export function hasUnknownFields(message: object): boolean {
  return (leftovers.get(message)?.unknown.length ?? 0) > 0;
}

/** The bytes of a text field that is not UTF-8; undefined where the decoded text says it all. */
export function rawText(message: object, field: string): Uint8Array | undefined {
  return leftovers.get(message)?.rawText?.get(field);
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
  return decodeWith(new MessageDecoder(bytes, start), name, end);
}

/**
 * Decodes a message but for some of its parts, which are checked and passed over. Where one of them is not as it should
 * be the message is decoded whole, so that the result always tells what is wrong.
 * @param without names of fields of the message, or of messages in it, that are not required
 */
export function decodeOutline<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
  without: ReadonlySet<string>,
): DecodedMessage<Name> {
  const decoder = new MessageDecoder(bytes, 0, without);
  const outline = decodeWith(decoder, name, bytes.length);
  return decoder.passedUnsound ? decodeMessage(name, bytes) : outline;
}

function decodeWith<Name extends MessageName>(decoder: MessageDecoder, name: Name, end: number): DecodedMessage<Name> {
  const type = messageType(name);
  const message = blank(type);
  const missing: string[] = [];
  try {
    decoder.decode(type, message, end, 0);
  } catch (error) {
    if (!(error instanceof WireDamage)) throw error;
    decoder.damage ??= error;
  }
  decoder.keepLeftovers();
  fillMissing(type, message, '', missing);
  const { damage } = decoder;
  const result = { message: message as unknown as Messages[Name], missing };
  return damage ? { ...result, damage: { what: damage.message, position: damage.position } } : result;
}

type Message = Record<string, unknown>;

/** Reads fields without knowing what they are. */
class UnknownReader extends WireReader {
  *read(places: readonly number[]): Generator<UnknownField, void, undefined> {
    for (let index = 0; index < places.length; index += 2) {
      const end = places[index + 1] as number;
      this.position = places[index] as number;
      while (this.position < end) yield this.#field(end);
    }
  }

  #field(end: number): UnknownField {
    const tag = this.uint32(end);
    const wireType = tag & 7;
    return { number: tag >>> 3, wireType, value: this.#value(wireType, end) };
  }

  #value(wireType: number, end: number): bigint | Uint8Array {
    if (wireType === 0) return this.uint64(end);
    if (wireType === 1) return this.fixed64(end);
    const start = this.position;
    if (wireType === 5) {
      this.skip(wireType, end);
      return BigInt(new DataView(this.bytes.buffer, this.bytes.byteOffset).getUint32(start, true));
    }
    const after = this.lengthDelimited(end);
    const value = new Uint8Array(this.bytes.subarray(this.position, after));
    this.position = after;
    return value;
  }
}

class MessageDecoder extends WireReader {
  /** The first damage that was met within a part. */
  damage: WireDamage | undefined;
  /** A part that was passed over is not as its type demands. */
  passedUnsound = false;
  readonly #without: ReadonlySet<string> | undefined;
  #listed = 0;
  #view: Buffer | undefined;
  /** Of the messages with fields that are not known. */
  #withUnknown: Leftovers[] | undefined;

  constructor(bytes: Uint8Array, position: number, without?: ReadonlySet<string>) {
    super(bytes, position);
    this.#without = without;
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
      if (field === undefined) this.#keepUnknown(message, start, wireType, end);
      else if (this.#without?.has(field.name)) this.#passOver(field, wireType, end);
      else if (wireType === field.wireType) this.#readField(field, message, end, depth);
      else if (field.repeated && wireType === 2) this.#readPacked(field, message, end);
      else this.#keepUnknown(message, start, wireType, end);
    }
  }

  #readField(field: Field, message: Message, end: number, depth: number): void {
    if (field.wireType !== 2) {
      this.#set(message, field, this.#number(field, end));
      return;
    }
    const innerEnd = this.lengthDelimited(end);
    if (field.message) this.#readMessage(field, field.message, message, innerEnd, depth);
    else if (field.type === 'string') this.#set(message, field, this.#text(field, message, innerEnd));
    else this.#set(message, field, this.#copy(this.position, innerEnd));
    this.position = innerEnd;
  }

  #passOver(field: Field, wireType: number, end: number): void {
    if (field.message === undefined || wireType !== 2) {
      this.passedUnsound ||= wireType !== field.wireType;
      this.skip(wireType, end);
      return;
    }
    const innerEnd = this.lengthDelimited(end);
    this.passedUnsound ||= !isSound(field.message, this.bytes, this.position, innerEnd);
    this.position = innerEnd;
  }

  /** Damage within it costs what follows in it, not what follows it. */
  #readMessage(field: Field, type: MessageType, message: Message, end: number, depth: number): void {
    const before = field.repeated ? undefined : (message[field.name] as Message | undefined);
    const inner = before ?? blank(type);
    if (!before) this.#set(message, field, inner);
    try {
      this.decode(type, inner, end, depth + 1);
    } catch (error) {
      if (!(error instanceof WireDamage) || this.#listed > maxListed) throw error;
      this.damage ??= error;
    }
  }

  #readPacked(field: Field, message: Message, end: number): void {
    const innerEnd = this.lengthDelimited(end);
    while (this.position < innerEnd) this.#set(message, field, this.#number(field, innerEnd));
  }

  #number(field: Field, end: number): number | bigint | boolean {
    switch (field.type) {
      case 'uint32':
        return this.uint32(end);
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
      case 'bool':
        this.varint(end);
        return this.low !== 0 || this.high !== 0;
      default:
        return this.uint32(end) | 0;
    }
  }

  /** Made when first needed: many messages hold no text. */
  get #buffer(): Buffer {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#view ??= Buffer.from(buffer, byteOffset, byteLength));
  }

  /** Not `slice`, which of a Buffer is no copy. */
  #copy(start: number, end: number): Uint8Array {
    return new Uint8Array(this.bytes.subarray(start, end));
  }

  #text(field: Field, message: Message, end: number): string {
    const start = this.position;
    const text = this.#buffer.toString('utf8', start, end);
    if (text.includes('\uFFFD')) {
      const raw = this.#copy(start, end);
      if (Buffer.compare(Buffer.from(text), raw) !== 0)
        (leftoversOf(message).rawText ??= new Map<string, Uint8Array>()).set(field.name, raw);
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
    if (list === emptyList) message[field.name] = [value];
    else list.push(value);
  }

  #count(): void {
    if (++this.#listed > maxListed) throw new WireDamage('it holds more parts than CRIU ever writes', this.position);
  }

  /** @param start of its tag */
  #keepUnknown(message: Message, start: number, wireType: number, end: number): void {
    this.#count();
    this.skip(wireType, end);
    const kept = leftoversOf(message);
    const { unknown } = kept;
    if (unknown.length === 0) (this.#withUnknown ??= []).push(kept);
    // Those that follow each other are one place.
    if (unknown.at(-1) === start) unknown[unknown.length - 1] = this.position;
    else unknown.push(start, this.position);
  }

  /** Copies what is not known: the bytes are another's, and much more of them is known. */
  keepLeftovers(): void {
    if (!this.#withUnknown) return;
    let length = 0;
    for (const { unknown } of this.#withUnknown) eachPlace(unknown, (from, to) => (length += to - from));
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const kept of this.#withUnknown) {
      eachPlace(kept.unknown, (from, to, index) => {
        bytes.set(this.bytes.subarray(from, to), at);
        kept.unknown[index] = at;
        kept.unknown[index + 1] = at += to - from;
      });
      kept.bytes = bytes;
    }
  }
}

function eachPlace(places: readonly number[], use: (from: number, to: number, index: number) => void): void {
  for (let index = 0; index < places.length; index += 2)
    use(places[index] as number, places[index + 1] as number, index);
}

const NO_BYTES = new Uint8Array();

/** A message without fields: its lists are there and empty. */
function blank(type: MessageType): Message {
  return { ...type.blank };
}

function leftoversOf(message: Message): Leftovers {
  let kept = leftovers.get(message);
  if (!kept) leftovers.set(message, (kept = { unknown: [], bytes: NO_BYTES }));
  return kept;
}

/** Gives required fields that are missing a value, so that the message is of its type, and tells which. */
function fillMissing(type: MessageType, message: Message, path: string, missing: string[]): void {
  let whole = true;
  for (const field of type.demanding) {
    const value = message[field.name];
    if (value === undefined) {
      if (!field.required) continue;
      if (missing.length < maxMissing) missing.push(path + field.name);
      whole = false;
    } else if (field.message) {
      const inner = `${path}${field.name}.`;
      if (!field.repeated) fillMissing(field.message, value as Message, inner, missing);
      else for (const item of value as Message[]) fillMissing(field.message, item, inner, missing);
    }
  }
  if (!whole) Object.setPrototypeOf(message, zerosOf(type));
}

const zeros = new Map<MessageType, Message>();

/** What the required fields of a type read as where they are missing: inherited, so that they do not count as there. */
function zerosOf(type: MessageType): Message {
  const known = zeros.get(type);
  if (known) return known;
  const made = Object.fromEntries(
    type.fields
      .filter((field) => field.required)
      .map((field) => [field.name, field.message ? wholeBlank(field.message) : zeroOf(field)]),
  );
  zeros.set(type, Object.freeze(made));
  return made;
}

function wholeBlank(type: MessageType): Message {
  return Object.freeze(Object.setPrototypeOf(blank(type), zerosOf(type)) as Message);
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
