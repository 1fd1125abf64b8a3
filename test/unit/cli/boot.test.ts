import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { inFolder } from './support.ts';

/** What it starts, which says how it was started. */
const PROGRAM = `console.log(process.argv.slice(2).join(' '), require('node:module').getCompileCacheDir() ?? 'none');`;

test('the command line keeps what was compiled of a command in a folder of this user, or does without', () =>
  inFolder(async (folder) => {
    const boot = join(folder, 'cli-boot.cjs');
    await build({
      entryPoints: [join(import.meta.dirname, '../../../src/cli/boot.ts')],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      define: { 'import.meta.filename': '__filename' },
      outfile: boot,
      logLevel: 'silent',
    });
    writeFileSync(join(folder, 'cli-main.js'), PROGRAM);
    const run = (cache: string, ...args: readonly string[]) => {
      const env = { ...process.env, XDG_CACHE_HOME: cache, LOCALAPPDATA: cache, HOME: cache };
      const { stdout, stderr, status } = spawnSync(process.execPath, [boot, ...args], { encoding: 'utf8', env });
      assert.deepEqual([status, stderr], [0, '']);
      return stdout.trim();
    };
    const cache = join(folder, 'cache');
    assert.ok(run(cache, 'inspect', 'x.tar').startsWith(`inspect x.tar ${cache}`));
    assert.ok(run(cache, '../../../x').includes(join('compiled', 'other')));
    const kept = readdirSync(cache, { recursive: true }).map(String);
    assert.ok(kept.some((path) => path.includes(join('checkpoint-explorer', 'compiled', 'inspect'))));
    assert.ok(kept.every((path) => !path.includes('..')));
    writeFileSync(join(folder, 'file'), '');
    assert.match(run(join(folder, 'file'), 'inspect'), /^inspect /);
  }));
