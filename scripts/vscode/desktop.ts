import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { root, toolsDirectory } from '../lib/node.mjs';
import type { Release } from './releases.ts';

/** How long the download may bring nothing before it is given up. */
const SILENCE_MS = 20_000;

let unreachable: string | undefined;

/**
 * The desktop VS Code of a release, by the download that @vscode/test-electron does; it is kept in .tools/.
 *
 * The download runs in a process of its own: it retries by itself and cannot be cancelled, so it is ended when no byte
 * has come for 20 seconds. Once it has failed it is not tried again by this process.
 * @returns the executable
 * @throws Error with the reason, in a few words
 */
export async function ensureDesktop(release: Release): Promise<string> {
  if (unreachable === undefined) {
    try {
      return await download(release);
    } catch (error) {
      unreachable = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(unreachable);
}

async function download(release: Release): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(root, 'scripts/vscode/download.ts'),
      release.version,
      join(toolsDirectory, 'desktop'),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let silence: NodeJS.Timeout | undefined;
  let executable: string | undefined;
  let reason = 'the download broke off';
  const listen = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      reason = `no byte came for ${SILENCE_MS / 1000} s`;
      child.kill('SIGKILL');
    }, SILENCE_MS);
  };
  listen();
  for await (const line of createInterface(child.stdout)) {
    listen();
    const [word = '', rest = ''] = line.split(/ (.*)/s);
    if (word === 'executable') executable = rest;
    if (word === 'failed') reason = rest;
  }
  clearTimeout(silence);
  if (executable !== undefined) return executable;
  throw new Error(reason);
}

/** How a window can be shown here: on a display, on a virtual one, or not at all. */
export function findDisplay(): 'real' | 'virtual' | 'none' {
  if (process.platform !== 'linux') return 'real';
  if (process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']) return 'real';
  return spawnSync('xvfb-run', ['--help'], { stdio: 'ignore' }).status === 0 ? 'virtual' : 'none';
}
