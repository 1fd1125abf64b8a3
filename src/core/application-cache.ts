import { homedir } from 'node:os';
import { join } from 'node:path';

/** This program's folder among those of the system for what can be made again; the same for all that runs of it. */
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
