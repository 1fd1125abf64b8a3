import * as vscode from 'vscode';
import { Disposable } from '../disposable.ts';
import { settings } from '../settings.ts';
import type { ArchiveList } from './archive-list.ts';
import { CANDIDATE_GLOB } from './find-candidates.ts';

/** Where checkpoints are looked for: the workspace's folders on this machine, and the configured ones. */
export function searchedFolders(): readonly string[] {
  const workspace = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
  return [...new Set([...workspace, ...settings.localFolders()])];
}

/** Tells a list of archives what happens in the folders that it looks into. */
export class ArchiveWatcher extends Disposable {
  readonly #list: ArchiveList;
  readonly #onRefresh: () => void;
  #watchers: readonly vscode.FileSystemWatcher[] = [];

  /** @param onRefresh when all must be looked for anew */
  constructor(list: ArchiveList, onRefresh: () => void) {
    super();
    this.#list = list;
    this.#onRefresh = onRefresh;
    const again = () => {
      this.#watch();
      onRefresh();
    };
    this.own(vscode.workspace.onDidChangeWorkspaceFolders(again));
    this.own(settings.onArchivesChanged(again));
    // Of a folder that is deleted or renamed the watchers name only the folder.
    this.own(vscode.workspace.onDidDeleteFiles(() => this.#onRefresh()));
    this.own(vscode.workspace.onDidRenameFiles(() => this.#onRefresh()));
    this.#watch();
  }

  override dispose(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    super.dispose();
  }

  #watch(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    this.#watchers = searchedFolders().map((folder) => {
      const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), CANDIDATE_GLOB);
      const watcher = vscode.workspace.createFileSystemWatcher(pattern);
      const update = ({ fsPath }: vscode.Uri) => void this.#list.update(fsPath);
      watcher.onDidCreate(update);
      watcher.onDidChange(update);
      watcher.onDidDelete(update);
      return watcher;
    });
  }
}
