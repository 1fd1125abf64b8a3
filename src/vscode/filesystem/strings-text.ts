import * as vscode from 'vscode';
import { Disposable } from '../disposable.ts';
import { checkpointUri } from '../locators/checkpoint-uri.ts';

const SCHEME = 'checkpoint-text';

/** Files whose strings end with NUL: as they are, VS Code takes them for binary. */
const STRINGS = /^\/proc\/\d+\/(cmdline|environ)$/;

/** `cmdline` and `environ` of a process for reading: a string a line. The files themselves stay byte for byte. */
export class StringsText extends Disposable implements vscode.TextDocumentContentProvider {
  constructor() {
    super();
    this.own(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const bytes = await vscode.workspace.fs.readFile(checkpointUri(uri.authority, uri.path));
    return new TextDecoder().decode(bytes).replaceAll('\0', '\n');
  }
}

/** The document in which to read a file: the file itself, or for strings that end with NUL their text. */
export function readableUri(key: string, path: string): vscode.Uri {
  const uri = checkpointUri(key, path);
  return STRINGS.test(path) ? uri.with({ scheme: SCHEME }) : uri;
}
