/**
 * Runs the tests: `npm test` for all, `npm run test:unit|test:host|test:e2e [-- FILE…]` for one suite. The last line
 * adds up all that ran: `N passed, N failed[, N skipped]`. Ends with status 1 when anything failed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { root } from './lib/node.mjs';
import { type Counts, runNodeTests } from './lib/node-tests.ts';
import { runBrowserTests } from './suites/browser.ts';
import { runHostTests } from './suites/host.ts';
import { runLabTests } from './suites/lab.ts';

interface Suite {
  readonly title: string;
  run(files: readonly string[]): Counts | Promise<Counts>;
}

const SUITES: Readonly<Record<string, Suite>> = {
  types: {
    title: 'types',
    run: () => script('node_modules/typescript/bin/tsc', '-b', '--pretty'),
  },
  build: {
    title: 'build',
    run: () => script('esbuild.mjs'),
  },
  unit: {
    title: 'unit tests in plain Node',
    run: (files) => runNodeTests(files.length > 0 ? files : ['test/unit/**/*.test.ts']),
  },
  host: { title: 'tests in the extension host', run: () => runHostTests() },
  e2e: { title: 'tests of the package in a browser', run: (files) => runBrowserTests(files) },
  lab: { title: 'tests on checkpoints made just now', run: () => runLabTests() },
};

/** What a suite needs first. */
const BEFORE: Readonly<Record<string, readonly string[]>> = { unit: ['build'], host: ['build'] };

const [only, ...files] = process.argv.slice(2);
const names = only === undefined ? Object.keys(SUITES) : [...(BEFORE[only] ?? []), only];

const started = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
for (const name of names) {
  const suite = SUITES[name];
  if (!suite) {
    console.error(`There is no suite "${name}". The suites are: ${Object.keys(SUITES).join(', ')}.`);
    process.exit(2);
  }
  console.log(`\n── ${suite.title}`);
  const begun = performance.now();
  let counts: Counts;
  try {
    counts = await suite.run(files);
  } catch (error) {
    // A suite that cannot go on is one failure; the others still run.
    console.error(error);
    counts = { passed: 0, failed: 1, skipped: 0 };
  }
  lines.push(`${suite.title}: ${describe(counts)} in ${seconds(begun)}`);
  console.log(`── ${lines.at(-1) ?? ''}`);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  if (name === 'build' && counts.failed > 0) break;
}

console.log(`\n${lines.join('\n')}\nin all ${seconds(started)}\n`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
// Not process.exitCode: nothing that a suite left open may keep the run from ending.
process.exit(total.failed > 0 ? 1 : 0);

/** Runs one of the project's programs as a suite that passes or fails as a whole and counts no tests. */
function script(...args: string[]): Counts {
  const [program = '', ...rest] = args;
  const { status } = spawnSync(process.execPath, [join(root, program), ...rest], { cwd: root, stdio: 'inherit' });
  return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

function describe({ passed, failed, skipped }: Counts): string {
  if (passed + skipped === 0) return failed > 0 ? 'failed' : 'done';
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
