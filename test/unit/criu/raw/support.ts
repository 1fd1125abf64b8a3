import type { Note } from '../../../../src/protocol/note.ts';
import type { JsonObject, JsonValue } from '../../../../src/core/criu/json-text.ts';
import { kindOfFile } from '../../../../src/core/criu/kinds.ts';
import { visitRaw } from '../../../../src/core/criu/raw/raw-image.ts';
import { MemorySource } from '../memory-file-set.ts';

export interface RawResult {
  readonly entries: readonly JsonValue[];
  readonly notes: readonly Note[];
}

/** The entries of an image that holds no messages, by the kind that its name tells. */
export async function readRaw(name: string, content: Uint8Array | string, pretty = false): Promise<RawResult> {
  const entries: JsonValue[] = [];
  const form = kindOfFile(name)?.row.content;
  if (form === undefined) throw new Error(`${name} is not read.`);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const visit = (value: JsonValue): boolean => entries.push(value) > 0;
  const notes = await visitRaw(form, {
    source: new MemorySource(bytes, name),
    name: `checkpoint/${name}`,
    visit,
    pretty,
  });
  return { entries, notes };
}

/** What lies at a path of names in an entry. */
export function at(value: JsonValue | undefined, ...path: readonly (string | number)[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((found, name) => (found as JsonObject | undefined)?.[name], value);
}
