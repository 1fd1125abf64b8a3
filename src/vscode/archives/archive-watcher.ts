import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { Disposable } from '../disposable.ts';
import { settings } from '../settings.ts';
import type { ArchiveList } from './archive-list.ts';
import { CANDIDATE_GLOB } from './find-candidates.ts';

/** Where checkpoints are looked for: the workspace's folders on this machine, the configured ones, and where downloads go. */
export function searchedFolders(): readonly string[] {
  const workspace = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
  const downloads = settings.downloadFolder();
  const chosen = downloads !== undefined && isAbsolute(downloads) ? [downloads] : [];
  return [...new Set([...workspace, ...settings.localFolders(), ...chosen])];
}

/** Tells a list of archives what happens in the folders that it looks into. */
export class ArchiveWatcher extends Disposable {
  readonly #list: ArchiveList;
  #watchers: readonly vscode.FileSystemWatcher[] = [];

  /** @param onRefresh when all must be looked for anew */
  constructor(list: ArchiveList, onRefresh: () => void) {
    super();
    this.#list = list;
    const again = () => {
      this.#watch();
      onRefresh();
    };
    this.own(vscode.workspace.onDidChangeWorkspaceFolders(again));
    this.own(settings.onArchivesChanged(again));
    this.#watch();
  }

  override dispose(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    super.dispose();
  }

  #watch(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    this.#watchers = searchedFolders().flatMap((folder) => {
      const pattern = (glob: string) => new vscode.RelativePattern(vscode.Uri.file(folder), glob);
      const candidates = vscode.workspace.createFileSystemWatcher(pattern(CANDIDATE_GLOB));
      const update = ({ fsPath }: vscode.Uri) => void this.#list.update(fsPath);
      candidates.onDidCreate(update);
      candidates.onDidChange(update);
      candidates.onDidDelete(update);
      // A folder that comes or goes with all that is in it is one event, under its own name.
      const folders = vscode.workspace.createFileSystemWatcher(pattern('**'), false, true, false);
      folders.onDidCreate(({ fsPath }) => void this.#list.lookInto(fsPath));
      folders.onDidDelete(({ fsPath }) => this.#list.forget(fsPath));
      return [candidates, folders];
    });
  }
}
