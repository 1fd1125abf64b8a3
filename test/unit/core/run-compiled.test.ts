import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { runCompiled } from '../../../src/core/run-compiled.ts';

// What a run keeps at its end is tested with the start of the command line.
test('a long run keeps what was compiled while it goes on, and runs as a module does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  try {
    const script = join(folder, 'long.js');
    const body = `require('./beside.js').seen(this === exports && module.exports === exports, __filename, __dirname);`;
    writeFileSync(join(folder, 'beside.js'), 'exports.seen = (...what) => (globalThis.seenByTest = what);');
    writeFileSync(
      script,
      `(function (exports, require, module, __filename, __dirname) {${body}})\n// build ${'c'.repeat(64)}\n`,
    );
    runCompiled(script, { folder, after: 1, isUsual: () => false });
    assert.deepEqual((globalThis as { seenByTest?: unknown }).seenByTest, [true, script, folder]);
    const kept = join(folder, 'long.js.whole');
    assert.ok(!existsSync(kept), 'not before the first answers are given');
    while (!existsSync(kept)) await wait(5);
    assert.deepEqual(readdirSync(folder).sort(), ['beside.js', 'long.js', 'long.js.whole']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
