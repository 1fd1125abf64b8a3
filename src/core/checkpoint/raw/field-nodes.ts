import { rawText, unknownFields, type UnknownField } from '../../criu/decode-message.ts';
import type { Extra, QueuedMessage } from '../../criu/extras.ts';
import { addressWord, hexWord } from '../../criu/field-words.ts';
import type { ImageEntry } from '../../criu/image.ts';
import type { Span } from '../../criu/image-reader.ts';
import type { JsonObject, JsonValue } from '../../criu/json-text.ts';
import { base64Lines, fieldToJson, memberToJson, messageToJson, type JsonForm } from '../../criu/message-json.ts';
import { messageType, type Field, type MessageType } from '../../criu/schema.ts';
import { memberHint, valueHint } from './field-hints.ts';

/** Why a node deserves the eye. */
export type FieldMark =
  /** The schema does not know the field: a newer CRIU or a fork wrote it. */
  | 'unknown-field'
  /** A number that has no name, where others of its field have one. */
  | 'unknown-value'
  /** The text's bytes, which are no UTF-8. */
  | 'not-text';

/** A field of a decoded entry, or a member of a list; what it holds is made when it is asked for. */
export interface FieldNode {
  /** Last part of its path: no two of one parent have the same. */
  readonly key: string;
  readonly name: string;
  /** `uint32`, `vma_entry`, `vma_entry[]`, `bytes`: a message's own name, a scalar's type. */
  readonly type: string;
  /** Of messages and lists; lists of many members have all of them here. */
  readonly children?: FieldChildren;
  /** Of bytes, their beginning, and how many there are. */
  readonly bytes?: { readonly start: Uint8Array; readonly length: number };
  /** More about a value than CRIU's own words: names of signals in a mask, of capabilities, of a limit. */
  readonly hint?: string;
  readonly mark?: FieldMark;
  /** As `decode --pretty` prints it; of bytes that are not in memory their beginning. */
  readonly json: () => JsonValue;
}

export interface FieldChildren {
  readonly count: number;
  at(index: number): FieldNode;
}

/** Beginnings of contents that follow messages, by where they stand in the image. */
export type ReadBeginnings = ReadonlyMap<number, Uint8Array>;

/** What is read of each content that follows a message. */
export const BEGINNING = 64;

const wireNames: Readonly<Record<number, string>> = { 0: 'varint', 1: '64-bit', 2: 'bytes', 5: '32-bit' };

/**
 * An entry of an image as a node.
 * @param machine CRIU's number of the architecture, whose numbers words are for
 */
export function entryNode(
  entry: ImageEntry,
  index: number,
  beginnings: ReadBeginnings,
  machine: number | undefined,
): FieldNode {
  const type = messageType(entry.type);
  const form = { pretty: true, machine };
  const fields = fieldsOf(entry.message as Record<string, unknown>, type, form, false);
  const extra = entry.extra && extraNode(entry.extra, beginnings);
  return {
    key: String(index),
    name: `[${index}]`,
    type: entry.type,
    children: listed(extra ? [...fields, extra] : fields),
    json: () => ({ ...messageToJson(entry.message, entry.type, form), ...(extra && { extra: extra.json() }) }),
  };
}

/** A value that is no message: what images hold that others than CRIU wrote. */
export function valueNode(value: JsonValue, key: string, name: string): FieldNode {
  const json = (): JsonValue => value;
  if (Array.isArray(value)) {
    const list = value as readonly JsonValue[];
    const at = (index: number): FieldNode => valueNode(list[index] as JsonValue, String(index), `[${index}]`);
    return { key, name, type: 'list', children: { count: list.length, at }, json };
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value as JsonObject);
    const at = (index: number): FieldNode => {
      const [member, inner] = members[index] as [string, JsonValue];
      const node = valueNode(inner, member, member);
      return /^unknown_|^payload$/.test(member) ? { ...node, mark: 'unknown-field' } : node;
    };
    return { key, name, type: 'object', children: { count: members.length, at }, json };
  }
  return { key, name, type: value === null ? 'null' : typeof value === 'bigint' ? 'number' : typeof value, json };
}

function listed(nodes: readonly FieldNode[]): FieldChildren {
  return { count: nodes.length, at: (index) => nodes[index] as FieldNode };
}

function fieldsOf(
  message: Readonly<Record<string, unknown>>,
  type: MessageType,
  form: JsonForm,
  hex: boolean,
): readonly FieldNode[] {
  const nodes: FieldNode[] = [];
  for (const field of type.fields) {
    if (!Object.hasOwn(message, field.name)) continue;
    const value = message[field.name];
    if (field.repeated && (value as readonly unknown[]).length === 0) continue;
    nodes.push(fieldNode(value, field, type, form, hex));
    const raw = rawText(message, field.name);
    if (raw) nodes.push(bytesNode(`${field.name}_bytes`, 'bytes', raw, 'not-text'));
  }
  return [...nodes, ...unknownFields(message).map(unknownNode)];
}

