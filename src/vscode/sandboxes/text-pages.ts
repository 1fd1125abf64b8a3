import * as vscode from 'vscode';
import { escapeText } from '../../protocol/format.ts';
import { Disposable } from '../disposable.ts';

const SCHEME = 'checkpoint-log';

/** Texts that are looked at as read-only documents: logs of sandboxes, and of restores that failed. */
export class TextPages extends Disposable implements vscode.TextDocumentContentProvider {
  readonly #changed = this.own(new vscode.EventEmitter<vscode.Uri>());
  readonly #texts = new Map<string, string>();
  readonly onDidChange = this.#changed.event;

  constructor() {
    super();
    this.own(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
    this.own(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())));
  }

  /** Shows a text; one of the same name that is open is brought up to date. */
  async show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name.replaceAll('/', '-')}.log` });
    this.#texts.set(uri.toString(), printable(text));
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: true });
    const end = document.lineAt(document.lineCount - 1).range;
    // What is newest is what is looked for.
    editor.revealRange(end);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }
}

/** What is not visible comes out escaped, except the ends of lines and tabs. */
function printable(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(escapeText).join('\t'))
    .join('\n');
}
