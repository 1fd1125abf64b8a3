import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import type { SearchOptions } from '../../../../src/core/checkpoint/search/search.ts';
import type { SearchMatch, SearchQuery, TypedPattern } from '../../../../src/protocol/search.ts';
import { PAGE, writeDump, type MadeDump, type Mapping, type Process, type Run } from './build-space.ts';
import { generator, type Random } from '../../support/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'search-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Milliseconds: as many dumps are made and searched as fit. */
const BUDGET = 4000;
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

suite(`a search by address (FUZZ_SEED=${seed})`, () => {
  test('finds in every process what a search of each of its stretches of bytes finds, and nothing else', async () => {
    const random = generator(seed);
    const end = performance.now() + BUDGET;
    let found = 0;
    for (let round = 0; performance.now() < end; round++) {
      const made = makeDump(random);
      const path = join(folder, `dump-${round}`);
      writeDump(path, made);
      const checkpoint = await open(path);
      for (const pattern of patterns(random, made.objects.size > 0)) {
        const taskSize = { bytes: 300 + random(2 * PAGE), pieces: 1 + random(5) };
        const matches = await search(checkpoint, { pattern, limit: 1e6 }, { taskSize });
        const seen = matches.filter(({ pid }) => pid !== null).map(placeOf);
        const expected = naive(made, pattern);
        assert.deepEqual(seen.toSorted(), expected.toSorted(), JSON.stringify({ round, pattern, taskSize }));
        found += seen.length;
      }
      await checkpoint.close();
      rmSync(path, { recursive: true });
    }
    assert.ok(found > 50, 'the dumps hold what is looked for');
  });

  test('brings the same from threads', async () => {
    const random = generator(seed + 1);
    const path = join(folder, 'threads');
    writeDump(path, makeDump(random));
    const checkpoint = await open(path);
    for (const pattern of patterns(random, false)) {
      const taskSize = { bytes: 5000, pieces: 3 };
      const here = await search(checkpoint, { pattern, limit: 1e6 }, { taskSize, threadsFrom: Infinity });
      const there = await search(checkpoint, { pattern, limit: 1e6 }, { taskSize, threadsFrom: 0 });
      assert.deepEqual(there.map(placeOf), here.map(placeOf));
    }
    await checkpoint.close();
  });
});

function placeOf({ pid, address, length }: SearchMatch): string {
  return `${pid} ${address?.toString(16)} ${length}`;
}

function open(path: string): Promise<Checkpoint> {
  return openCheckpoint({ locator: path, spill: { directory: join(folder, 'spill'), limit: 2 ** 30 } });
}

async function search(checkpoint: Checkpoint, query: SearchQuery, options: SearchOptions): Promise<SearchMatch[]> {
  const matches: SearchMatch[] = [];
  for await (const step of checkpoint.search.run(query, options)) {
    matches.push(...step.matches);
    assert.deepEqual(step.notes, []);
  }
  return matches;
}

/**
 * Some of each kind; all of bytes that the dumps are full of. Matches of a regular expression do not overlap, and which of
 * two that do is found depends on where it begins to be looked for: shared memory is looked through by itself.
 */
function patterns(random: Random, hasShared: boolean): readonly TypedPattern[] {
  const text = (): string => Array.from({ length: 4 + random(5) }, () => 'abAB'[random(4)]).join('');
  const regex: TypedPattern = {
    kind: 'regex',
    text:
      ['ab?aaB', 'Ba[ab]{2,9}B', '(?:aab|bb)BA', '(?:ab?){6}', '\\baab', 'baba$', '(?<=ab)bbab', '[ab]+'][random(8)] ??
      'a',
  };
  return [
    { kind: 'text', text: text() },
    { kind: 'text', text: text(), ignoreCase: true },
    { kind: 'text', text: 'ab'[random(2)] ?? '', encodings: ['utf-16le'] },
    { kind: 'hex', text: `61 ${random(2) === 0 ? '??' : '6?'} 62` },
    ...(hasShared ? [] : [regex]),
  ];
}

