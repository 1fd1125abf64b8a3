import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** From the package.json above the program, wherever it was installed; `unknown` where there is none. */
export function readVersion(program = process.argv[1] ?? ''): string {
  let folder = dirname(realpathSync(program));
  for (;;) {
    const { name, version } = readPackage(join(folder, 'package.json'));
    if (name === 'checkpoint-explorer' && typeof version === 'string') return version;
    const parent = dirname(folder);
    if (parent === folder) return 'unknown';
    folder = parent;
  }
}

function readPackage(path: string): { readonly name?: unknown; readonly version?: unknown } {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    // Not there, or somebody else's.
    return {};
  }
}
