import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { RunOptions, SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { openChannel, type Channel, type Handlers } from '../../protocol/channel.ts';
import type {
  ClusterWishes,
  RestoreFailure,
  RestorePageApi,
  RestorePageEvents,
  RestoreReview,
} from '../../protocol/restore-api.ts';
import { sentence } from '../../protocol/sentence.ts';
import { Disposable, onDispose } from '../disposable.ts';
import { pageHtml } from '../editor/page-html.ts';
import { portOf } from '../editor/webview-port.ts';
import { isCancelled, words, type Errors } from '../errors.ts';
import { failure } from '../failure.ts';
import { explainFailure, type RestorePlace, type Restoring } from './restoring.ts';
import { Steps, stepText } from './steps.ts';

export interface RestorePageOptions {
  readonly errors: Errors;
  /** The folder dist/page. */
  readonly pageFolder: vscode.Uri;
  /** Shows a text as a document. */
  readonly showText: (name: string, text: string) => Promise<void>;
  /** @param moved the original that was deleted */
  readonly onRestored: (record: SandboxRecord, moved: string | undefined) => Promise<void>;
  /** What a restore in a cluster would be as the person wants it; absent where nothing of it can be chosen. */
  readonly placeFor?: (wishes: ClusterWishes, signal: AbortSignal) => Promise<RestorePlace>;
  /** The person wants it so: what is remembered for the next time is remembered now. */
  readonly onStart?: (place: RestorePlace) => Promise<void>;
  /** Something was made, or taken away again. */
  readonly onChanged: () => void;
}

/** The end of a move: what was deleted, if anything was to be, or why it was not. */
interface Moved {
  readonly name?: string | undefined;
  readonly problem?: unknown;
}

/** What a person sees before a restore, and while it runs: the checklist, what will be done, and why it did not work. */
export class RestorePage extends Disposable {
  readonly restoring: Restoring;
  readonly #options: RestorePageOptions;
  readonly #panel: vscode.WebviewPanel;
  readonly #title: string;
  #channel: Channel<object, object, RestorePageEvents>;
  #running: AbortController | undefined;
  #placing: AbortController | undefined;
  #log = '';

  constructor(restoring: Restoring, name: string, options: RestorePageOptions) {
    super();
    this.restoring = restoring;
    this.#options = options;
    this.#title = vscode.l10n.t('Restore {0}', name);
    this.#panel = vscode.window.createWebviewPanel(
      'checkpointExplorer.restore',
      this.#title,
      vscode.ViewColumn.Active,
      // What was agreed to is not asked for again when the tab is looked at again.
      { enableScripts: true, localResourceRoots: [options.pageFolder], retainContextWhenHidden: true },
    );
    this.#channel = openChannel(portOf(this.#panel.webview), this.handlers, options.errors.forPage);
    this.own(onDispose(() => this.#channel.close()));
    this.own(this.#panel.onDidDispose(() => this.dispose()));
    this.#panel.webview.html = this.#html();
  }

  /** What the page may ask for; a test asks for the same. */
  readonly handlers: Handlers<RestorePageApi> = {
    start: () => ({ review: this.restoring.review, strings: vscode.l10n.bundle ?? {} }),
    choose: (_signal, tcp) => {
      this.restoring.choose({ tcp });
      return this.restoring.review;
    },
    place: (signal, wishes) => this.#place(wishes, signal),
    run: (_signal, plan, agreed, confirmed) => this.#run(plan, agreed, confirmed),
    stop: () => this.#running?.abort(),
    copy: async () => {
      await vscode.env.clipboard.writeText(this.restoring.script(words));
      vscode.window.setStatusBarMessage(vscode.l10n.t('Copied what a restore would do'), 3000);
    },
    showFailure: async () => this.#options.showText(this.#title, this.#log),
    close: () => {
      this.#panel.dispose();
    },
  };

  /** A restore goes on when its page is closed: the progress can still be cancelled. */
  override dispose(): void {
    super.dispose();
    this.#panel.dispose();
  }

  /** Only the last wish counts: what was asked for before it is given up. */
  async #place(wishes: ClusterWishes, signal: AbortSignal): Promise<RestoreReview> {
    const { placeFor } = this.#options;
    if (!placeFor || this.#running) return this.restoring.review;
    this.#placing?.abort();
    const placing = (this.#placing = new AbortController());
    const place = await placeFor(wishes, AbortSignal.any([signal, placing.signal]));
    placing.signal.throwIfAborted();
    this.restoring.move(place);
    return this.restoring.review;
  }

  async #run(plan: string, agreed: readonly string[], confirmed: string): Promise<RestoreFailure | null> {
    if (this.#running || !vscode.workspace.isTrusted) return null;
    const controller = (this.#running = new AbortController());
    const { errors, onRestored, onChanged } = this.#options;
    let record: SandboxRecord;
    let moved: Moved;
    try {
      await this.#options.onStart?.(this.restoring.place);
      [record, moved] = await this.#withProgress(controller, async (options) => {
        const made = await this.restoring.run(plan, agreed, options, confirmed);
        return [made, await this.#finish(made, confirmed, options)];
      });
    } catch (error) {
      onChanged();
      if (isCancelled(error)) return null;
      errors.note(error);
      const { failure: why, log } = explainFailure(error);
      this.#log = log;
      if (this.isDisposed) void errors.show(error);
      // Another plan, with a name of its own: what is left of this one is found by its name.
      this.restoring.planAgain();
      return why;
    } finally {
      this.#running = undefined;
    }
    this.#panel.dispose();
    await onRestored(record, moved.name);
    if (moved.problem !== undefined) void errors.show(moved.problem);
    return null;
  }

  /** What was restored runs, whatever becomes of its original. */
  async #finish(record: SandboxRecord, confirmed: string, options: RunOptions): Promise<Moved> {
    try {
      return { name: await this.restoring.finish(record, confirmed, options) };
    } catch (error) {
      const { errors } = this.#options;
      errors.note(error);
      const why = isCancelled(error) ? vscode.l10n.t('it was stopped.') : errors.words(error);
      const original = this.restoring.place.moving?.name ?? '';
      const text = sentence('{0} runs, but its original {1} was not deleted: {2}', record.name, original, why);
      return { problem: failure('blocked', text) };
    }
  }

  #withProgress<T>(controller: AbortController, work: (options: RunOptions) => Promise<T>): Promise<T> {
    const steps = new Steps();
    const shown = vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: this.#title, cancellable: true },
      (progress, token) => {
        token.onCancellationRequested(() => controller.abort());
        return work({
          signal: controller.signal,
          onProgress: (what, amount) => {
            const doing = steps.describe(what, amount, performance.now());
            if (!doing) return;
            progress.report({ message: stepText(doing, words) });
            this.#channel.emit('doing', doing);
            if (doing.isNew) this.#options.onChanged();
          },
        });
      },
    );
    return Promise.resolve(shown);
  }

  #html(): string {
    const { webview } = this.#panel;
    return pageHtml({
      cspSource: webview.cspSource,
      address: (name) => webview.asWebviewUri(vscode.Uri.joinPath(this.#options.pageFolder, name)).toString(),
      nonce: randomBytes(16).toString('base64url'),
      language: vscode.env.language,
      page: 'restore',
    });
  }
}
