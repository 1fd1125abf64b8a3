import * as vscode from 'vscode';
import type { CopyFormat } from '../../protocol/grid.ts';
import type { ArchiveView } from '../archives/archive-view.ts';
import { Disposable } from '../disposable.ts';
import type { CheckpointEditor } from '../editor/checkpoint-editor.ts';
import { abortSignal, type Errors } from '../errors.ts';
import type { FileActions } from '../filesystem/file-actions.ts';
import { checkpointUri, locatorOf } from '../locators/checkpoint-uri.ts';
import type { LocatorTable } from '../locators/locator-table.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { settings } from '../settings.ts';
import { fileOf, isFolder, isRowContext, nameOf, targetOf } from './targets.ts';

export interface CommandServices {
  readonly editor: CheckpointEditor;
  readonly archives: ArchiveView;
  readonly files: FileActions;
  readonly sessions: Sessions;
  readonly table: LocatorTable;
  readonly errors: Errors;
  readonly showLog: () => void;
}

/** Everything that the menus and the palette offer. The argument is what VS Code gives: nothing from the palette. */
export class Commands extends Disposable {
  readonly #services: CommandServices;

  constructor(services: CommandServices) {
    super();
    this.#services = services;
    const handlers: Readonly<Record<string, (argument: unknown, selected: unknown) => unknown>> = {
      open: (argument, selected) => this.#open(argument, selected),
      openFolder: () => this.#chooseAndOpen(true),
      openAsFolder: (argument) => this.#openAsFolder(argument),
      reload: () => this.#reload(),
      copyHash: (argument) => this.#copyHash(argument),
      copyPath: (argument) => this.#copyPath(argument),
      reveal: (argument) => this.#reveal(argument),
      saveAs: (argument) => this.#saveAs(argument),
      openFile: (argument) => this.#openFile(argument),
      searchMemory: () => services.editor.active?.emit('openSearch', null),
      copyAsText: () => this.#copyRows('text'),
      copyAsJson: () => this.#copyRows('json'),
      copyAsCsv: () => this.#copyRows('csv'),
      // The page itself goes back and forward. The workbench has the same keys, and would leave the editor as well.
      keepInEditor: () => undefined,
      refresh: () => services.archives.refresh(),
      addFolder: () => this.#addFolder(),
      showLog: () => services.showLog(),
    };
    for (const [name, handler] of Object.entries(handlers)) {
      this.own(vscode.commands.registerCommand(`checkpointExplorer.${name}`, services.errors.guard(handler)));
    }
  }

  /** @param selected all that is selected in the explorer, or in the view, the argument among it */
  async #open(argument: unknown, selected: unknown): Promise<void> {
    const chosen =
      Array.isArray(selected) && selected.includes(argument) ? (selected as readonly unknown[]) : [argument];
    const targets = (await Promise.all(chosen.map(targetOf))).filter((target) => target !== undefined);
    for (const { uri, isFolder } of targets) await this.#services.editor.open(uri, isFolder);
    if (targets.length === 0) await this.#chooseAndOpen(false);
  }

  async #chooseAndOpen(folder: boolean): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      title: folder ? vscode.l10n.t('Open Checkpoint Folder') : vscode.l10n.t('Open Checkpoint'),
      openLabel: vscode.l10n.t('Open'),
      canSelectFiles: !folder,
      canSelectFolders: folder,
      canSelectMany: true,
      ...(!folder && {
        filters: {
          [vscode.l10n.t('Checkpoint archives')]: ['tar', 'gz', 'tgz', 'zst'],
          [vscode.l10n.t('All files')]: ['*'],
        },
      }),
    });
    for (const uri of chosen ?? []) await this.#services.editor.open(uri, folder);
  }

  /** Adds the checkpoint's files to the workspace: /archive, /rootfs, /proc and /images in the explorer. */
  async #openAsFolder(argument: unknown): Promise<void> {
    const uri = await this.#checkpoint(argument);
    if (!uri) return;
    const { table } = this.#services;
    const locator = await locatorOf(uri, table);
    const root = checkpointUri(await table.remember(locator), '/');
    const folders = vscode.workspace.workspaceFolders ?? [];
    if (!folders.some((folder) => folder.uri.toString() === root.toString())) {
      vscode.workspace.updateWorkspaceFolders(folders.length, 0, { uri: root, name: nameOf(vscode.Uri.file(locator)) });
    }
    await vscode.commands.executeCommand('workbench.view.explorer');
  }

  async #reload(): Promise<void> {
    await this.#services.editor.active?.document.session.reopen();
  }

  async #copyHash(argument: unknown): Promise<void> {
    const uri = await this.#checkpoint(argument);
    if (!uri) return;
    const { sessions, table } = this.#services;
    const title = vscode.l10n.t('Computing the SHA-256 of {0}', nameOf(uri));
    const hash = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (_progress, token) =>
        sessions.use(await locatorOf(uri, table), (session) =>
          session.ask((checkpoint) => checkpoint.hash(abortSignal(token))),
        ),
    );
    await vscode.env.clipboard.writeText(hash.hex);
    vscode.window.setStatusBarMessage(vscode.l10n.t('SHA-256 copied'), 3000);
  }

  async #copyPath(argument: unknown): Promise<void> {
    const uri = await this.#checkpoint(argument);
    if (uri) await vscode.env.clipboard.writeText(await locatorOf(uri, this.#services.table));
  }

  async #reveal(argument: unknown): Promise<void> {
    const uri = await this.#checkpoint(argument);
    if (uri) await vscode.commands.executeCommand('revealInExplorer', uri);
  }

  async #saveAs(argument: unknown): Promise<void> {
    const file = this.#file(argument) ?? fileOf(activeResource());
    if (file) await this.#services.files.save(file.authority, file.path);
  }

  async #openFile(argument: unknown): Promise<void> {
    const file = this.#file(argument);
    if (file) await this.#services.files.open(file.authority, file.path);
  }

  /** The file behind a row of the page, of the view of files, or of the explorer. */
  #file(argument: unknown): vscode.Uri | undefined {
    if (!isRowContext(argument)) return fileOf(argument);
    const document = this.#services.editor.active?.document;
    return document && argument.path !== undefined ? checkpointUri(document.key, argument.path) : undefined;
  }

  #copyRows(format: CopyFormat): void {
    this.#services.editor.active?.emit('copyRows', { format });
  }

  async #addFolder(): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Look for Checkpoints in a Folder'),
      openLabel: vscode.l10n.t('Add Folder'),
      canSelectFiles: false,
      canSelectFolders: true,
    });
    const folder = chosen?.[0];
    if (folder) await settings.addLocalFolder(folder.fsPath);
  }

  /** What lies behind the checkpoint that a command is meant for; undefined for what is none of those known here. */
  async archiveOf(argument: unknown): Promise<{ readonly locator: string; readonly isFolder: boolean } | undefined> {
    const isNothing = argument === undefined || argument === null;
    const uri = isNothing ? this.#services.editor.active?.document.uri : (await targetOf(argument))?.uri;
    if (!uri) return undefined;
    const locator = await locatorOf(uri, this.#services.table);
    return { locator, isFolder: await isFolder(vscode.Uri.file(locator)) };
  }

  /** The checkpoint that a command is meant for: what it was given, or the active editor's. */
  async #checkpoint(argument: unknown): Promise<vscode.Uri | undefined> {
    const target = await targetOf(argument);
    return target?.uri ?? this.#services.editor.active?.document.uri;
  }
}

function activeResource(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : undefined;
}
