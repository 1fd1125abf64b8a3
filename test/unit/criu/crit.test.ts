import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { imageToJson } from '../../../src/core/criu/to-json.ts';
import { fixtureFolders, fixtures, MemorySource, openFixture } from './memory-file-set.ts';

interface CritImage {
  readonly size: number | string;
  readonly decoded?: { readonly magic: string; readonly entries: readonly unknown[] };
}

suite('images decode to what crit says of them', () => {
  for (const folder of fixtureFolders) {
    const text = expectedText(join(fixtures, folder, 'expected', 'crit.json'));
    if (text === undefined) continue;
    test(folder, async () => {
      const expected = parseExactly(text) as Record<string, CritImage>;
      const files = await openFixture(folder);
      let compared = 0;
      for (const [name, { decoded }] of Object.entries(expected)) {
        if (!decoded) continue;
        const path = files.entries.has(name) ? name : `checkpoint/${name}`;
        const source = new MemorySource(files.content(path), path);
        const json = await imageToJson(source, path, { pretty: true });
        assert.deepEqual(parseExactly(json), decoded, path);
        compared++;
      }
      assert.ok(compared > 10, 'compared something');
    });
  }
});

/** A file, or the one that stands for it compressed. */
function expectedText(path: string): string | undefined {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  return existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)).toString() : undefined;
}

/** JSON with every integer that a double would round as a bigint. */
function parseExactly(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(context?.source ?? value) : value;
  return JSON.parse(text, revive);
}
