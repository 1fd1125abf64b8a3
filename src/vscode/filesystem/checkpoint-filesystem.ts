import * as vscode from 'vscode';
import type { FileKind, FileStat } from '../../protocol/checkpoint-api.ts';
import { Disposable } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import { hasReason } from '../failure.ts';
import { checkpointUri, OVERVIEW_PATH, SCHEME } from '../locators/checkpoint-uri.ts';
import { keyOf, type LocatorTable } from '../locators/locator-table.ts';
import type { Session } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { followLinks } from './links.ts';
import { readFile } from './read-file.ts';

export interface FilesystemServices {
  readonly sessions: Sessions;
  readonly table: LocatorTable;
  readonly errors: Errors;
}

const TYPES: Readonly<Record<FileKind, vscode.FileType>> = {
  file: vscode.FileType.File,
  directory: vscode.FileType.Directory,
  symlink: vscode.FileType.SymbolicLink | vscode.FileType.File,
  other: vscode.FileType.Unknown,
};

/** The document that stands for the whole checkpoint; its editor needs no content. */
const OVERVIEW: FileStat = { kind: 'file', size: 0, mtime: 0 };

/**
 * `checkpoint://KEY/…`: the file view of a checkpoint for ordinary editors, the explorer and other extensions. Nothing
 * of a checkpoint is ever changed.
 */
export class CheckpointFilesystem extends Disposable implements vscode.FileSystemProvider {
  readonly #services: FilesystemServices;
  readonly #changed = this.own(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  readonly onDidChangeFile = this.#changed.event;

  constructor(services: FilesystemServices) {
    super();
    this.#services = services;
    const isReadonly = new vscode.MarkdownString(vscode.l10n.t('A checkpoint is evidence: it is never changed.'));
    this.own(vscode.workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true, isReadonly }));
    this.own(
      services.sessions.onChanged(({ locator }) => {
        this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri: checkpointUri(keyOf(locator), '/') }]);
      }),
    );
  }

  /** What is known is told to all; a watch must not keep the checkpoint open. */
  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (uri.path === OVERVIEW_PATH) return forVsCode(OVERVIEW);
    return this.#use(uri, async (session) => forVsCode(await statOf(session, uri.path)));
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    return this.#use(uri, async (session) => {
      const entries = await session.ask((checkpoint) => checkpoint.fileList(uri.path));
      const listed = entries.map(({ name, kind }): [string, vscode.FileType] => [name, TYPES[kind]]);
      return uri.path === '/' ? [...listed, [OVERVIEW_PATH.slice(1), vscode.FileType.File]] : listed;
    });
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    if (uri.path === OVERVIEW_PATH) return new Uint8Array();
    return this.#use(uri, async (session) => {
      const { path, stat } = await followLinks(uri.path, (at) => statOf(session, at));
      if (stat.kind === 'directory') throw vscode.FileSystemError.FileIsADirectory(uri);
      return readFile(session, path, stat.size);
    });
  }

  writeFile(uri: vscode.Uri): never {
    throw readOnly(uri);
  }

  createDirectory(uri: vscode.Uri): never {
    throw readOnly(uri);
  }

  delete(uri: vscode.Uri): never {
    throw readOnly(uri);
  }

  rename(uri: vscode.Uri): never {
    throw readOnly(uri);
  }

  async #use<T>(uri: vscode.Uri, work: (session: Session) => Promise<T>): Promise<T> {
    const { sessions, table } = this.#services;
    try {
      return await sessions.use(await table.locator(uri.authority), work);
    } catch (error) {
      throw this.#forVsCode(error, uri);
    }
  }

  /** VS Code looks for files that may be there (`.vscode/settings.json`): that one is missing is not worth a line. */
  #forVsCode(error: unknown, uri: vscode.Uri): vscode.FileSystemError {
    if (error instanceof vscode.FileSystemError) return error;
    if (hasReason(error, 'not-found')) return vscode.FileSystemError.FileNotFound(uri);
    this.#services.errors.note(error);
    return vscode.FileSystemError.Unavailable(this.#services.errors.words(error));
  }
}

function statOf(session: Session, path: string): Promise<FileStat> {
  return session.ask((checkpoint) => checkpoint.fileStat(path));
}

function forVsCode({ kind, size, mtime }: FileStat): vscode.FileStat {
  return { type: TYPES[kind], size, mtime, ctime: 0, permissions: vscode.FilePermission.Readonly };
}

function readOnly(uri: vscode.Uri): vscode.FileSystemError {
  return vscode.FileSystemError.NoPermissions(
    vscode.l10n.t('{0} belongs to a checkpoint, which is never changed. Save a copy elsewhere.', uri.path),
  );
}
