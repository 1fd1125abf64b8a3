import { loadStarted } from './vscode/load-time.ts';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { ArchiveList } from './vscode/archives/archive-list.ts';
import { ArchiveView } from './vscode/archives/archive-view.ts';
import { ArchiveWatcher, searchedFolders } from './vscode/archives/archive-watcher.ts';
import { MetadataCache } from './vscode/archives/metadata-cache.ts';
import { MetadataReader } from './vscode/archives/metadata-reader.ts';
import { Commands } from './vscode/commands/commands.ts';
import { CheckpointEditor } from './vscode/editor/checkpoint-editor.ts';
import { Errors } from './vscode/errors.ts';
import { CheckpointFilesystem } from './vscode/filesystem/checkpoint-filesystem.ts';
import { FileActions } from './vscode/filesystem/file-actions.ts';
import { FilesView } from './vscode/filesystem/files-view.ts';
import { StringsText } from './vscode/filesystem/strings-text.ts';
import { LocatorTable } from './vscode/locators/locator-table.ts';
import { Sessions } from './vscode/sessions/sessions.ts';
import { KEEP_FOR, SpillSweeper } from './vscode/sessions/spill-sweeper.ts';
import { settings } from './vscode/settings.ts';
import type { TestAccess } from './vscode/test-access.ts';

let sessions: Sessions | undefined;

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

/** VS Code waits for this: checkpoints let go of their decompressed copies. */
export async function deactivate(): Promise<void> {
  await sessions?.end();
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
  const opened = (sessions = own(new Sessions({ program: program('checkpoint'), log, spill })));
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
  own(editor.onDidLookAt((document) => filesView.show(document?.shown)));

  const list = own(
    new ArchiveList({
      cache: own(new MetadataCache(storage('archives.json'))),
      read: (locator, signal) => reader.read(locator, signal),
      where: () => ({ folders: searchedFolders(), maxDepth: settings.maxDepth() }),
      log,
    }),
  );
  const archives: ArchiveView = own(
    new ArchiveView(list, errors, () => own(new ArchiveWatcher(list, () => void archives.refresh()))),
  );
  own(new Commands({ editor, archives, files, sessions: opened, table, errors, showLog }));
  return { sessions: opened, archives: list, table, files: filesView };
}
