import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where it is written down which sandboxes this person has: one folder for the editor and the command line, so that each
 * shows and removes what the other made. It must outlive caches. `CHECKPOINT_EXPLORER_SANDBOXES` names another one.
 */
export function journalFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const chosen = environment['CHECKPOINT_EXPLORER_SANDBOXES'];
  if (chosen !== undefined && chosen !== '') return chosen;
  return join(stateFolder(environment, platform), 'checkpoint-explorer', 'sandboxes');
}

/** Beside the sandboxes: which uploads of images were given up, see `UploadPlaces`. */
export function uploadsFile(journal: string): string {
  return join(journal, 'uploads');
}

function stateFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32') return environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  const state = environment['XDG_STATE_HOME'];
  return state?.startsWith('/') === true ? state : join(homedir(), '.local', 'state');
}
