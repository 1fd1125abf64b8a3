import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { runCompiled } from '../../../src/core/run-compiled.ts';

const seen = globalThis as { seenByTest?: unknown[] };

// What a run keeps at its end is tested with the start of the command line.
test('a long run keeps what was compiled while it goes on, and runs as a module does', async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, 'beside.js'), 'exports.seen = (...what) => globalThis.seenByTest.push(...what);');
    writeBundle(
      join(folder, 'long.js'),
      `require('./beside.js').seen(this === exports && module.exports === exports, __filename, __dirname);`,
    );
    runCompiled(folder, ['long.js'], { folder, after: 1, isUsual: () => false });
    assert.deepEqual(seen.seenByTest, [true, join(folder, 'long.js'), folder]);
    const kept = join(folder, 'long.js.whole');
    assert.ok(!existsSync(kept), 'not before the first answers are given');
    while (!existsSync(kept)) await wait(5);
    assert.deepEqual(readdirSync(folder).sort(), ['beside.js', 'long.js', 'long.js.whole']);
  });
});

for (const write of [writeBundle, writeModule]) {
  test(`bundles of one program find each other, and run once (${write.name})`, async () => {
    await inFolder(async (folder) => {
      write(
        join(folder, 'first.js'),
        `exports.name = 'first'; exports.later = () => [require('./rest.js').of(), require('./rest.js').of()];
        globalThis.seenByTest.push(exports);`,
      );
      write(
        join(folder, 'rest.js'),
        `globalThis.seenByTest.push('rest'); exports.of = () => require('./first.js').name + ' ' + __filename;`,
      );
      runCompiled(folder, ['first.js', 'rest.js'], { folder, after: 1, isUsual: () => false });
      const [first] = seen.seenByTest as [{ later: () => unknown }];
      assert.deepEqual(seen.seenByTest, [first], 'the rest is not read before it is asked for');
      assert.deepEqual(first.later(), Array(2).fill(`first ${join(folder, 'rest.js')}`));
      assert.deepEqual(seen.seenByTest, [first, 'rest']);
      if (write === writeModule) return;
      while (readdirSync(folder).length < 4) await wait(5);
      assert.deepEqual(readdirSync(folder).sort(), ['first.js', 'first.js.whole', 'rest.js', 'rest.js.whole']);
    });
  });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  seen.seenByTest = [];
  try {
    await work(folder);
  } finally {
    delete seen.seenByTest;
    rmSync(folder, { recursive: true });
  }
}

/** As bundles are that ship. */
function writeBundle(path: string, body: string): void {
  const text = `(function (exports, require, module, __filename, __dirname) {${body}})`;
  writeFileSync(path, `${text}\n// build ${'c'.repeat(64)}\n`);
}

/** As bundles for development are. */
function writeModule(path: string, body: string): void {
  writeFileSync(path, body);
}
