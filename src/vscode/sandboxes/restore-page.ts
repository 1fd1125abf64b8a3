import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { openChannel, type Channel, type Handlers } from '../../protocol/channel.ts';
import type {
  ClusterWishes,
  RestoreFailure,
  RestorePageApi,
  RestorePageEvents,
  RestoreReview,
} from '../../protocol/restore-api.ts';
import { Disposable, onDispose } from '../disposable.ts';
import { pageHtml } from '../editor/page-html.ts';
import { portOf } from '../editor/webview-port.ts';
import { isCancelled, words, type Errors } from '../errors.ts';
import { explainFailure, type RestorePlace, type Restoring } from './restoring.ts';
import { Steps, stepText } from './steps.ts';

export interface RestorePageOptions {
  readonly errors: Errors;
  /** The folder dist/page. */
  readonly pageFolder: vscode.Uri;
  /** Shows a text as a document. */
  readonly showText: (name: string, text: string) => Promise<void>;
  readonly onRestored: (record: SandboxRecord) => Promise<void>;
  /** What a restore in a cluster would be as the person wants it; absent where nothing of it can be chosen. */
  readonly placeFor?: (wishes: ClusterWishes, signal: AbortSignal) => Promise<RestorePlace>;
  /** The person wants it so: what is remembered for the next time is remembered now. */
  readonly onStart?: (place: RestorePlace) => Promise<void>;
  /** Something was made, or taken away again. */
  readonly onChanged: () => void;
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
    run: (_signal, plan, agreed) => this.#run(plan, agreed),
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

  async #run(plan: string, agreed: readonly string[]): Promise<RestoreFailure | null> {
    if (this.#running || !vscode.workspace.isTrusted) return null;
    const controller = (this.#running = new AbortController());
    const { errors, onRestored, onChanged } = this.#options;
    let record: SandboxRecord;
    try {
      await this.#options.onStart?.(this.restoring.place);
      const steps = new Steps();
      record = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: this.#title, cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => controller.abort());
          return this.restoring.run(plan, agreed, {
            signal: controller.signal,
            onProgress: (what, amount) => {
              const doing = steps.describe(what, amount, performance.now());
              if (!doing) return;
              progress.report({ message: stepText(doing, words) });
              this.#channel.emit('doing', doing);
              if (doing.isNew) onChanged();
            },
          });
        },
      );
    } catch (error) {
      onChanged();
      if (isCancelled(error)) return null;
      errors.note(error);
      const { failure, log } = explainFailure(error);
      this.#log = log;
      if (this.isDisposed) void errors.show(error);
      // Another plan, with a name of its own: what is left of this one is found by its name.
      this.restoring.planAgain();
      return failure;
    } finally {
      this.#running = undefined;
    }
    this.#panel.dispose();
    await onRestored(record);
    return null;
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
