import { readdir } from 'node:fs/promises';
import { Disposable, onDispose } from '../disposable.ts';
import type { Log } from '../log.ts';
import type { Sessions } from './sessions.ts';

/** Milliseconds that a decompressed copy is kept after its last user. */
export const KEEP_FOR = 5 * 60 * 1000;

/** Milliseconds by which a sweep comes later than what it is to sweep away. */
const MARGIN = 2000;

/** Milliseconds from the start until what earlier windows left is looked for: never while the window opens. */
const AFTER_START = 10_000;

export interface SweeperOptions {
  readonly sessions: Pick<Sessions, 'onEnded'>;
  /** Where the copies are. */
  readonly directory: string;
  /** Drops the copies whose time has come. */
  readonly sweep: () => Promise<void>;
  readonly log: Log;
  readonly afterStart?: number;
  readonly keepFor?: number;
}

/**
 * Sees to it that decompressed copies go when nobody needs them any more. The threads that made them cannot: they end
 * long before.
 */
export class SpillSweeper extends Disposable {
  readonly #options: SweeperOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SweeperOptions) {
    super();
    this.#options = options;
    const { sessions, afterStart = AFTER_START, keepFor = KEEP_FOR } = options;
    this.#sweepIn(afterStart);
    this.own(sessions.onEnded(() => this.#sweepIn(keepFor + MARGIN)));
    this.own(onDispose(() => clearTimeout(this.#timer)));
  }

  /** One sweep is enough for all that was closed before it. */
  #sweepIn(milliseconds: number): void {
    if (this.isDisposed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#sweep(), milliseconds);
    this.#timer.unref();
  }

  async #sweep(): Promise<void> {
    const { directory, sweep, log } = this.#options;
    try {
      const names = await readdir(directory).catch(() => []);
      if (names.length > 0 && !this.isDisposed) await sweep();
    } catch (error) {
      log.warn('Decompressed copies that are not needed any more could not be removed.', error);
    }
  }
}
