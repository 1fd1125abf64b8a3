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
  readonly members: Members;
  readonly close: string;
  readonly indent: string;
  empty: boolean;
}

/** A piece is at least so long, letters, but for the last. */
const PIECE = 1024;

/**
 * One JSON document in pieces, two spaces a level, without a line break at its end. Keys keep their order, members that
 * are undefined are left out. A bigint is written with all its digits, bytes are base64; what is no whole character is
 * U+FFFD. Neither depth nor length of the value costs more than the piece at hand.
 */
export function* jsonPieces(value: Json, indent = ''): Generator<string> {
  const stack: Open[] = [];
  // A list or an object opens a level; anything else is one text.
  const enter = (entered: Json): string => {
    const simple = simpleText(entered);
    if (simple !== undefined) return simple;
    const list = entered instanceof LazyList || isList(entered);
    const outer = stack.at(-1)?.indent ?? indent;
    stack.push({ members: membersOf(entered), close: list ? ']' : '}', indent: `${outer}  `, empty: true });
    return list ? '[' : '{';
  };
  let piece = enter(value);
  for (let open = stack.at(-1); open; open = stack.at(-1)) {
    if (piece.length >= PIECE) {
      yield piece;
      piece = '';
    }
    const { members } = open;
    if (!members.next()) {
      stack.pop();
      piece += open.empty ? open.close : `\n${open.indent.slice(2)}${open.close}`;
      continue;
    }
    const { key, value: member } = members;
    if (member === undefined) continue;
    piece += `${open.empty ? '' : ','}\n${open.indent}${key === undefined ? '' : `${quote(key)}: `}`;
    open.empty = false;
    piece += enter(member);
  }
  yield piece;
}

/** What a list or an object holds, one after the other. Not an iterator: that makes two objects for each member. */
interface Members {
  /** Of the current member; none in a list. */
  readonly key: string | undefined;
  readonly value: Json | undefined;
  /** Goes to the next member. @returns false behind the last */
  next(): boolean;
}

class ObjectMembers implements Members {
  readonly #object: JsonObject;
  readonly #keys: readonly string[];
  #at = -1;

  constructor(object: JsonObject) {
    this.#object = object;
    this.#keys = Object.keys(object);
  }

  get key(): string | undefined {
    return this.#keys[this.#at];
  }

  get value(): Json | undefined {
    return this.#object[this.#keys[this.#at] as string];
  }

  next(): boolean {
    return ++this.#at < this.#keys.length;
  }
}

class IteratedMembers implements Members {
  readonly #iterator: Iterator<readonly [key: string | undefined, value: Json | undefined]>;
  key: string | undefined;
  value: Json | undefined;

  constructor(members: Iterable<readonly [key: string | undefined, value: Json | undefined]>) {
    this.#iterator = members[Symbol.iterator]();
  }

  next(): boolean {
    const next = this.#iterator.next();
    if (next.done === true) return false;
    [this.key, this.value] = next.value;
    return true;
  }
}

class ListMembers implements Members {
  readonly key = undefined;
  readonly #list: readonly Json[];
  #at = -1;

  constructor(list: readonly Json[]) {
    this.#list = list;
  }

  get value(): Json | undefined {
    return this.#list[this.#at];
  }

  next(): boolean {
    return ++this.#at < this.#list.length;
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

function membersOf(value: Json): Members {
  if (value instanceof LazyList)
    return new IteratedMembers(Iterator.from(value.items).map((item) => [undefined, item]));
  if (isList(value)) return new ListMembers(value);
  if (value instanceof Map) return new IteratedMembers(value as ReadonlyMap<string, Json | undefined>);
  return new ObjectMembers(value as JsonObject);
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

/** This program's words, of which there are some hundred. */
const snakes = new Map<string, string>();

/** A member's name as JSON has it. Of this program's own words alone: each is kept. */
export function snake(key: string): string {
  const known = snakes.get(key);
  if (known !== undefined) return known;
  const made = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  snakes.set(key, made);
  return made;
}
