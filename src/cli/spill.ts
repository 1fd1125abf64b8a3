import { join } from 'node:path';
import { applicationCache } from '../core/application-cache.ts';
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
