import { loadStarted } from './vscode/load-time.ts';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { ArchiveList } from './vscode/archives/archive-list.ts';
import { ArchiveView } from './vscode/archives/archive-view.ts';
import { ArchiveWatcher, searchedFolders } from './vscode/archives/archive-watcher.ts';
import { MetadataCache } from './vscode/archives/metadata-cache.ts';
import { MetadataReader } from './vscode/archives/metadata-reader.ts';
import { ClusterView } from './vscode/cluster/cluster-view.ts';
import { Commands } from './vscode/commands/commands.ts';
import { CheckpointEditor } from './vscode/editor/checkpoint-editor.ts';
import { Errors } from './vscode/errors.ts';
import { CheckpointFilesystem } from './vscode/filesystem/checkpoint-filesystem.ts';
import { FileActions } from './vscode/filesystem/file-actions.ts';
import { FilesView } from './vscode/filesystem/files-view.ts';
import { StringsText } from './vscode/filesystem/strings-text.ts';
import { LocatorTable } from './vscode/locators/locator-table.ts';
import { journalFolder } from './core/restore/sandbox/journal-folder.ts';
import { SandboxesView } from './vscode/sandboxes/sandboxes-view.ts';
import type { OpenRemote } from './vscode/sessions/remote-files.ts';
import { Sessions } from './vscode/sessions/sessions.ts';
import { KEEP_FOR, SpillSweeper } from './vscode/sessions/spill-sweeper.ts';
import { settings } from './vscode/settings.ts';
import type { TestAccess } from './vscode/test-access.ts';

/** Set while the checkpoint that is looked at lies on a node. */
const REMOTE_CONTEXT = 'checkpointExplorer.remoteEditor';

let sessions: Sessions | undefined;
let clusters: ClusterView | undefined;

/** @returns what the tests in the extension host look at; nothing in use */
export function activate(context: vscode.ExtensionContext): TestAccess | undefined {
  const log = vscode.window.createOutputChannel('Checkpoint Explorer', { log: true });
  context.subscriptions.push(log);
  const showLog = () => log.show();
  const errors = new Errors(log, showLog);
  try {
    const access = build(context, log, errors, showLog);
    log.debug(`Active ${(performance.now() - loadStarted).toFixed(1)} ms after loading began`);
    return context.extensionMode === vscode.ExtensionMode.Test ? access : undefined;
  } catch (error) {
    // VS Code itself says nothing when an extension cannot start.
    void errors.report(error);
    return undefined;
  }
}

/** VS Code waits for this: checkpoints let go of their decompressed copies, and helper pods are removed. */
export async function deactivate(): Promise<void> {
  await sessions?.end();
  await clusters?.end();
}

function build(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  errors: Errors,
  showLog: () => void,
): TestAccess {
  const own = <T extends vscode.Disposable>(part: T): T => {
    context.subscriptions.push(part);
    return part;
  };
  const storage = (...path: string[]) => vscode.Uri.joinPath(context.globalStorageUri, ...path).fsPath;

  // Both run the same bundle and use other parts of it.
  const script = context.asAbsolutePath('dist/worker.js');
  const program = (part: string) => ({ script, compiled: storage('compiled', part) });
  const spill = () => ({ directory: storage('spill'), limit: settings.spillLimit(), keepFor: KEEP_FOR });
  // What lies on a node is reached through its cluster, what lies in a registry through that.
  const openRemote: OpenRemote = (locator, signal) =>
    (locator.startsWith('node://') ? clusterView : sandboxes).openRemote(locator, signal);
  const opened: Sessions = (sessions = own(
    new Sessions({
      program: program('checkpoint'),
      log,
      spill,
      openRemote,
    }),
  ));
  const reader = own(new MetadataReader(program('metadata'), log));
  own(new SpillSweeper({ sessions: opened, directory: spill().directory, sweep: () => reader.sweep(spill()), log }));
  const table = new LocatorTable(storage('locators'));
  const filesystem = { sessions: opened, table, errors };
  own(new CheckpointFilesystem(filesystem));
  own(new StringsText());
  const files = new FileActions(filesystem);

  const pageFolder = vscode.Uri.joinPath(context.extensionUri, 'dist', 'page');
  const editor = own(new CheckpointEditor({ sessions: opened, table, errors, files, showLog, pageFolder }));
  const filesView = own(new FilesView(opened, errors));
  own(
    editor.onDidLookAt((document) => {
      filesView.show(document?.shown);
      const isRemote = document?.locator?.startsWith('node://') === true;
      void vscode.commands.executeCommand('setContext', REMOTE_CONTEXT, isRemote);
    }),
  );

  const list = own(
    new ArchiveList({
      cache: own(new MetadataCache(storage('archives.json'))),
      read: (locator, signal) => reader.read(locator, signal),
      where: () => ({ folders: [...searchedFolders(), storage('downloads')], maxDepth: settings.maxDepth() }),
      log,
    }),
  );
  const archives: ArchiveView = own(
    new ArchiveView(list, errors, () => own(new ArchiveWatcher(list, () => void archives.refresh()))),
  );
  const commands = own(new Commands({ editor, archives, files, sessions: opened, table, errors, showLog }));

  const downloads = storage('downloads');
  const version = String((context.extension.packageJSON as { version?: unknown }).version);
  const clusterView: ClusterView = (clusters = own(
    new ClusterView({
      errors,
      log,
      showLog,
      memento: context.globalState,
      journal: storage('helpers'),
      ownFolder: downloads,
      version,
      openLocator: (locator) => editor.openLocator(locator),
      openFile: (path) => editor.open(vscode.Uri.file(path), false),
      whose: (path, signal) => reader.whose(path, signal),
      onDownloaded: (path) => void list.update(path),
      locatorShown: (uri) => editor.locatorShown(uri),
    }),
  ));
  const sandboxes: SandboxesView = own(
    new SandboxesView({
      errors,
      sessions: opened,
      journal: journalFolder(),
      pageFolder,
      ownFolder: downloads,
      archiveOf: async (argument) => (await commands.archiveOf(argument)) ?? (await clusterView.archiveOf(argument)),
      openRemote,
      clusters: clusterView.clusters,
      version,
      openLocator: (locator) =>
        /^(node|docker):/.test(locator) ? editor.openLocator(locator) : editor.open(vscode.Uri.file(locator), false),
    }),
  );
  return { sessions: opened, archives: list, table, files: filesView, clusters: clusterView, sandboxes };
}
