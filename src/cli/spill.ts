import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SpillSettings } from '../protocol/checkpoint-api.ts';

/** All decompressed copies together may take this many bytes. */
const LIMIT = 20 * 1024 ** 3;

/**
 * Where decompressed copies go: a folder of this process that is removed at its end, or with `keepSpill` the shared
 * one, where the next process finds them. Neither is made before it is needed.
 */
export class SpillFolder {
  readonly settings: SpillSettings;
  readonly #own: string | undefined;

  constructor({ keepSpill }: { readonly keepSpill: boolean }) {
    const shared = spillRoot(process.env, process.platform);
    this.#own = keepSpill ? undefined : join(shared, `cli-${String(process.pid)}`);
    this.settings = { directory: this.#own ?? shared, limit: LIMIT };
  }

  async close(): Promise<void> {
    if (this.#own !== undefined) await rm(this.#own, { recursive: true, force: true });
  }
}

/** The shared folder: CHECKPOINT_EXPLORER_SPILL, or below the system's cache folder. */
export function spillRoot(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const chosen = environment['CHECKPOINT_EXPLORER_SPILL'];
  if (chosen !== undefined && chosen !== '') return chosen;
  return join(cacheFolder(environment, platform), 'checkpoint-explorer', 'spill');
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
