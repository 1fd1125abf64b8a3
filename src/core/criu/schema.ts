import { enumTexts, messageTexts } from './schema/generated/descriptor-texts.ts';
import type { MessageName } from './schema/generated/messages.ts';

export type { MessageName };

export type ScalarType =
  'bool' | 'bytes' | 'enum' | 'fixed64' | 'int32' | 'int64' | 'sint32' | 'sint64' | 'string' | 'uint32' | 'uint64';

/** How crit's pretty form shows a field. Facts: CRIU's images/opts.proto. */
export interface FieldStyle {
  readonly hex?: boolean;
  /** The repeated 32-bit words are an IPv4 or IPv6 address. */
  readonly ipadd?: boolean;
  /** Name of the table of flags. */
  readonly flags?: string;
  readonly dev?: boolean;
  /** With `dev`: the device number is in the C library's encoding. */
  readonly odev?: boolean;
  /** Name of the table of values. */
  readonly dict?: string;
  readonly conv?: string;
}

export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: ScalarType | 'message';
  /** 0 varint, 1 64-bit, 2 length-delimited. */
  readonly wireType: number;
  readonly repeated: boolean;
  readonly required: boolean;
  readonly message?: MessageType;
  readonly enumNames?: ReadonlyMap<number, string>;
  readonly style: FieldStyle;
}

export interface MessageType {
  readonly name: string;
  /** In the order of their numbers, which is crit's. */
  readonly fields: readonly Field[];
  /** By field number; numbers without a field are holes. */
  readonly byNumber: readonly (Field | undefined)[];
  /** Fields that must be there, and messages, in which others must be. */
  readonly demanding: readonly Field[];
  /** The numbers of the required fields as the bits of a word; undefined where one does not fit into it. */
  readonly requiredBits: number | undefined;
  /** What a message has before anything is read: {@link emptyList} for each of its lists. */
  readonly blank: Readonly<Record<string, unknown>>;
}

/** The list of every message that has nothing in it. */
export const emptyList: readonly unknown[] = Object.freeze([]);

interface FieldDescriptor {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

interface NodeDescriptor {
  readonly fields?: Readonly<Record<string, FieldDescriptor>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly nested?: Readonly<Record<string, NodeDescriptor>>;
}

const wireTypes: ReadonlyMap<string, number> = new Map<ScalarType, number>([
  ['bool', 0],
  ['bytes', 2],
  ['fixed64', 1],
  ['int32', 0],
  ['int64', 0],
  ['sint32', 0],
  ['sint64', 0],
  ['string', 2],
  ['uint32', 0],
  ['uint64', 0],
]);
const plain: FieldStyle = {};
const types = new Map<string, MessageType>();

/** The description of a message, made when first asked for: opening a checkpoint needs few of them. */
export function messageType(name: MessageName): MessageType {
  return types.get(name) ?? build(name, JSON.parse(messageTexts[name] ?? '') as NodeDescriptor);
}

function build(name: string, node: NodeDescriptor): MessageType {
  const fields: Field[] = [];
  const byNumber: (Field | undefined)[] = [];
  const blank: Record<string, unknown> = {};
  const demanding: Field[] = [];
  let requiredBits: number | undefined = 0;
  for (const [fieldName, description] of Object.entries(node.fields ?? {})) {
    const field = buildField(fieldName, description, node);
    fields.push(field);
    byNumber[field.number] = field;
    if (field.required || field.type === 'message') demanding.push(field);
    if (field.repeated) blank[fieldName] = emptyList;
    if (field.required) {
      requiredBits = field.number > 31 || requiredBits === undefined ? undefined : requiredBits | (1 << field.number);
    }
  }
  fields.sort((one, other) => one.number - other.number);
  const type = { name, fields, byNumber, demanding, requiredBits, blank };
  types.set(name, type);
  return type;
}

function buildField(name: string, description: FieldDescriptor, scope: NodeDescriptor): Field {
  const common = {
    name,
    number: description.id,
    repeated: description.rule === 'repeated',
    required: description.rule === 'required',
    style: styleOf(description.options),
  };
  const wireType = wireTypes.get(description.type);
  if (wireType !== undefined) return { ...common, type: description.type as ScalarType, wireType };
  const nested = scope.nested?.[description.type];
  const values = nested?.values ?? valuesOf(description.type);
  if (values) return { ...common, type: 'enum', wireType: 0, enumNames: namesByValue(values) };
  const text = messageTexts[description.type];
  if (!nested && text === undefined) throw new Error(`The schema has no type ${description.type}.`);
  return new MessageField(common, description.type, () => nested ?? (JSON.parse(text ?? '') as NodeDescriptor));
}

function valuesOf(name: string): Readonly<Record<string, number>> | undefined {
  const text = enumTexts[name];
  return text === undefined ? undefined : (JSON.parse(text) as NodeDescriptor).values;
}

function namesByValue(values: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(values).map(([name, value]) => [value, name]));
}

/** Its message's type is described when it is first met: of a thread's registers only those of one machine ever are. */
class MessageField implements Field {
  readonly name: string;
  readonly number: number;
  readonly type = 'message';
  readonly wireType = 2;
  readonly repeated: boolean;
  readonly required: boolean;
  readonly style: FieldStyle;
  readonly #typeName: string;
  readonly #describe: () => NodeDescriptor;
  #message: MessageType | undefined;

  constructor(
    { name, number, repeated, required, style }: Omit<Field, 'type' | 'wireType'>,
    typeName: string,
    describe: () => NodeDescriptor,
  ) {
    this.name = name;
    this.number = number;
    this.repeated = repeated;
    this.required = required;
    this.style = style;
    this.#typeName = typeName;
    this.#describe = describe;
  }

  get message(): MessageType {
    return (this.#message ??= types.get(this.#typeName) ?? build(this.#typeName, this.#describe()));
  }
}

function styleOf(options: FieldDescriptor['options']): FieldStyle {
  if (!options) return plain;
  return Object.fromEntries(
    Object.entries(options)
      .filter(([key]) => key.startsWith('(criu).'))
      .map(([key, value]) => [key.slice('(criu).'.length), value]),
  );
}