function fieldNode(value: unknown, field: Field, owner: MessageType, form: JsonForm, hex: boolean): FieldNode {
  const asHex = hex || field.style.hex === true;
  if (!field.repeated) return memberNode(value, field, owner, form, hex, field.name, field.name);
  const list = value as readonly unknown[];
  const json = (): JsonValue => fieldToJson(list, field, form, hex);
  const hint = valueHint(owner.name, field.name, list, form.machine);
  const common = { key: field.name, name: field.name, type: `${typeName(field)}[]`, json, ...(hint && { hint }) };
  // Four words are one address.
  if (field.style.ipadd && addressWord(list as readonly number[]) !== undefined) {
    return { ...common, json: () => (json() as readonly JsonValue[])[0] as JsonValue };
  }
  const at = (index: number): FieldNode => {
    const label = memberHint(owner.name, field.name, index, list, form.machine);
    const node = memberNode(list[index], field, owner, form, asHex, String(index), `[${index}]`);
    return label === undefined ? node : { ...node, hint: node.hint === undefined ? label : `${label}: ${node.hint}` };
  };
  return { ...common, children: { count: list.length, at } };
}

function memberNode(
  value: unknown,
  field: Field,
  owner: MessageType,
  form: JsonForm,
  hex: boolean,
  key: string,
  name: string,
): FieldNode {
  const asHex = hex || field.style.hex === true;
  const common = { key, name, type: typeName(field), json: () => memberToJson(value, field, form, hex) };
  if (field.message) {
    const message = value as Record<string, unknown>;
    const type = field.message;
    let fields: readonly FieldNode[] | undefined;
    const all = (): readonly FieldNode[] => (fields ??= fieldsOf(message, type, form, asHex));
    return {
      ...common,
      children: {
        get count() {
          return all().length;
        },
        at: (index) => all()[index] as FieldNode,
      },
    };
  }
  if (field.type === 'bytes' && field.style.conv === undefined) {
    return { ...common, ...beginningOf(value as Uint8Array) };
  }
  const hint = field.repeated ? undefined : valueHint(owner.name, field.name, value, form.machine);
  const isUnknown = field.type === 'enum' && field.enumNames?.has(value as number) === false;
  return { ...common, ...(hint && { hint }), ...(isUnknown && { mark: 'unknown-value' as const }) };
}

function typeName(field: Field): string {
  return field.message?.name ?? field.type;
}

function unknownNode({ number, wireType, value }: UnknownField, index: number): FieldNode {
  const [key, name] = [`#${number}.${index}`.replace('.', '~'), `#${number}`];
  const type = wireNames[wireType] ?? 'bytes';
  if (typeof value !== 'bigint') return { ...bytesNode(name, type, value, 'unknown-field'), key };
  return { key, name, type, mark: 'unknown-field', hint: hexWord(value), json: () => value };
}

function bytesNode(name: string, type: string, bytes: Uint8Array, mark?: FieldMark): FieldNode {
  return { key: name, name, type, ...beginningOf(bytes), ...(mark && { mark }), json: () => base64Lines(bytes) };
}

function beginningOf(bytes: Uint8Array): Pick<FieldNode, 'bytes'> {
  return { bytes: { start: bytes.subarray(0, BEGINNING), length: bytes.length } };
}

function extraNode(extra: Extra, beginnings: ReadBeginnings): FieldNode {
  switch (extra.type) {
    case 'bytes':
      return spanNode('extra', extra.span, beginnings);
    case 'queues': {
      const queues = [spanNode('inq', extra.received, beginnings), spanNode('outq', extra.sent, beginnings)];
      return group('extra', 'queues', queues, () => Object.fromEntries(queues.map(({ name, json }) => [name, json()])));
    }
    case 'semaphores': {
      const { values } = extra;
      const at = (index: number): FieldNode => valueNode(values[index] ?? 0, String(index), `[${index}]`);
      return {
        key: 'extra',
        name: 'extra',
        type: 'uint16[]',
        children: { count: values.length, at },
        json: () => values,
      };
    }
    case 'messages': {
      const { messages } = extra;
      const at = (index: number): FieldNode => queuedNode(messages[index] as QueuedMessage, index, beginnings);
      const json = (): JsonValue => messages.map((_, index) => at(index).json());
      return { key: 'extra', name: 'extra', type: 'ipc_msg[]', children: { count: messages.length, at }, json };
    }
  }
}

function queuedNode({ message, content }: QueuedMessage, index: number, beginnings: ReadBeginnings): FieldNode {
  const fields = fieldsOf({ ...message }, messageType('ipc_msg'), { pretty: true }, false);
  const nodes = [...fields, spanNode('content', content, beginnings)];
  const json = (): JsonValue => Object.fromEntries(nodes.map((node) => [node.name, node.json()]));
  return { ...group(`[${index}]`, 'ipc_msg', nodes, json), key: String(index) };
}

function group(name: string, type: string, nodes: readonly FieldNode[], json: () => JsonValue): FieldNode {
  return { key: name, name, type, children: listed(nodes), json };
}

function spanNode(name: string, { offset, length }: Span, beginnings: ReadBeginnings): FieldNode {
  const start = beginnings.get(offset) ?? new Uint8Array();
  return { key: name, name, type: 'content', bytes: { start, length }, json: () => base64Lines(start) };
}

/** Where the contents that follow a message begin. */
export function contentsOf({ extra }: ImageEntry): readonly Span[] {
  switch (extra?.type) {
    case 'bytes':
      return [extra.span];
    case 'queues':
      return [extra.received, extra.sent];
    case 'messages':
      return extra.messages.map(({ content }) => content);
    default:
      return [];
  }
}
