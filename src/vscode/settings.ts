import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';

export const SECTION = 'checkpointExplorer';
export const LOCAL_FOLDERS = 'localFolders';
export const SPILL_LIMIT = 'spillLimit';
const DOWNLOADS = 'downloads.folder';
const MAX_DEPTH = 'localArchives.maxDepth';

const GIB = 1024 ** 3;

/** Where the kubelet puts checkpoints when nothing else is configured. */
const DEFAULT_FOLDERS: readonly string[] = ['/var/lib/kubelet/checkpoints'];

/** The settings as the rest uses them: typed, in bytes, with paths that can be opened. Read anew at each use. */
export const settings = {
  /** Folders outside the workspace in which checkpoints are looked for; absolute paths. */
  localFolders(): readonly string[] {
    const folders = read(LOCAL_FOLDERS);
    return (Array.isArray(folders) ? (folders as readonly unknown[]) : DEFAULT_FOLDERS)
      .filter((folder) => typeof folder === 'string')
      .map((folder) => (folder === '~' || folder.startsWith('~/') ? join(homedir(), folder.slice(1)) : folder))
      .filter((folder) => isAbsolute(folder));
  },

  /** Where downloads go; undefined: the folder of the workspace, or the extension's own. */
  downloadFolder(): string | undefined {
    const folder = read(DOWNLOADS);
    if (typeof folder !== 'string' || folder === '') return undefined;
    return /^~[\\/]/.test(folder) ? join(homedir(), folder.slice(2)) : folder;
  },

  /** How many folders deep checkpoints are looked for, 0 being the folder itself. */
  maxDepth(): number {
    return clamp(read(MAX_DEPTH), 0, 32, 6);
  },

  /** Bytes that decompressed copies may take together. */
  spillLimit(): number {
    return clamp(read(SPILL_LIMIT), 1, 100_000, 20) * GIB;
  },

  /** Adds a folder for this person, in all windows. */
  async addLocalFolder(folder: string): Promise<void> {
    const configuration = vscode.workspace.getConfiguration(SECTION);
    const known = configuration.get<readonly string[]>(LOCAL_FOLDERS) ?? DEFAULT_FOLDERS;
    if (known.includes(folder)) return;
    await configuration.update(LOCAL_FOLDERS, [...known, folder], vscode.ConfigurationTarget.Global);
  },

  onArchivesChanged(listener: () => void): vscode.Disposable {
    return vscode.workspace.onDidChangeConfiguration((change) => {
      const concerned = [LOCAL_FOLDERS, DOWNLOADS, MAX_DEPTH].some((name) =>
        change.affectsConfiguration(`${SECTION}.${name}`),
      );
      if (concerned) listener();
    });
  },
};

/** A settings file may hold anything, whatever the schema says. */
function read(name: string): unknown {
  return vscode.workspace.getConfiguration(SECTION).get<unknown>(name);
}

function clamp(value: unknown, least: number, most: number, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise;
}
