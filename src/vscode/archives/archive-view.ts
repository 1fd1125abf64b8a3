import * as vscode from 'vscode';
import { Disposable, onDispose, type Disposes } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import { TreeChanges } from '../tree-changes.ts';
import type { ArchiveItem, ArchiveList } from './archive-list.ts';
import { archiveRow, spokenRow } from './archive-row.ts';

export const VIEW = 'checkpointExplorer.localArchives';

/** Known folders that are checkpoints: the explorer's menu offers to open them. */
const FOLDERS_CONTEXT = 'checkpointExplorer.folders';

/** Ages are told in minutes. */
const AGE_MS = 60_000;

/** Archives arrive one by one; the tree is drawn anew at most this often. Milliseconds. */
const REDRAW_MS = 100;

/** The view "Local Archives": looks for checkpoints from when it is first shown. */
export class ArchiveView extends Disposable implements vscode.TreeDataProvider<ArchiveItem> {
  readonly #list: ArchiveList;
  readonly #errors: Errors;
  readonly #watch: () => void;
  readonly #changed = this.own(new vscode.EventEmitter<undefined>());
  readonly #changes = this.own(
    new TreeChanges<ArchiveItem>({
      tell: () => this.#changed.fire(undefined),
      unfolded: () => (this.#view.visible ? [undefined] : []),
    }),
  );
  readonly #view: vscode.TreeView<ArchiveItem>;
  readonly onDidChangeTreeData = this.#changed.event;
  #redraw: NodeJS.Timeout | undefined;
  #started = false;

  /** @param watch begins to tell the list of changes */
  constructor(list: ArchiveList, errors: Errors, watch: () => void) {
    super();
    this.#list = list;
    this.#errors = errors;
    this.#watch = watch;
    this.#view = this.own(vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: false }));
    this.own(list.onChanged(() => this.#drawSoon()));
    const ageing = setInterval(() => this.#view.visible && this.#changes.changed(), AGE_MS);
    this.own(
      onDispose(() => {
        clearInterval(ageing);
        clearTimeout(this.#redraw);
      }),
    );
  }

  /** Looks for checkpoints anew, with progress in the view. */
  async refresh(): Promise<void> {
    if (!this.#started) this.#watch();
    this.#started = true;
    await vscode.window.withProgress({ location: { viewId: VIEW } }, () => this.#list.refresh());
    this.#changes.changed();
  }

  /** An empty list means that there is nothing; while that is not known the view waits. */
  async getChildren(item?: ArchiveItem): Promise<ArchiveItem[]> {
    this.#changes.asked(item);
    if (item) return [];
    if (!this.#started) void this.refresh();
    if (this.#list.items.length === 0) await this.#firstOrNone();
    return [...this.#list.items];
  }

  getTreeItem(item: ArchiveItem): vscode.TreeItem {
    const row = archiveRow(item, {
      now: Date.now(),
      locale: vscode.env.language,
      translate: (template, ...args) => vscode.l10n.t(template, ...args),
      words: (error) => this.#errors.words(error),
    });
    const tree = new vscode.TreeItem(row.label);
    const uri = vscode.Uri.file(item.path);
    tree.id = item.path;
    tree.description = row.description;
    tree.tooltip = new vscode.MarkdownString(row.tooltip);
    tree.contextValue = [
      item.metadata ? 'checkpoint' : 'error',
      item.kind,
      ...(vscode.workspace.getWorkspaceFolder(uri) ? ['workspace'] : []),
    ].join('.');
    tree.iconPath = item.metadata
      ? new vscode.ThemeIcon(item.kind === 'archive' ? 'package' : 'folder-library')
      : new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
    tree.accessibilityInformation = { label: spokenRow(row, item) };
    tree.command = { command: 'checkpointExplorer.open', title: vscode.l10n.t('Open Checkpoint'), arguments: [item] };
    return tree;
  }

  async #firstOrNone(): Promise<void> {
    let listening: Disposes | undefined;
    const first = new Promise<void>((resolve) => {
      listening = this.#list.onChanged(resolve);
    });
    await Promise.race([first, this.#list.searched]);
    listening?.dispose();
  }

  #drawSoon(): void {
    this.#redraw ??= setTimeout(() => {
      this.#redraw = undefined;
      this.#changes.changed();
      const folders = this.#list.items.filter(({ kind }) => kind === 'folder').map(({ path }) => path);
      void vscode.commands.executeCommand('setContext', FOLDERS_CONTEXT, folders);
    }, REDRAW_MS);
  }
}
