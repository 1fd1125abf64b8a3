/** Runs the tests of test/host inside real extension hosts: the oldest VS Code that is supported, and the newest. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { runTests, TestRunFailedError } from '@vscode/test-electron';
import { root } from '../lib/node.mjs';
import { type Counts, countDeclaredTests, findTests } from '../lib/node-tests.ts';
import { makeSamples } from '../samples.ts';
import { findChromium } from '../vscode/browser.ts';
import { ensureDesktop, findDisplay } from '../vscode/desktop.ts';
import { FLOOR, NEWEST, type Release } from '../vscode/releases.ts';
import { ensureWebHost } from '../vscode/web-host.ts';

const bundled = join(root, 'dist-test/host');
/** Stands for the Kubernetes extension, beside which ours has commands. */
const kubernetes = join(root, 'dist-test/kubernetes-tools');

/** Builds the suite and runs it on both releases; a release that cannot be had is skipped, and why is printed. */
export async function runHostTests(): Promise<Counts> {
  const tests = findTests(['test/host/**/*.test.ts']);
  await bundle(tests);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const release of [FLOOR, NEWEST]) {
    const counts = await runOn(release, tests);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  return total;
}

/** The suite as the host loads it: CommonJS, beside the checkout's node_modules, where mocha is found. */
async function bundle(tests: readonly string[]): Promise<void> {
  rmSync(bundled, { recursive: true, force: true });
  mkdirSync(bundled, { recursive: true });
  writeFileSync(join(bundled, 'package.json'), '{ "type": "commonjs" }\n');
  await compile([join(root, 'test/host/index.ts'), ...tests], bundled);
  await compile([join(root, 'test/host/kubernetes-tools/extension.ts')], kubernetes);
  copyFileSync(join(root, 'test/host/kubernetes-tools/package.json'), join(kubernetes, 'package.json'));
}

async function compile(files: readonly string[], outdir: string): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(files.map((file) => [basename(file, '.ts'), file])),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22.19',
    // Mocha's CommonJS half: what `require` gives for its other half differs between Node 22 and 24.
    alias: { mocha: 'mocha/lib/mocha.cjs' },
    external: ['vscode', 'mocha/*'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}

interface Window {
  /** The VS Code executable, or what stands in for it. */
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
}

async function runOn(release: Release, tests: readonly string[]): Promise<Counts> {
  let window: Window;
  try {
    window = await findWindow(release);
  } catch (error) {
    const count = countDeclaredTests(tests);
    const why = error instanceof Error ? error.message : String(error);
    console.log(`VS Code ${release.version}: ${count} tests skipped: ${why}`);
    return { passed: 0, failed: 0, skipped: count };
  }
  const scratch = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-host-'));
  try {
    const report = join(scratch, 'report.json');
    const workspace = join(scratch, 'workspace');
    makeSamples(workspace);
    const status = await run(window, workspace, report);
    if (!existsSync(report)) {
      console.error(`VS Code ${release.version} ended with status ${status} before the suite did.`);
      return { passed: 0, failed: 1, skipped: 0 };
    }
    const counts = JSON.parse(readFileSync(report, 'utf8')) as Counts;
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** The desktop VS Code where it can be downloaded and shown, else the web-served one; prints which it is. */
async function findWindow(release: Release): Promise<Window> {
  const display = findDisplay();
  let why = 'there is no display';
  if (display !== 'none') {
    try {
      const executable = await ensureDesktop(release);
      console.log(`VS Code ${release.version}, desktop${display === 'virtual' ? ' under xvfb' : ''}`);
      return display === 'real' ? { executable, env: {} } : virtual(executable);
    } catch (error) {
      why = `the desktop one cannot be downloaded: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (findChromium() === undefined) throw new Error(`${why}, and there is no Chromium for the web-served one`);
  try {
    ensureWebHost(release);
  } catch (error) {
    throw new Error(`${why}; the web-served one cannot be installed: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
  console.log(`VS Code ${release.version}, web-served (${why})`);
  return {
    executable: join(root, 'scripts/vscode/shim.ts'),
    env: { CHECKPOINT_EXPLORER_RELEASE: release.version },
  };
}

/** @vscode/test-electron starts one executable: a wrapper that takes the rest from its environment. */
function virtual(executable: string): Window {
  return { executable: join(root, 'scripts/vscode/xvfb.sh'), env: { CHECKPOINT_EXPLORER_VSCODE: executable } };
}

async function run({ executable, env }: Window, workspace: string, report: string): Promise<number> {
  try {
    return await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: [root, kubernetes],
      extensionTestsPath: join(bundled, 'index.js'),
      extensionTestsEnv: {
        ...env,
        CHECKPOINT_EXPLORER_REPORT: report,
        // Not those of whoever runs the tests.
        CHECKPOINT_EXPLORER_SANDBOXES: `${report}.sandboxes`,
      },
      launchArgs: [workspace, '--disable-extensions'],
    });
  } catch (error) {
    if (error instanceof TestRunFailedError) return error.code ?? 1;
    throw error;
  }
}
