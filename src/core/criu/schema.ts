import descriptor from './schema/generated/descriptor.json' with { type: 'json' };
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
}

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

const scalarTypes: ReadonlySet<string> = new Set<ScalarType>([
  'bool',
  'bytes',
  'fixed64',
  'int32',
  'int64',
  'sint32',
  'sint64',
  'string',
  'uint32',
  'uint64',
]);
const plain: FieldStyle = {};
const topLevel = descriptor.nested as unknown as Readonly<Record<string, NodeDescriptor>>;
const types = new Map<string, MessageType>();

/** The description of a message, made when first asked for: opening a checkpoint needs few of them. */
export function messageType(name: MessageName): MessageType {
  return types.get(name) ?? build(name, topLevel[name] as NodeDescriptor);
}

function build(name: string, node: NodeDescriptor): MessageType {
  const fields: Field[] = [];
  const byNumber: (Field | undefined)[] = [];
  const type = { name, fields, byNumber };
  types.set(name, type);
  for (const [fieldName, description] of Object.entries(node.fields ?? {})) {
    const field = buildField(fieldName, description, node);
    fields.push(field);
    byNumber[field.number] = field;
  }
  fields.sort((one, other) => one.number - other.number);
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
  if (scalarTypes.has(description.type)) return { ...common, type: description.type as ScalarType };
  const node = scope.nested?.[description.type] ?? topLevel[description.type];
  if (!node) throw new Error(`The schema has no type ${description.type}.`);
  if (node.values) {
    const enumNames = new Map(Object.entries(node.values).map(([valueName, value]) => [value, valueName]));
    return { ...common, type: 'enum', enumNames };
  }
  return { ...common, type: 'message', message: types.get(description.type) ?? build(description.type, node) };
}

function styleOf(options: FieldDescriptor['options']): FieldStyle {
  if (!options) return plain;
  return Object.fromEntries(
    Object.entries(options)
      .filter(([key]) => key.startsWith('(criu).'))
      .map(([key, value]) => [key.slice('(criu).'.length), value]),
  );
}
