/** Makes `checkpoint-explorer-<version>.vsix`, the extension as it is installed: `npm run package`. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { root } from './lib/node.mjs';

/**
 * Builds the shipped form of the bundles and packs what .vscodeignore lets through.
 * @returns the package's path
 */
export async function makePackage(): Promise<string> {
  const build = spawnSync(process.execPath, [join(root, 'esbuild.mjs'), '--minify'], { cwd: root, stdio: 'inherit' });
  if (build.status !== 0) throw new Error('The build failed, so there is nothing to pack.');
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const packagePath = join(root, `${name ?? ''}-${version ?? ''}.vsix`);
  await createVSIX({
    cwd: root,
    packagePath,
    // Everything is bundled.
    dependencies: false,
    // package.json names no address of the repository: links in the README stay as they are.
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  return packagePath;
}

if (import.meta.main) {
  const file = await makePackage();
  console.log(`${relative(process.cwd(), file)}: ${(statSync(file).size / 1024).toFixed(0)} KiB`);
}