/** Pages of few different bytes, so that matches are everywhere, also across every kind of border and cut. */
function makeDump(random: Random): MadeDump {
  const objects = new Map<number, readonly Run[]>();
  for (let number = random(3); number > 0; number--) objects.set(100 + number, runs(random, 4));
  const processes: Process[] = Array.from({ length: 1 + random(3) }, (_, index) => {
    const mappings: Mapping[] = [];
    let page = 0x7f00_0000_0 + random(4);
    for (let count = 2 + random(4); count > 0; count--) {
      const pages = 1 + random(3);
      const object = [...objects.keys()][random(objects.size + 1)];
      mappings.push({ page, pages, ...(object !== undefined && { object, objectPage: random(4) }) });
      page += pages + (random(3) === 0 ? 1 + random(2) : 0);
    }
    const own = mappings.flatMap((mapping) =>
      mapping.object === undefined
        ? runs(random, mapping.pages).map((run) => ({ ...run, page: run.page + mapping.page }))
        : [],
    );
    return { pid: index + 1, mappings, runs: own };
  });
  return { processes, objects };
}

/** Some of so many pages, in order. */
function runs(random: Random, pages: number): readonly Run[] {
  const result: Run[] = [];
  for (let page = random(2); page < pages;) {
    const count = 1 + random(Math.min(3, pages - page));
    const content = Buffer.alloc(count * PAGE);
    for (let at = 0; at < content.length; at++) {
      content[at] = 'aaabbbAB\0\n'.charCodeAt(random(10));
    }
    const kind = random(4);
    result.push({
      page,
      content,
      ...(kind === 0 && { inParent: true }),
      ...(kind === 1 && { blocksOf: 1 + random(2) }),
    });
    page += count + (random(2) === 0 ? 1 + random(2) : 0);
  }
  return result;
}

/** By the pages of each process laid side by side, and a search in each stretch. */
function naive({ processes, objects }: MadeDump, pattern: TypedPattern): readonly string[] {
  return processes.flatMap((process) => {
    const pages = new Map<number, Buffer>();
    const put = (list: readonly Run[], shift: number, from: number, to: number): void => {
      for (const { page, content } of list) {
        for (let index = 0; index * PAGE < content.length; index++) {
          const at = page + index + shift;
          if (at >= from && at < to) pages.set(at, content.subarray(index * PAGE, (index + 1) * PAGE));
        }
      }
    };
    put(process.runs, 0, 0, Infinity);
    for (const { page, pages: count, object, objectPage = 0 } of process.mappings) {
      if (object !== undefined) put(objects.get(object) ?? [], page - objectPage, page, page + count);
    }
    const numbers = [...pages.keys()].sort((a, b) => a - b);
    const places: string[] = [];
    for (let index = 0; index < numbers.length;) {
      const start = numbers[index] as number;
      const parts: Buffer[] = [];
      for (; numbers[index] === start + parts.length; index++)
        parts.push(pages.get(numbers[index] as number) as Buffer);
      for (const [at, length] of occurrences(Buffer.concat(parts), pattern)) {
        places.push(`${process.pid} ${(start * PAGE + at).toString(16)} ${length}`);
      }
    }
    return places;
  });
}

function occurrences(bytes: Buffer, { kind, text, ignoreCase, encodings }: TypedPattern): readonly [number, number][] {
  const latin = bytes.toString('latin1');
  if (kind === 'regex')
    return [...latin.matchAll(new RegExp(text, 'gm'))].map((match) => [match.index, match[0].length]);
  const source =
    kind === 'hex'
      ? text
          .replace(/ /g, '')
          .replace(/\?\?/g, '[^]')
          .replace('6?', '[\\x60-\\x6f]')
          .replace(/(?<!x)(6[0-9a-f])(?![0-9a-f]?\])/g, '\\x$1')
      : encodings
        ? `${[...text].join('\\0')}\\0`
        : text;
  const expression = new RegExp(`(?=(${source}))`, ignoreCase ? 'gi' : 'g');
  return [...latin.matchAll(expression)].map((match) => [match.index, (match[1] ?? '').length]);
}
