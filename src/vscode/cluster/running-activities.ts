/** Something that takes a while. */
export interface Activity {
  /** The row that it is about. */
  readonly id: string;
  readonly signal: AbortSignal;
  /**
   * @param progress what is shown beside the name instead of the time that has passed
   * @param onRow what its row shows of it, if anything: each change draws the row anew, under a menu that may be open on it
   */
  update(progress: string, onRow?: string): void;
  end(): void;
}

interface Running {
  readonly title: string;
  readonly verb: string;
  readonly began: number;
  readonly controller: AbortController;
  progress: string | undefined;
  onRow: string;
}

/** Milliseconds that nobody wonders about. */
const UNNOTICED = 500;

/** What is under way, without who shows it. */
export class RunningActivities {
  readonly #running = new Map<string, Running>();
  /** What is waited for, shown or not yet. */
  readonly #waiting = new Set<AbortController>();
  #waits = 0;
  readonly #onRow: (id: string) => void;

  /** @param onRow told of each row that is to be drawn anew: when something begins or ends, or the row says something else */
  constructor(onRow: (id: string) => void) {
    this.#onRow = onRow;
  }

  /** In the order in which they began. @param now milliseconds since 1970 */
  all(now: number): readonly { readonly id: string; readonly title: string; readonly progress: string }[] {
    return [...this.#running].map(([id, { title, progress, began }]) => ({
      id,
      title,
      progress: progress ?? passed(now - began),
    }));
  }

  /** What a row shows while something is done with it. It stays the same for seconds at least. */
  text(id: string): string | undefined {
    const running = this.#running.get(id);
    return running && [running.verb, running.onRow].filter((part) => part !== '').join(' · ');
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  /**
   * @param title `Checkpointing web`, where it stands beside others
   * @param verb `checkpointing`, on its row
   * @param onEnd told when it is over
   */
  start(id: string, title: string, verb: string, onEnd: () => void): Activity {
    const controller = new AbortController();
    const running: Running = { title, verb, began: Date.now(), controller, progress: undefined, onRow: '' };
    this.#running.set(id, running);
    this.#onRow(id);
    return {
      id,
      signal: controller.signal,
      update: (progress, onRow = '') => {
        running.progress = progress;
        if (running.onRow === onRow) return;
        running.onRow = onRow;
        if (this.#running.get(id) === running) this.#onRow(id);
      },
      end: () => {
        if (this.#running.get(id) !== running) return;
        this.#running.delete(id);
        this.#onRow(id);
        onEnd();
      },
    };
  }

  /**
   * What has to be known before anything else happens: nobody shall wonder whether a click did anything, and who does
   * not want to wait can give it up.
   * @param title `Waiting for kind-dev`
   * @param onChanged told when it is shown, and when it is over after that
   * @throws AbortError at once where it is given up, whatever the work does then
   */
  async waitFor<T>(
    title: string,
    work: (signal: AbortSignal) => Promise<T>,
    { onChanged, unnoticed = UNNOTICED }: { readonly onChanged: () => void; readonly unnoticed?: number },
  ): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#waiting.add(controller);
    const givenUp = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    let activity: Activity | undefined;
    const timer = setTimeout(() => {
      // Of no row: what is done with one meanwhile has its own.
      activity = this.start(`waiting:${String(this.#waits++)}`, title, '', onChanged);
      activity.signal.addEventListener('abort', () => controller.abort(), { once: true });
      onChanged();
    }, unnoticed);
    try {
      return await Promise.race([work(signal), givenUp]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(controller);
      activity?.end();
    }
  }

  cancel(id: string): void {
    this.#running.get(id)?.controller.abort();
  }

  cancelAll(): void {
    for (const controller of this.#waiting) controller.abort();
    for (const { controller } of this.#running.values()) controller.abort();
  }
}

function passed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${String(seconds)} s` : `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}
