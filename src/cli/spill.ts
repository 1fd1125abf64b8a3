import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SpillSettings } from '../protocol/checkpoint-api.ts';

/** All decompressed copies together may take this many bytes. */
const LIMIT = 20 * 1024 ** 3;

/**
 * Where decompressed copies go and how long they stay: until this process ends, or, with `keep`, until room is needed.
 * A copy that an earlier run kept is used in either case.
 */
export function spillSettings({ keep }: { readonly keep: boolean }): SpillSettings {
  return { directory: spillRoot(process.env, process.platform), limit: LIMIT, keepFor: keep ? Infinity : 0 };
}

/** The shared folder: CHECKPOINT_EXPLORER_SPILL, or below the system's cache folder. */
export function spillRoot(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const chosen = environment['CHECKPOINT_EXPLORER_SPILL'];
  if (chosen !== undefined && chosen !== '') return chosen;
  return join(applicationCache(environment, platform), 'spill');
}

/** This program's folder among those of the system for what can be made again. */
export function applicationCache(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return join(cacheFolder(environment, platform), 'checkpoint-explorer');
}

function cacheFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  switch (platform) {
    case 'win32':
      return environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
    case 'darwin':
      return join(homedir(), 'Library', 'Caches');
    default:
      // Only an absolute path counts, says the XDG base directory specification.
      return environment['XDG_CACHE_HOME']?.startsWith('/') ? environment['XDG_CACHE_HOME'] : join(homedir(), '.cache');
  }
}
