import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './node.mjs';

/** How the tests of one suite, or of several added up, ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How test files are run. */
interface RunOptions {
  /** How many at once. */
  readonly concurrency?: number;
  /** Milliseconds after which a file is given up. */
  readonly timeout?: number;
  /**
   * Files that fail are run once more, which is said, and only what fails then counts: for tests that drive a program
   * which is not ours.
   */
  readonly again?: boolean;
}

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/**
 * Runs test files with Node's own runner, each in a process of its own, and prints what they say as they go.
 * @param patterns globs relative to the project's folder
 */
export async function runNodeTests(patterns: readonly string[], options: RunOptions = {}): Promise<Counts> {
  const files = findTests(patterns);
  if (files.length === 0) {
    console.error(`No test matches ${patterns.join(' ')}.`);
    return { ...NONE, failed: 1 };
  }
  const ended = await runFiles(files, options);
  const failed = files.filter((file) => (ended.get(file)?.failed ?? 1) > 0);
  if (options.again === true && failed.length > 0) {
    console.log(
      `\nThese failed and are run once more:\n${failed.map((file) => `  ${relative(root, file)}`).join('\n')}\n`,
    );
    for (const [file, counts] of await runFiles(failed, options)) ended.set(file, counts);
    const passed = failed.filter((file) => ended.get(file)?.failed === 0);
    console.log(`\nOf ${failed.length} files that failed at first, ${passed.length} passed the second time.`);
  }
  // Without a summary a file, or the runner itself, broke off.
  return files.map((file) => ended.get(file) ?? { ...NONE, failed: 1 }).reduce(added);
}

/** How each of some files ended that had an end. */
async function runFiles(files: string[], { concurrency, timeout }: RunOptions): Promise<Map<string, Counts>> {
  const stream = run({
    files,
    concurrency: concurrency ?? availableParallelism(),
    timeout: timeout ?? 10 * 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = new Map<string, Counts>();
  stream.on('test:summary', ({ file, counts, success }) => {
    // There is one for each file, and a last one, without a file, for all.
    if (file === undefined) return;
    const { passed, skipped, todo, tests } = counts;
    const failed = tests - passed - skipped - todo;
    ended.set(file, { passed, failed: success ? failed : Math.max(1, failed), skipped: skipped + todo });
  });
  for await (const text of stream.compose(spec)) process.stdout.write(String(text));
  return ended;
}

function added(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
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
