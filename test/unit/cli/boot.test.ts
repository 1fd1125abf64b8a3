import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build } from 'esbuild';
import { inFolder } from './support.ts';

/** A program as it is built, which says something and ends with a code. */
function program(says: string, id = 'a', code = 0): string {
  const body = `function say() { console.log(${JSON.stringify(says)}, process.argv.slice(2).join(' ')); } say(); process.exit(${String(code)});`;
  return `(function (exports, require, module, __filename, __dirname) {${body}})\n// build ${id.repeat(64)}\n`;
}

/** The start of the command line beside a program, and how to run it: what it prints. */
async function inBuilt(work: (built: Built) => void): Promise<void> {
  await inFolder(async (folder) => {
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
    const cache = join(folder, 'cache');
    work({
      folder,
      cache,
      write: (text) => writeFileSync(join(folder, 'cli-main.js'), text),
      run: (args, { code = 0, at = cache } = {}) => {
        const env = { ...process.env, XDG_CACHE_HOME: at, LOCALAPPDATA: at, HOME: at };
        const { stdout, stderr, status } = spawnSync(process.execPath, [boot, ...args], { encoding: 'utf8', env });
        assert.deepEqual([status, stderr], [code, '']);
        return stdout.trim();
      },
      kept: () => {
        const paths = existsSync(cache) ? readdirSync(cache, { recursive: true }).map(String) : [];
        return paths.filter((path) => path.includes('.whole')).map((path) => join(cache, path));
      },
    });
  });
}

interface Built {
  readonly folder: string;
  readonly cache: string;
  readonly write: (text: string) => void;
  readonly run: (args: readonly string[], how?: { code?: number; at?: string }) => string;
  readonly kept: () => readonly string[];
}

describe('what V8 compiled of the command line', () => {
  test('is kept for each command in a folder of this user, and taken by the next run', () =>
    inBuilt(({ run, write, kept, cache }) => {
      write(program('one'));
      assert.equal(run(['inspect', 'x.tar']), 'one inspect x.tar');
      const [path = '', ...more] = kept();
      assert.deepEqual(more, []);
      assert.ok(path.startsWith(join(cache, 'checkpoint-explorer', 'compiled', 'inspect')), path);
      if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
      const bytes = readFileSync(path);
      // Of the same name and length, which a build never is: only what was kept can say what the first one said.
      write(program('two'));
      assert.equal(run(['inspect', 'y.tar']), 'one inspect y.tar');
      assert.ok(bytes.equals(readFileSync(path)));
      // Another command has its own.
      assert.equal(run(['show']), 'two show');
      assert.equal(run(['../../../x']), 'two ../../../x');
      assert.equal(kept().length, 3);
      assert.ok(kept().some((other) => other.includes(join('compiled', 'other'))));
      assert.ok(readdirSync(cache, { recursive: true }).every((other) => !String(other).includes('..')));
    }));

  test('is not that of another build', () =>
    inBuilt(({ run, write, kept }) => {
      write(program('one', 'a'));
      run(['inspect']);
      write(program('two', 'b'));
      assert.equal(run(['inspect']), 'two inspect');
      // It is the new one's from now on.
      assert.equal(readFileSync(kept()[0] ?? '').toString('latin1', 0, 64), 'b'.repeat(64));
      write(program('six', 'b'));
      assert.equal(run(['inspect']), 'two inspect');
    }));

  test('is not taken where it is cut short, or where others may write', { skip: process.platform === 'win32' }, () =>
    inBuilt(({ run, write, kept }) => {
      write(program('one'));
      run(['inspect']);
      const [path = ''] = kept();
      const size = statSync(path).size;
      write(program('two'));
      truncateSync(path, size - 100);
      assert.equal(run(['inspect']), 'two inspect');
      assert.equal(statSync(path).size, size);
      write(program('six'));
      chmodSync(path, 0o620);
      assert.equal(run(['inspect']), 'six inspect');
    }),
  );

  test('is kept of runs that came to their end', () =>
    inBuilt(({ run, write, kept }) => {
      for (const code of [1, 2]) {
        write(program('failed', 'a', code));
        assert.equal(run(['inspect'], { code }), 'failed inspect');
        assert.deepEqual(kept(), []);
      }
      write(program('damaged', 'a', 3));
      run(['inspect'], { code: 3 });
      assert.equal(kept().length, 1);
    }));

  test('is not kept of a run that changed flags of V8, and is of one that put them back', () =>
    inBuilt(({ run, write, kept }) => {
      const growth = (factor: number) => `v8.setFlagsFromString('--semi-space-growth-factor=${String(factor)}');`;
      const text = (more: string) =>
        program('one').replace('say(); ', `say(); const v8 = require('node:v8'); ${growth(1)} ${more}`);
      write(text(''));
      run(['inspect']);
      assert.deepEqual(kept(), []);
      write(text(`process.prependOnceListener('exit', () => ${growth(2).replace(';', '')});`));
      run(['inspect']);
      const [path = ''] = kept();
      const { mtimeMs } = statSync(path);
      run(['inspect']);
      assert.equal(statSync(path).mtimeMs, mtimeMs);
    }));

  test('is done without where there is no place for it, and by a bundle that has no name', () =>
    inBuilt(({ run, write, kept, folder }) => {
      write(program('one'));
      writeFileSync(join(folder, 'file'), '');
      assert.equal(run(['inspect'], { at: join(folder, 'file') }), 'one inspect');
      write(`console.log(typeof require, __filename === module.filename);`);
      assert.equal(run(['inspect']), 'function true');
      assert.deepEqual(kept(), []);
    }));
});
