import * as vscode from 'vscode';
import { openChannel, type Channel, type Handlers, type Remote } from '../../protocol/channel.ts';
import { passOn, type PageApi, type PageEvents } from '../../protocol/page-api.ts';
import type { WorkerApi } from '../../protocol/worker-api.ts';
import { Disposable, onDispose } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import type { FileActions } from '../filesystem/file-actions.ts';
import { SCHEME } from '../locators/checkpoint-uri.ts';
import { saveSearch } from './save-search.ts';
import type { CheckpointDocument } from './checkpoint-document.ts';
import { titleOf } from './title.ts';
import { portOf } from './webview-port.ts';

export interface PageServices {
  readonly errors: Errors;
  readonly files: FileActions;
  readonly showLog: () => void;
}

type PageChannel = Channel<object, object, PageEvents>;

/** Answers one page: passes its questions on to the checkpoint, and does what only the host can. */
export class PageHost extends Disposable {
  readonly #document: CheckpointDocument;
  readonly #services: PageServices;
  readonly #panel: vscode.WebviewPanel;
  /** Names of the searches that this page began and still has, however often it was hidden in between. */
  readonly #searches = new Set<string>();
  #channel: PageChannel;

  constructor(document: CheckpointDocument, panel: vscode.WebviewPanel, services: PageServices) {
    super();
    this.#document = document;
    this.#services = services;
    this.#panel = panel;
    this.#channel = this.#open();
    this.own(onDispose(() => this.#channel.close()));
    // A page that is hidden is gone: what it asked for is cancelled, and its successor asks anew.
    this.own(panel.onDidChangeViewState(() => panel.visible || this.#reopen()));
    if (document.locator !== undefined) {
      // Until it is known whose it is, and where that never is: the document's own name is the same for all.
      if (document.uri.scheme === SCHEME) panel.title = titleOf(document.locator);
      this.own(document.session.onProgress((progress) => this.#channel.emit('progress', progress)));
      this.own(document.session.onChanged((changed) => this.#channel.emit('changed', changed)));
      this.own(document.session.onSearched((state) => this.#channel.emit('searched', state)));
      this.own(onDispose(() => this.#endSearches()));
    }
  }

  get document(): CheckpointDocument {
    return this.#document;
  }

  emit<Name extends keyof PageEvents>(name: Name, value: PageEvents[Name]): void {
    this.#channel.emit(name, value);
  }

  #reopen(): void {
    this.#channel.close();
    this.#channel = this.#open();
  }

  #open(): PageChannel {
    return openChannel(portOf(this.#panel.webview), this.#handlers(), this.#services.errors.forPage);
  }

  /** Nobody will look at what they find. */
  #endSearches(): void {
    for (const id of this.#searches) {
      // Whatever ended the checkpoint before has ended its searches too.
      this.#ask((checkpoint) => checkpoint.searchDrop(id)).catch(() => undefined);
    }
  }

  /** A document whose source is not known rejects each question with the reason. */
  async #ask<T>(question: (checkpoint: Remote<WorkerApi>) => Promise<T>): Promise<T> {
    return await this.#document.session.ask(question);
  }

  #handlers(): Handlers<PageApi> {
    const document = this.#document;
    const { files, showLog } = this.#services;
    return {
      ...passOn((question, signal, args) =>
        this.#ask((checkpoint) => {
          const put: (...args: never[]) => Promise<unknown> = checkpoint[question];
          return put(...([...args, signal] as never[]));
        }),
      ),
      searchStart: async (signal, id, request) => {
        this.#searches.add(id);
        return await this.#ask((checkpoint) => checkpoint.searchStart(id, request, signal));
      },
      searchDrop: async (signal, id) => {
        this.#searches.delete(id);
        await this.#ask((checkpoint) => checkpoint.searchDrop(id, signal));
      },
      start: async (signal) => {
        const overview = await this.#ask((checkpoint) => checkpoint.overview(signal));
        const { locator } = document.session;
        const title = titleOf(locator, overview);
        if (document.uri.scheme === SCHEME) this.#panel.title = title;
        return { title, locator, strings: vscode.l10n.bundle ?? {} };
      },
      hash: async (signal) => (await this.#ask((checkpoint) => checkpoint.hash(signal))).hex,
      copy: async (signal, query, format, ids) => {
        await copy(await this.#ask((checkpoint) => checkpoint.copy(query, format, ids, signal)));
      },
      copyText: (_signal, text) => copy(text),
      openFile: async (_signal, path) => files.open(document.key, path),
      saveFile: async (_signal, path) => files.save(document.key, path),
      saveSearch: async (_signal, id) => {
        await saveSearch((format) => this.#ask((checkpoint) => checkpoint.searchExport(id, format)));
      },
      showLog: () => showLog(),
      restore: async () => vscode.commands.executeCommand('checkpointExplorer.restore', document.uri),
      retry: async () => document.session.reopen(),
    };
  }
}

async function copy(text: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
}
