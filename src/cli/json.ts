/** What the command line can say in JSON. A Map is an object whose keys come from a checkpoint and may be anything. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | LazyList
  | readonly Json[]
  | ReadonlyMap<string, Json | undefined>
  | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A list whose items are made one at a time while it is written: the list may be longer than memory. */
export class LazyList {
  readonly items: Iterable<Json>;

  constructor(items: Iterable<Json>) {
    this.items = items;
  }
}

/** A list or an object that is being written. */
interface Open {
  readonly members: Iterator<readonly [key: string | undefined, value: Json | undefined]>;
  readonly close: string;
  readonly indent: string;
  empty: boolean;
}

/**
 * One JSON document in pieces, two spaces a level, without a line break at its end. Keys keep their order, members that
 * are undefined are left out. A bigint is written with all its digits, bytes are base64; what is no whole character is
 * U+FFFD. Neither depth nor length of the value costs more than the piece at hand.
 */
export function* jsonPieces(value: Json, indent = ''): Generator<string> {
  const stack: Open[] = [];
  // A list or an object opens a level; anything else is one piece.
  const enter = (entered: Json): string => {
    const simple = simpleText(entered);
    if (simple !== undefined) return simple;
    const list = entered instanceof LazyList || isList(entered);
    const outer = stack.at(-1)?.indent ?? indent;
    stack.push({ members: membersOf(entered), close: list ? ']' : '}', indent: `${outer}  `, empty: true });
    return list ? '[' : '{';
  };
  yield enter(value);
  for (let open = stack.at(-1); open; open = stack.at(-1)) {
    const next = open.members.next();
    if (next.done === true) {
      stack.pop();
      yield open.empty ? open.close : `\n${open.indent.slice(2)}${open.close}`;
      continue;
    }
    const [key, member] = next.value;
    if (member === undefined) continue;
    const before = `${open.empty ? '' : ','}\n${open.indent}${key === undefined ? '' : `${quote(key)}: `}`;
    open.empty = false;
    yield before + enter(member);
  }
}

/** The same as one text. */
export function formatJson(value: Json, indent = ''): string {
  return [...jsonPieces(value, indent)].join('');
}

function simpleText(value: Json): string | undefined {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return quote(value);
  if (!(value instanceof Uint8Array)) return undefined;
  return quote(Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'));
}

function* membersOf(value: Json): Generator<readonly [string | undefined, Json | undefined]> {
  if (value instanceof LazyList) for (const item of value.items) yield [undefined, item];
  else if (isList(value)) for (const item of value) yield [undefined, item];
  else if (value instanceof Map) yield* value.entries() as Iterable<[string, Json | undefined]>;
  else yield* Object.entries(value as JsonObject);
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * Facts of the protocol in the command line's form: `rootDirectory` becomes `root_directory`, at every depth. Only for
 * objects whose keys are this program's own words.
 */
export function snakeCase(value: unknown): Json | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value !== 'object') return value as Json;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item) => snakeCase(item) ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [snake(key), snakeCase(member)]));
}

/** A member's name as JSON has it. */
export function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
