import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { ensureNode, installPackages, runNpm, toolsDirectory } from '../lib/node.mjs';
import type { Release } from './releases.ts';

/** A web-served VS Code on this machine. */
export interface WebHost {
  readonly release: Release;
  /** The Node executable that it runs under. */
  readonly node: string;
  /** The server's entry script. */
  readonly entry: string;
}

/**
 * The ripgrep that the server's file search starts. Where the server's own package would download it from an install
 * script, this registry package, which holds the executables of every platform, gives it.
 */
const RIPGREP = '@vscode/ripgrep-universal@1.18.0';

/**
 * The web-served build of a VS Code release, installed into .tools/ on first use: VS Code's own workbench and Node
 * extension host, from the npm registry (`code-server`), for machines that cannot download the desktop one.
 *
 * Its install scripts are not run: they ask for one Node version, compile what nothing here needs, and download. Of
 * what they compile only two parts matter, the log files and the watchdog that ends orphaned hosts; without a compiler
 * both are left out, and VS Code then keeps no logs.
 * @throws Error with npm's words when the registry cannot be reached
 */
export function ensureWebHost(release: Release): WebHost {
  if (process.platform === 'win32') throw new Error('the web-served VS Code does not run on Windows');
  const directory = join(toolsDirectory, `host-${release.version}`);
  const node = ensureNode(release.node);
  if (!existsSync(directory)) {
    console.log(`Installing the web-served VS Code ${release.version} into .tools/ (about 250 MB, once) …`);
    installPackages(directory, [`code-server@${release.server}`, RIPGREP], (staging) => finish(staging, node));
  }
  return { release, node, entry: join(directory, 'node_modules/code-server/out/node/entry.js') };
}

/** Installs what the server's own install script would, and makes its two native parts where there is a compiler. */
function finish(staging: string, node: string): void {
  const server = join(staging, 'node_modules/code-server/lib/vscode');
  // npm may be configured with the headers of the machine's own Node.
  const env = { npm_config_nodedir: dirname(dirname(node)) };
  runNpm(['install', '--omit=dev', '--ignore-scripts'], server, { node, env });
  try {
    if (!hasCompiler()) throw new Error('there is no C++ compiler (g++, make, python3)');
    runNpm(['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], server, { node, env });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.log(`VS Code is installed without its log files: ${why}`);
  }
  linkRipgrep(staging, server);
}

function hasCompiler(): boolean {
  return ['g++', 'make', 'python3'].every((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0);
}

function linkRipgrep(staging: string, server: string): void {
  const expected = join(server, 'node_modules/@vscode/ripgrep/bin/rg');
  const own = join(staging, 'node_modules/@vscode/ripgrep-universal/bin', `${process.platform}-${process.arch}`, 'rg');
  if (existsSync(expected) || !existsSync(dirname(dirname(expected))) || !existsSync(own)) return;
  mkdirSync(dirname(expected), { recursive: true });
  // Relative: the folder is renamed when it is whole.
  symlinkSync(relative(dirname(expected), own), expected);
}
