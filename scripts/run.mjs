#!/usr/bin/env node
// @ts-check
// The entry of every npm script: `node scripts/run.mjs TASK [arguments]`.
// Runs on Node 18 and newer. Where that is older than the project needs, it brings a newer Node from the npm registry
// into .tools/ and runs the task under it.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { ensureNode, isSupportedNode, root } from './lib/node.mjs';

const schema = ['scripts/generate-schema.mjs'];
const bin = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path);
const tsc = [bin('typescript', 'bin', 'tsc'), '-b'];
const eslint = [bin('eslint', 'bin', 'eslint.js'), '--cache', '--cache-location', '.cache/eslint/'];
const prettier = [bin('prettier', 'bin', 'prettier.cjs'), '--log-level', 'warn'];

/**
 * What each task runs: Node's arguments, one after the other until one fails. The user's arguments go to the last.
 * @type {Record<string, string[][]>}
 */
const TASKS = {
  start: [['scripts/start.ts']],
  test: [['scripts/test.ts']],
  'test:unit': [['scripts/test.ts', 'unit']],
  'test:host': [['scripts/test.ts', 'host']],
  'test:e2e': [['scripts/test.ts', 'e2e']],
  'test:lab': [['scripts/test.ts', 'lab']],
  bench: [['esbuild.mjs', '--minify'], ['test/bench/main.ts']],
  build: [['esbuild.mjs']],
  cli: [['dist/cli.js']],
  watch: [['esbuild.mjs', '--watch']],
  package: [['scripts/package.ts']],
  typecheck: [schema, tsc],
  lint: [schema, [...eslint, '.'], [...prettier, '--check', '.']],
  format: [[...prettier, '--write', '.']],
};

const [task = '', ...rest] = process.argv.slice(2).filter((argument) => argument !== '--');
const steps = TASKS[task];
if (!steps) {
  console.error(`There is no task "${task}". The tasks are: ${Object.keys(TASKS).join(', ')}.`);
  process.exit(2);
}

let node = process.execPath;
if (!isSupportedNode(process.versions.node)) {
  try {
    node = ensureNode();
  } catch (error) {
    console.error(
      `Node ${process.versions.node} is too old (22.19 or newer is needed), and a newer one could not be brought from ` +
        `the npm registry: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exit(1);
  }
}

for (const [index, step] of steps.entries()) {
  const status = await run([...step, ...(index === steps.length - 1 ? rest : [])]);
  if (status !== 0) process.exit(status);
}

/**
 * Runs one step to its end. An interrupt reaches the step too (a terminal sends it to the whole group) and is left to
 * it, so that it can clean up before this process goes.
 * @param {string[]} args
 * @returns {Promise<number>} the exit status
 */
function run(args) {
  // Node 22 warns that it strips types; that is intended.
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  const wait = () => undefined;
  const forward = () => child.kill('SIGTERM');
  process.on('SIGINT', wait);
  process.on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', wait);
      process.off('SIGTERM', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
