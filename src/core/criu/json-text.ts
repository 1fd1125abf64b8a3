/** What JSON can say, with integers of any size. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonList | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A list whose members are made when they are written: a hostile image has a million of them in a message. */
export class JsonList {
  readonly #members: () => Iterable<JsonValue>;

  constructor(members: () => Iterable<JsonValue>) {
    this.#members = members;
  }

  *entries(): Generator<readonly [number, JsonValue], void, undefined> {
    let index = 0;
    for (const member of this.#members()) yield [index++, member];
  }
}

/**
 * JSON text in which bigints are exact integer literals.
 * @param indent spaces a level; 0 gives one line.
 * @param depth levels around the value: its lines are indented by them, except the first.
 */
export function jsonText(value: JsonValue, indent = 0, depth = 0): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = (item: JsonValue): string => jsonText(item, indent, depth + 1);
  const colon = indent > 0 ? ': ' : ':';
  if (value instanceof JsonList) {
    return bracketed(
      '[',
      Array.from(value.entries(), ([, item]) => inner(item)),
      ']',
      indent,
      depth,
    );
  }
  if (Array.isArray(value)) return bracketed('[', (value as readonly JsonValue[]).map(inner), ']', indent, depth);
  const members = Object.entries(value as JsonObject).map(
    ([key, item]) => `${JSON.stringify(key)}${colon}${inner(item)}`,
  );
  return bracketed('{', members, '}', indent, depth);
}

/** Characters of a piece: enough to be worth a write, few enough that a large value is never whole as text. */
const PIECE = 64 * 1024;

/** The same text in pieces: what a hostile image says of a million numbers would be hundreds of megabytes at once. */
export function* jsonPieces(value: JsonValue, indent = 0, depth = 0): Generator<string, void, undefined> {
  let gathered = '';
  for (const part of jsonParts(value, indent, depth)) {
    gathered += part;
    if (gathered.length < PIECE) continue;
    yield gathered;
    gathered = '';
  }
  if (gathered !== '') yield gathered;
}

function* jsonParts(value: JsonValue, indent: number, depth: number): Generator<string, void, undefined> {
  if (typeof value !== 'object' || value === null) {
    yield jsonText(value);
    return;
  }
  const isList = Array.isArray(value) || value instanceof JsonList;
  const members: Iterable<readonly [string | number, JsonValue]> = isList
    ? (value as readonly JsonValue[] | JsonList).entries()
    : Object.entries(value as JsonObject);
  const line = lineStart(indent, depth + 1);
  const colon = indent > 0 ? ': ' : ':';
  let before = isList ? '[' : '{';
  for (const [key, item] of members) {
    const start = `${before}${line}${isList ? '' : `${JSON.stringify(key)}${colon}`}`;
    before = ',';
    if (typeof item !== 'object' || item === null || value instanceof JsonList)
      yield start + jsonText(item, indent, depth + 1);
    else {
      yield start;
      yield* jsonParts(item, indent, depth + 1);
    }
  }
  if (before !== ',') yield isList ? '[]' : '{}';
  else yield `${lineStart(indent, depth)}${isList ? ']' : '}'}`;
}

function bracketed(open: string, members: readonly string[], close: string, indent: number, depth: number): string {
  if (members.length === 0) return open + close;
  if (indent === 0) return `${open}${members.join(',')}${close}`;
  return `${open}${lineStart(indent, depth + 1)}${members.join(`,${lineStart(indent, depth + 1)}`)}${lineStart(indent, depth)}${close}`;
}

/** A new line at a level, or nothing where all is on one. */
export function lineStart(indent: number, depth: number): string {
  return indent > 0 ? `\n${' '.repeat(indent * depth)}` : '';
}
