/** Looking into JSON that somebody else wrote: every step may find something other than expected. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function asArray(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** A string that says something: engines write empty ones for "not set". */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function asTexts(value: unknown): readonly string[] {
  return asArray(value).filter((item): item is string => typeof item === 'string');
}

/** The member at the end of a path of keys. */
export function at(value: unknown, ...keys: readonly string[]): Json | undefined {
  let here: unknown = value;
  for (const key of keys) {
    const object = asObject(here);
    if (!object || !Object.hasOwn(object, key)) return undefined;
    here = object[key];
  }
  return here as Json | undefined;
}

/** JSON inside a JSON string, as CRI-O keeps labels and annotations. */
export function parseEmbedded(value: unknown): Json | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}

/** A string-to-string map, sorted by key; anything else in it is left out. */
export function asStringMap(value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(asObject(value) ?? {}).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
