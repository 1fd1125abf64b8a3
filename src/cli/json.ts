/** What the command line can say in JSON. A Map is an object whose keys come from a checkpoint and may be anything. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Json[]
  | ReadonlyMap<string, Json | undefined>
  | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * One JSON document, two spaces a level, without a line break at its end. Keys keep their order, members that are
 * undefined are left out. A bigint is written with all its digits, bytes are base64; what is no whole character is
 * U+FFFD.
 */
export function formatJson(value: Json, indent = ''): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array)
    return quote(Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'));
  const inner = `${indent}  `;
  if (isList(value))
    return enclose(
      '[',
      value.map((item) => formatJson(item, inner)),
      ']',
      indent,
    );
  const entries: Iterable<readonly [string, Json | undefined]> =
    value instanceof Map ? value.entries() : Object.entries(value);
  const members: string[] = [];
  for (const [key, member] of entries) {
    if (member !== undefined) members.push(`${quote(key)}: ${formatJson(member, inner)}`);
  }
  return enclose('{', members, '}', indent);
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function enclose(open: string, items: readonly string[], close: string, indent: string): string {
  if (items.length === 0) return open + close;
  return `${open}\n${indent}  ${items.join(`,\n${indent}  `)}\n${indent}${close}`;
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

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
