import * as vscode from 'vscode';
import { Disposable, onDispose } from '../disposable.ts';

/** Something that takes a while. */
export interface Activity {
  /** The row that it is about. */
  readonly id: string;
  readonly signal: AbortSignal;
  /** @param progress what is shown beside the name instead of the time that has passed */
  update(progress: string): void;
  end(): void;
}

interface Running {
  readonly title: string;
  readonly verb: string;
  readonly began: number;
  readonly controller: AbortController;
  progress: string | undefined;
}

/** What is under way with clusters: each on its row, and all in one item of the status bar, where it can be cancelled. */
export class Activities extends Disposable {
  readonly #running = new Map<string, Running>();
  readonly #onChanged: (id: string) => void;
  #item: vscode.StatusBarItem | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onChanged told of each row that is to be drawn anew */
  constructor(onChanged: (id: string) => void) {
    super();
    this.#onChanged = onChanged;
    this.own(
      onDispose(() => {
        clearInterval(this.#timer);
        this.#item?.dispose();
        for (const { controller } of this.#running.values()) controller.abort();
      }),
    );
  }

  /** What a row shows while something is done with it. */
  text(id: string): string | undefined {
    const running = this.#running.get(id);
    return running && `${running.verb} · ${textOf(running)}`;
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  /**
   * @param title `Checkpointing web`, where it stands beside others
   * @param verb `checkpointing`, on its row
   */
  start(id: string, title: string, verb: string): Activity {
    const controller = new AbortController();
    const running: Running = { title, verb, began: Date.now(), controller, progress: undefined };
    this.#running.set(id, running);
    this.#draw(id);
    this.#timer ??= setInterval(() => this.#tick(), 1000);
    return {
      id,
      signal: controller.signal,
      update: (progress) => (running.progress = progress),
      end: () => {
        if (this.#running.get(id) !== running) return;
        this.#running.delete(id);
        if (this.#running.size === 0) clearInterval(this.#timer);
        if (this.#running.size === 0) this.#timer = undefined;
        this.#draw(id);
      },
    };
  }

  cancel(id: string): void {
    this.#running.get(id)?.controller.abort();
  }

  /** Lets the person see all and cancel some. */
  async choose(): Promise<void> {
    const items = [...this.#running].map(([id, running]) => ({
      id,
      label: running.title,
      description: textOf(running),
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Under Way in Clusters'),
      placeHolder: vscode.l10n.t('Choose what to cancel'),
      canPickMany: true,
    });
    for (const { id } of chosen ?? []) this.cancel(id);
  }

  #tick(): void {
    for (const id of this.#running.keys()) this.#draw(id);
  }

  #draw(id: string): void {
    this.#onChanged(id);
    const all = [...this.#running.values()];
    const [first] = all;
    if (!first) {
      this.#item?.hide();
      return;
    }
    this.#item ??= makeItem();
    const text = all.length === 1 ? `${first.title}: ${textOf(first)}` : vscode.l10n.t('{0} under way', all.length);
    // Names come from servers: what reads like an icon is none.
    this.#item.text = `$(sync~spin) ${text.replaceAll('$(', '(')}`;
    this.#item.tooltip = all.map((running) => `${running.title}: ${textOf(running)}`).join('\n');
    this.#item.show();
  }
}

function makeItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('checkpointExplorer.activities', vscode.StatusBarAlignment.Left);
  item.name = vscode.l10n.t('Checkpoints: Clusters');
  item.command = 'checkpointExplorer.showActivities';
  return item;
}

function textOf({ began, progress }: Running): string {
  const seconds = Math.round((Date.now() - began) / 1000);
  const time =
    seconds < 60 ? `${String(seconds)} s` : `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
  return progress ?? time;
}
