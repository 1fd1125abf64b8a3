import { eachUnknownField, hasUnknownFields, rawText } from './decode-message.ts';
import { addressWord, deviceWord, flagWords, hexWord, quotedPrintable, valueWord } from './field-words.ts';
import { JsonList, type JsonObject, type JsonValue } from './json-text.ts';
import { messageType, type Field, type MessageName, type MessageType } from './schema.ts';

/** How values are written. */
export interface JsonForm {
  /** Words, addresses and hexadecimal numbers where crit's `--pretty` has them; else plain numbers. */
  readonly pretty: boolean;
  /** CRIU's number of the architecture, whose numbers the words are for; without it those of most. */
  readonly machine?: number | undefined;
}

const PLAIN: JsonForm = { pretty: false };

/** The fields of a message as crit shows them: those that are there, in the order of their numbers. */
export function messageToJson(message: object, name: MessageName, form = PLAIN): JsonObject {
  return convertMessage(message as Record<string, unknown>, messageType(name), form, false);
}

function convertMessage(
  message: Readonly<Record<string, unknown>>,
  type: MessageType,
  form: JsonForm,
  hex: boolean,
): JsonObject {
  const result: Record<string, JsonValue> = {};
  for (const field of type.fields) {
    // A required field that is missing has a value that is not its own.
    if (!Object.hasOwn(message, field.name)) continue;
    const value = message[field.name];
    if (field.repeated && (value as readonly unknown[]).length === 0) continue;
    result[field.name] = fieldToJson(value, field, form, hex);
    const raw = rawText(message, field.name);
    if (raw) result[`${field.name}_bytes`] = base64Lines(raw);
  }
  if (hasUnknownFields(message)) result['unknown_fields'] = new JsonList(() => unknownToJson(message));
  return result;
}

function* unknownToJson(message: object): Generator<JsonValue, void, undefined> {
  for (const { number, wireType, value } of eachUnknownField(message)) {
    yield { number, wire_type: wireType, value: typeof value === 'bigint' ? value : base64Lines(value) };
  }
}

/** What a field holds, as crit shows it. @param hex within a field whose numbers are all shown so */
export function fieldToJson(value: unknown, field: Field, form: JsonForm, hex: boolean): JsonValue {
  return field.repeated
    ? convertList(value as readonly unknown[], field, form, hex)
    : convertValue(value, field, form, hex);
}

/** One member of a repeated field. */
export function memberToJson(value: unknown, field: Field, form: JsonForm, hex: boolean): JsonValue {
  return convertValue(value, field, form, hex);
}

function convertList(list: readonly unknown[], field: Field, form: JsonForm, hex: boolean): JsonValue {
  const address = form.pretty && field.style.ipadd ? addressWord(list as readonly number[]) : undefined;
  return address === undefined ? list.map((item) => convertValue(item, field, form, hex)) : [address];
}

/** @param hex crit shows the numbers in everything below a field marked so. */
function convertValue(value: unknown, field: Field, form: JsonForm, hex: boolean): JsonValue {
  const { style } = field;
  const asHex = hex || style.hex === true;
  switch (field.type) {
    case 'message':
      return convertMessage(value as Record<string, unknown>, field.message as MessageType, form, asHex);
    case 'bytes':
      return style.conv === 'unix_name' ? quotedPrintable(value as Uint8Array) : base64Lines(value as Uint8Array);
    case 'enum':
      return field.enumNames?.get(value as number) ?? (value as number);
    case 'string':
    case 'bool':
      return value as string | boolean;
    default:
      return form.pretty
        ? prettyNumber(value as number | bigint, field, asHex, form.machine)
        : (value as number | bigint);
  }
}

function prettyNumber(
  value: number | bigint,
  { name, style }: Field,
  hex: boolean,
  machine: number | undefined,
): JsonValue {
  if (hex) return hexWord(value);
  if (style.dev) return deviceWord(Number(value), style.odev === true);
  if (style.flags !== undefined) return flagWords(style.flags, Number(value), machine);
  if (style.dict !== undefined) return valueWord(style.dict, name, Number(value), machine) ?? value;
  return value;
}

const LINE = 76;

/** Base64 with a line end after every 76 characters and at the end. */
export function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  if (text.length <= LINE) return text === '' ? '' : `${text}\n`;
  return text.replace(/.{1,76}/g, '$&\n');
}
