/** Runs the tests of test/e2e: a real browser on a real workbench with the packaged extension installed. */
import { makePackage } from '../package.ts';
import { type Counts, countDeclaredTests, findTests, runNodeTests } from '../lib/node-tests.ts';
import { findChromium } from '../vscode/browser.ts';
import { NEWEST } from '../vscode/releases.ts';
import { ensureWebHost } from '../vscode/web-host.ts';

/** @param files which test files; default: all */
export async function runBrowserTests(files: readonly string[]): Promise<Counts> {
  const patterns = files.length > 0 ? files : ['test/e2e/**/*.test.ts'];
  const why = findObstacle();
  if (why !== undefined) {
    const skipped = countDeclaredTests(findTests(patterns));
    console.log(`${skipped} tests skipped: ${why}`);
    return { passed: 0, failed: 0, skipped };
  }
  process.env['CHECKPOINT_EXPLORER_PACKAGE'] = await makePackage();
  console.log(`VS Code ${NEWEST.version}, web-served, in ${findChromium() ?? ''}`);
  // One window after the other: each takes a whole processor while it starts.
  return runNodeTests(patterns, { concurrency: 1, again: true });
}

function findObstacle(): string | undefined {
  if (findChromium() === undefined) {
    return 'there is no Chromium (Debian: apt-get install chromium; or name one in CHROMIUM)';
  }
  try {
    ensureWebHost(NEWEST);
    return undefined;
  } catch (error) {
    return `the web-served VS Code cannot be installed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
