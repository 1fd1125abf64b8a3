import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './node.mjs';

/** How the tests of one suite, or of several added up, ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Runs test files with Node's own runner, each in a process of its own, and prints what they say as they go.
 * @param patterns globs relative to the project's folder
 * @param options `concurrency`: how many files run at once; `timeout`: milliseconds after which a file is given up
 */
export async function runNodeTests(
  patterns: readonly string[],
  options: { readonly concurrency?: number; readonly timeout?: number } = {},
): Promise<Counts> {
  const files = findTests(patterns);
  if (files.length === 0) {
    console.error(`No test matches ${patterns.join(' ')}.`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const stream = run({
    files,
    concurrency: options.concurrency ?? availableParallelism(),
    timeout: options.timeout ?? 10 * 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  let counts: Counts | undefined;
  stream.on('test:summary', (summary) => {
    // There is one for each file, and a last one, without a file, for all.
    if (summary.file !== undefined) return;
    const { passed, cancelled, skipped, todo, tests } = summary.counts;
    counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
    if (!summary.success && counts.failed === 0) counts = { ...counts, failed: Math.max(1, cancelled) };
  });
  for await (const text of stream.compose(spec)) process.stdout.write(String(text));
  // Without a summary the runner itself broke off.
  return counts ?? { passed: 0, failed: 1, skipped: 0 };
}

/** The test files that globs name, as absolute paths. */
export function findTests(patterns: readonly string[]): string[] {
  return globSync([...patterns], { cwd: root })
    .sort()
    .map((file) => join(root, file));
}

/** How many tests some files declare: for suites that cannot be run, so that the report can say what is missing. */
export function countDeclaredTests(files: readonly string[]): number {
  return files
    .map((file) => readFileSync(file, 'utf8').match(/^\s*(it|test)\(/gm)?.length ?? 0)
    .reduce((sum, count) => sum + count, 0);
}
