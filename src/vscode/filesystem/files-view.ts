import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import { escapeText, formatExactBytes, formatSize } from '../../protocol/format.ts';
import { Disposable } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import { checkpointUri } from '../locators/checkpoint-uri.ts';
import type { Sessions } from '../sessions/sessions.ts';

export const VIEW = 'checkpointExplorer.files';

/** A checkpoint whose files are shown. */
export interface ShownCheckpoint {
  readonly locator: string;
  readonly key: string;
  readonly title: string;
}

interface FoundNode {
  readonly uri: vscode.Uri;
  readonly name: string;
  readonly stat: FileStat;
}

interface FailedNode {
  readonly error: unknown;
  /** The checkpoint itself cannot be opened: its editor says why. */
  readonly isRoot: boolean;
}

/** A file or folder of the view, or why a folder cannot be shown. */
export type FileNode = FoundNode | FailedNode;

/** The view "Files": what lies in the checkpoint that was last looked at. */
export class FilesView extends Disposable implements vscode.TreeDataProvider<FileNode> {
  readonly #sessions: Sessions;
  readonly #errors: Errors;
  readonly #changed = this.own(new vscode.EventEmitter<undefined>());
  readonly #view: vscode.TreeView<FileNode>;
  readonly onDidChangeTreeData = this.#changed.event;
  #shown: ShownCheckpoint | undefined;

  constructor(sessions: Sessions, errors: Errors) {
    super();
    this.#sessions = sessions;
    this.#errors = errors;
    this.#view = this.own(vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true }));
    this.own(
      sessions.onChanged(({ locator }) => {
        if (locator === this.#shown?.locator) this.#changed.fire(undefined);
      }),
    );
  }

  get shown(): ShownCheckpoint | undefined {
    return this.#shown;
  }

  /** Shows the files of this checkpoint, or of none. */
  show(checkpoint: ShownCheckpoint | undefined): void {
    this.#view.description = checkpoint ? escapeText(checkpoint.title) : '';
    if (checkpoint?.key === this.#shown?.key) return;
    this.#shown = checkpoint;
    this.#changed.fire(undefined);
  }

  async getChildren(node?: FileNode): Promise<FileNode[]> {
    const shown = this.#shown;
    if (!shown || (node && !('uri' in node))) return [];
    const folder = node ? node.uri : checkpointUri(shown.key, '/');
    try {
      const entries = await this.#sessions.use(shown.locator, (session) =>
        session.ask((checkpoint) => checkpoint.fileList(folder.path)),
      );
      return [...entries].sort(byKindAndName).map((entry) => ({
        uri: folder.with({ path: posix.join(folder.path, entry.name) }),
        name: entry.name,
        stat: entry,
      }));
    } catch (error) {
      this.#errors.note(error);
      return [{ error, isRoot: node === undefined }];
    }
  }

  getTreeItem(node: FileNode): vscode.TreeItem {
    return 'error' in node ? this.#errorItem(node) : fileItem(node);
  }

  #errorItem({ error, isRoot }: FailedNode): vscode.TreeItem {
    const sentence = this.#errors.words(error);
    const item = new vscode.TreeItem(isRoot ? vscode.l10n.t('Its files cannot be shown.') : sentence);
    item.tooltip = sentence;
    item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
    return item;
  }
}

function fileItem({ uri, name, stat }: FoundNode): vscode.TreeItem {
  const { None, Collapsed } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(escapeText(name), stat.kind === 'directory' ? Collapsed : None);
  item.id = uri.toString();
  item.contextValue = stat.kind;
  item.tooltip = escapeText(uri.path);
  switch (stat.kind) {
    case 'directory':
      item.iconPath = vscode.ThemeIcon.Folder;
      break;
    case 'file':
      item.iconPath = vscode.ThemeIcon.File;
      item.resourceUri = uri;
      item.description = formatSize(stat.size);
      item.tooltip += `\n${formatExactBytes(stat.size)}`;
      break;
    case 'symlink':
      item.iconPath = new vscode.ThemeIcon('file-symlink-file');
      item.description = `→ ${escapeText(stat.linkTarget ?? '')}`;
      break;
    case 'other':
      item.iconPath = new vscode.ThemeIcon('circle-slash');
      break;
  }
  if (stat.kind === 'file' || stat.kind === 'symlink') {
    item.command = { command: 'checkpointExplorer.openFile', title: vscode.l10n.t('Open'), arguments: [uri] };
  }
  return item;
}

function byKindAndName(a: FileEntry, b: FileEntry): number {
  const folders = Number(b.kind === 'directory') - Number(a.kind === 'directory');
  return folders || a.name.localeCompare(b.name, undefined, { numeric: true });
}
