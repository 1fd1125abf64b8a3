import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { build } from 'esbuild';
import { twoParts } from '../../../scripts/lib/two-parts.mjs';

const FILES = {
  'src/main.ts': `import { count } from './shared/state.ts';
    count('main');
    export const later = async () => (await import('./later.ts')).say();
    export const atOnce = async () => (await import('./at-once.ts')).name;
    Object.assign(globalThis, { twoPartsTest: { later, atOnce } });`,
  'src/shared/state.ts': `let total = 0; export const totalNow = () => total; export const names: string[] = [];
    export class Fault extends Error {}
    export function count(name: string) { total++; names.push(name); }`,
  'src/at-once.ts': `import { count } from './shared/state.ts'; count('at once'); export const name = 'BESIDE';`,
  'src/later.ts': `import { count, Fault, names, totalNow } from './shared/state.ts';
    import { isFault } from './deeper.ts';
    count('later');
    export const say = () => [...names, totalNow(), isFault(new Fault()), 'BEHIND'].join(' ');`,
  'src/deeper.ts': `import { Fault } from './shared/state.ts'; export const isFault = (error: unknown) => error instanceof Fault;`,
};

async function bundled(
  files: Readonly<Record<string, string>>,
  use: (folder: string, results: readonly PromiseSettledResult<unknown>[]) => Promise<void> | void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'two-parts-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const program = { main: 'src/main.ts', atOnce: ['src/at-once.ts'], first: 'out/first.js', rest: 'out/rest.js' };
    const options = {
      absWorkingDir: folder,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'silent',
    } as const;
    await use(folder, await Promise.allSettled(twoParts(options, program, []).map((one) => build(one))));
  } finally {
    delete (globalThis as { twoPartsTest?: unknown }).twoPartsTest;
    rmSync(folder, { recursive: true });
  }
}

describe('a program in two bundles', () => {
  test('has each module once, with its state, and reads the rest when it is asked for', () =>
    bundled(FILES, async (folder, results) => {
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'fulfilled'],
      );
      const load = createRequire(join(folder, 'out/first.js'));
      load('./first.js');
      const { twoPartsTest } = globalThis as unknown as {
        twoPartsTest: { later: () => Promise<string>; atOnce: () => Promise<string> };
      };
      assert.equal(await twoPartsTest.atOnce(), 'BESIDE');
      const isRead = () => load.resolve('./rest.js') in load.cache;
      assert.equal(isRead(), false);
      assert.equal(await twoPartsTest.later(), 'main at once later 3 true BEHIND');
      assert.equal(isRead(), true);
      const [first, rest] = ['first.js', 'rest.js'].map((name) => readFileSync(join(folder, 'out', name), 'utf8'));
      for (const [word, inFirst] of [
        ['BESIDE', true],
        ['extends Error', true],
        ['BEHIND', false],
        ['instanceof', false],
      ] as const) {
        assert.deepEqual([first?.includes(word), rest?.includes(word)], [inFirst, !inFirst], word);
      }
    }));

  for (const [what, changed, said] of [
    ['a module for the first answer is none of its own', { 'src/main.ts': 'export {};' }, 'at-once.ts is no part of'],
    [
      'what both use may change',
      { 'src/shared/state.ts': `${FILES['src/shared/state.ts']}\nexport let last = 0;` },
      'exports last, which may change',
    ],
  ] as const) {
    test(`is not built where ${what}`, () =>
      bundled({ ...FILES, ...changed }, (folder, results) => {
        assert.deepEqual(
          results.map((result) => result.status === 'rejected' && String(result.reason).includes(said)),
          [true, true],
        );
        assert.equal(existsSync(join(folder, 'out')), false);
      }));
  }
});
