import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { findForbidden } from '../../../scripts/lib/bundle-contents.mjs';

/** Bundles some files that exist only here; `entry` comes first. */
async function contents(files: Readonly<Record<string, string>>, without: RegExp[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: ['entry.ts'],
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'out.js',
    plugins: [
      {
        name: 'files',
        setup(plugin) {
          plugin.onResolve({ filter: /.*/ }, ({ path }) => ({ path: path.replace('./', ''), namespace: 'in' }));
          plugin.onLoad({ filter: /.*/, namespace: 'in' }, ({ path }) => ({
            contents: files[path] ?? '',
            loader: 'ts',
          }));
        },
      },
    ],
  });
  return findForbidden(metafile, without);
}

test('an input that must stay out is named, with the imports that lead to it', async () => {
  const found = await contents(
    {
      'entry.ts': `import { show } from './view.ts'; show();`,
      'view.ts': `import { decode } from './decoder.ts'; export const show = (): void => console.log(decode());`,
      'decoder.ts': `export const decode = (): number => 1;`,
    },
    [/decoder/],
  );
  assert.deepEqual(found, ['out.js must not contain in:decoder.ts (in:entry.ts → in:view.ts → in:decoder.ts)']);
});

test('an input of which only types are used may be imported', async () => {
  const found = await contents(
    {
      'entry.ts': `import type { Decoder } from './decoder.ts'; export const x: Decoder | undefined = undefined;`,
      'decoder.ts': `export class Decoder {}`,
    },
    [/decoder/],
  );
  assert.deepEqual(found, []);
});
