import * as vscode from 'vscode';
import { escapeText } from '../../protocol/format.ts';
import { choiceLabel } from '../errors.ts';
import { Disposable, onDispose } from '../disposable.ts';
import { RunningActivities, type Activity } from './running-activities.ts';

export type { Activity };

/**
 * What is under way with clusters: each on its row, and all in one item of the status bar, where they can be cancelled.
 * Only the item counts seconds.
 */
export class Activities extends Disposable {
  readonly #running: RunningActivities;
  #item: vscode.StatusBarItem | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onChanged told of each row that is to be drawn anew */
  constructor(onChanged: (id: string) => void) {
    super();
    this.#running = new RunningActivities(onChanged);
    this.own(
      onDispose(() => {
        clearInterval(this.#timer);
        this.#item?.dispose();
        this.#running.cancelAll();
      }),
    );
  }

  /** What a row shows while something is done with it. */
  text(id: string): string | undefined {
    return this.#running.text(id);
  }

  isRunning(id: string): boolean {
    return this.#running.isRunning(id);
  }

  /**
   * @param title `Checkpointing web`, where it stands beside others
   * @param verb `checkpointing`, on its row
   */
  start(id: string, title: string, verb: string): Activity {
    const activity = this.#running.start(id, escapeText(title), verb, () => this.#draw());
    this.#draw();
    return activity;
  }

  /** For a cluster's answer, without which there is nothing to show. Cancelled, it rejects so. */
  waitFor<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const title = vscode.l10n.t('Waiting for {0}', escapeText(name));
    return this.#running.waitFor(title, work, { onChanged: () => this.#draw() });
  }

  cancel(id: string): void {
    this.#running.cancel(id);
  }

  /** Lets the person see all and cancel some. */
  async choose(): Promise<void> {
    const items = this.#running
      .all(Date.now())
      .map(({ id, title, progress }) => ({ id, label: choiceLabel(title), description: progress }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Under Way in Clusters'),
      placeHolder: vscode.l10n.t('Choose what to cancel'),
      canPickMany: true,
    });
    for (const { id } of chosen ?? []) this.cancel(id);
  }

  #draw(): void {
    const lines = this.#running.all(Date.now()).map(({ title, progress }) => `${title}: ${progress}`);
    const [first] = lines;
    if (first === undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#item?.hide();
      return;
    }
    this.#timer ??= setInterval(() => this.#draw(), 1000);
    this.#item ??= makeItem();
    const text = lines.length === 1 ? first : vscode.l10n.t('{0} under way', lines.length);
    // Names come from servers: what reads like an icon is none.
    this.#item.text = `$(sync~spin) ${text.replaceAll('$(', '(')}`;
    this.#item.tooltip = lines.join('\n');
    this.#item.show();
  }
}

function makeItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('checkpointExplorer.activities', vscode.StatusBarAlignment.Left);
  item.name = vscode.l10n.t('Checkpoints: Clusters');
  item.command = 'checkpointExplorer.showActivities';
  return item;
}
