import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { Disposable } from '../disposable.ts';
import { checkpointUri, locatorOf, OVERVIEW_PATH, SCHEME } from '../locators/checkpoint-uri.ts';
import type { LocatorTable } from '../locators/locator-table.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { CheckpointDocument, type Source } from './checkpoint-document.ts';
import { PageHost, type PageServices } from './page-host.ts';
import { pageHtml } from './page-html.ts';

/** For any archive, when the person chooses it; see package.json. */
export const ARCHIVE_EDITOR = 'checkpointExplorer.checkpoint';

/** For what is a checkpoint by its name: those of a kubelet, and documents that stand for a folder. */
export const NAMED_EDITOR = 'checkpointExplorer.named';

export interface EditorServices extends PageServices {
  readonly sessions: Sessions;
  readonly table: LocatorTable;
  /** The folder dist/page. */
  readonly pageFolder: vscode.Uri;
}

/** The read-only editor of checkpoints. The data stays in the worker; the page holds what it shows. */
export class CheckpointEditor extends Disposable implements vscode.CustomReadonlyEditorProvider<CheckpointDocument> {
  readonly #services: EditorServices;
  readonly #pages = new Map<vscode.WebviewPanel, PageHost>();
  readonly #looked = this.own(new vscode.EventEmitter<CheckpointDocument | undefined>());
  /** The document that was last looked at, of those that are open. */
  readonly onDidLookAt = this.#looked.event;

  constructor(services: EditorServices) {
    super();
    this.#services = services;
    for (const viewType of [ARCHIVE_EDITOR, NAMED_EDITOR]) {
      this.own(
        vscode.window.registerCustomEditorProvider(viewType, this, { supportsMultipleEditorsPerDocument: true }),
      );
    }
  }

  /** The page of the editor that has the focus. */
  get active(): PageHost | undefined {
    return [...this.#pages].find(([panel]) => panel.active)?.[1];
  }

  /** What an editor shows, as a locator. @param uri of its document; undefined: the one that has the focus */
  locatorShown(uri: vscode.Uri | undefined): string | undefined {
    if (!uri) return this.active?.document.locator;
    const documents = [...this.#pages.values()].map(({ document }) => document);
    return documents.find((document) => document.uri.toString() === uri.toString())?.locator;
  }

  /** Opens the editor of an archive, or of a folder by the document that stands for it. */
  async open(locator: vscode.Uri, isFolder: boolean): Promise<void> {
    const key = await this.#services.table.remember(await locatorOf(locator, this.#services.table));
    const uri = isFolder ? checkpointUri(key, OVERVIEW_PATH) : locator;
    await vscode.commands.executeCommand('vscode.openWith', uri, isNamed(uri) ? NAMED_EDITOR : ARCHIVE_EDITOR);
  }

  /** Opens the editor of what is no file of this machine: by the document that stands for it. */
  async openLocator(locator: string): Promise<void> {
    const uri = checkpointUri(await this.#services.table.remember(locator), OVERVIEW_PATH);
    await vscode.commands.executeCommand('vscode.openWith', uri, NAMED_EDITOR);
  }

  /** Never fails: what is wrong is shown in the editor, with a way to try again. */
  async openCustomDocument(uri: vscode.Uri): Promise<CheckpointDocument> {
    const { table, sessions } = this.#services;
    let source: Source;
    try {
      const locator = await locatorOf(uri, table);
      source = { locator, key: await table.remember(locator) };
    } catch (problem) {
      source = { problem };
    }
    return new CheckpointDocument(uri, source, sessions);
  }

  resolveCustomEditor(document: CheckpointDocument, panel: vscode.WebviewPanel): void {
    const { pageFolder } = this.#services;
    const { webview } = panel;
    const page = new PageHost(document, panel, this.#services);
    this.#pages.set(panel, page);
    panel.onDidChangeViewState(() => panel.active && this.#look(panel));
    panel.onDidDispose(() => {
      this.#pages.delete(panel);
      page.dispose();
      this.#looked.fire([...this.#pages.values()].at(-1)?.document);
    });
    if (panel.active) this.#look(panel);
    webview.options = { enableScripts: true, localResourceRoots: [pageFolder] };
    webview.html = pageHtml({
      cspSource: webview.cspSource,
      address: (name) => webview.asWebviewUri(vscode.Uri.joinPath(pageFolder, name)).toString(),
      nonce: randomBytes(16).toString('base64url'),
      language: vscode.env.language,
    });
  }

  /** The last of the pages is the one that was looked at last. */
  #look(panel: vscode.WebviewPanel): void {
    const page = this.#pages.get(panel);
    if (!page) return;
    this.#pages.delete(panel);
    this.#pages.set(panel, page);
    this.#looked.fire(page.document);
  }
}

/** As the manifest's patterns say, so that a command and a click lead to the same editor. */
function isNamed({ scheme, path }: vscode.Uri): boolean {
  return scheme === SCHEME || /\/checkpoint-[^/]*\.tar[^/]*$/.test(path);
}
