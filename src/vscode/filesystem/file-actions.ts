import { homedir } from 'node:os';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { SaveResult } from '../../protocol/checkpoint-api.ts';
import { formatSize } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import { abortSignal, words } from '../errors.ts';
import { failure, hasReason } from '../failure.ts';
import { SCHEME } from '../locators/checkpoint-uri.ts';
import type { Session } from '../sessions/session.ts';
import type { FilesystemServices } from './checkpoint-filesystem.ts';
import { followLinks } from './links.ts';
import { MAX_FILE, tooLarge } from './read-file.ts';
import { readableUri } from './strings-text.ts';

const HEX_EDITOR = { extension: 'ms-vscode.hexeditor', viewType: 'hexEditor.hexedit' };

/** Binary files that VS Code itself shows. */
const SHOWN_BY_VSCODE = /\.(png|jpe?g|gif|webp|bmp|ico|avif|mp3|wav|ogg|oga|mp4|webm)$/i;

/** VS Code decides by the first bytes, too. */
const SNIFFED = 512;

/** What one does with a file inside a checkpoint beyond looking at its row. */
export class FileActions {
  readonly #services: FilesystemServices;

  constructor(services: FilesystemServices) {
    this.#services = services;
  }

  /** Shows a file in an ordinary editor; one that is too large for that is offered to be saved instead. */
  async open(key: string, path: string): Promise<void> {
    const { sessions, table, errors } = this.#services;
    const uri = readableUri(key, path);
    try {
      const inHexEditor = await sessions.use(await table.locator(key), async (session) => {
        const followed = await followLinks(path, (at) => session.ask((checkpoint) => checkpoint.fileStat(at)));
        if (followed.stat.size > MAX_FILE) throw tooLarge(path, followed.stat.size);
        return uri.scheme === SCHEME && this.#belongsInHexEditor(session, followed.path);
      });
      if (inHexEditor) await vscode.commands.executeCommand('vscode.openWith', uri, HEX_EDITOR.viewType);
      else await vscode.commands.executeCommand('vscode.open', uri);
    } catch (error) {
      if (!hasReason(error, 'too-large')) throw error;
      const saveAs = { title: vscode.l10n.t('Save As…'), run: errors.guard(() => this.save(key, path)) };
      void errors.report(error, { actions: [saveAs] });
    }
  }

  /** Asks where to, and writes a file, or a folder with all below it. */
  async save(key: string, path: string): Promise<void> {
    const { sessions, table } = this.#services;
    await sessions.use(await table.locator(key), async (session) => {
      const { kind } = await session.ask((checkpoint) => checkpoint.fileStat(path));
      const target = kind === 'directory' ? await askForFolder() : await askForFile(path);
      if (!target) return;
      if (target.scheme !== 'file') {
        throw failure(
          'not-here',
          sentence(
            'Files can be saved only on the machine where Checkpoint Explorer runs, not to {0}.',
            target.toString(true),
          ),
        );
      }
      const title = vscode.l10n.t('Saving {0}', posix.basename(path) || path);
      const result = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        (_progress, token) =>
          // The dialog for a file has asked whether to replace it; a folder keeps what is in it.
          session.ask((checkpoint) =>
            checkpoint.fileSave(path, target.fsPath, kind !== 'directory', abortSignal(token)),
          ),
      );
      tell(result, target);
    });
  }

  async #belongsInHexEditor(session: Session, path: string): Promise<boolean> {
    if (!vscode.extensions.getExtension(HEX_EDITOR.extension) || SHOWN_BY_VSCODE.test(path)) return false;
    return (await session.ask((checkpoint) => checkpoint.fileRead(path, 0, SNIFFED))).includes(0);
  }
}

async function askForFile(path: string): Promise<vscode.Uri | undefined> {
  return vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save a Copy from the Checkpoint'),
    defaultUri: vscode.Uri.joinPath(startFolder(), safeName(path)),
  });
}

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Save a Copy from the Checkpoint'),
    openLabel: vscode.l10n.t('Save Here'),
    defaultUri: startFolder(),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return chosen?.[0];
}

function startFolder(): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  return folder?.uri ?? vscode.Uri.file(homedir());
}

/** The name is the container's: only what every file system and dialog takes is proposed. */
function safeName(path: string): string {
  const name = posix.basename(path).replace(/[\p{Cc}\p{Cf}<>:"\\|?*]/gu, '_');
  return name === '' || name === '.' || name === '..' ? 'file' : name;
}

function tell({ files, bytes, skipped }: SaveResult, target: vscode.Uri): void {
  const saved =
    files === 1
      ? vscode.l10n.t('1 file ({0}) was saved to {1}.', formatSize(bytes), target.fsPath)
      : vscode.l10n.t('{0} files ({1}) were saved to {2}.', files, formatSize(bytes), target.fsPath);
  const [first, ...others] = skipped;
  if (!first) {
    void vscode.window.showInformationMessage(saved);
    return;
  }
  const why = words(first.text);
  const left =
    others.length === 0
      ? vscode.l10n.t('One entry was left out: {0}', why)
      : vscode.l10n.t('{0} entries were left out, the first because: {1}', skipped.length, why);
  void vscode.window.showWarningMessage(`${saved} ${left}`);
}
