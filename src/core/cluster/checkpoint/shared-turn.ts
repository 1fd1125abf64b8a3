import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orCancelled } from '../../bytes/cancel.ts';
import { errorCode } from '../../bytes/file-source.ts';
import { isRunning, processMark } from '../../bytes/process-mark.ts';

/** Milliseconds between two looks whether the turn of another process is over. */
const LOOK_EVERY = 50;

/** Milliseconds after which a file that names no process will not name one any more: it is written when it is made. */
const UNWRITTEN = 5000;

/** Milliseconds between two signs of life of whoever has the turn, and without one after which the turn is free. */
const ALIVE_EVERY = 3000;
const SILENT = 20_000;

/** Milliseconds after which nobody wants to know any longer when a turn ended. */
const FORGOTTEN = 60_000;

/**
 * A turn among all processes that use a folder: the editor's windows, the bundles in each of them, and command lines.
 *
 *     KEY.turn    whose turn it is: the process's mark. Touched while it lasts, since of a process on another machine that
 *                 shares the folder nobody knows whether it still runs
 *     KEY.ended   when the last one was over: milliseconds since 1970
 *
 * Where the folder cannot be written, each process goes by itself.
 */
export class SharedTurn {
  readonly #folder: string;
  readonly #key: string;
  readonly #silent: number;
  #alive: NodeJS.Timeout | undefined;
  /** The last sign of life of whoever has the turn, and when it was noticed. */
  #sign = { modified: 0, at: 0 };

  /**
   * Waits until nobody else has the turn, and then until the last one has been over for a while.
   * @param name what the turns are about; does not show in the folder
   * @param apart milliseconds between the end of one and the beginning of the next
   * @param silent milliseconds without a sign of life after which whoever has the turn has lost it
   * @returns undefined where turns cannot be taken here
   * @throws CheckpointError `cancelled`
   */
  static async take(
    folder: string,
    name: string,
    apart: number,
    signal: AbortSignal | undefined,
    silent: number = SILENT,
  ): Promise<SharedTurn | undefined> {
    const key = createHash('sha256').update(name).digest('hex').slice(0, 40);
    const turn = new SharedTurn(folder, key, silent);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      while (!(await turn.#begin())) await orCancelled(sleep(LOOK_EVERY), signal);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return undefined;
    }
    try {
      // A clock that was set back makes nobody wait for it.
      const left = Math.min(apart, (await turn.#lastEnd()) + apart - Date.now());
      if (left > 0) await orCancelled(sleep(left), signal);
      return turn;
    } catch (error) {
      await turn.end(false);
      throw error;
    }
  }

  private constructor(folder: string, key: string, silent: number) {
    this.#folder = folder;
    this.#key = key;
    this.#silent = silent;
  }

  /** @param keepApart whether the next one is to wait */
  async end(keepApart: boolean): Promise<void> {
    clearInterval(this.#alive);
    try {
      if (keepApart) await writeFile(this.#path('ended'), String(Date.now()), { mode: 0o600 });
      await rm(this.#path('turn'), { force: true });
      await this.#sweep();
    } catch {
      // Another process takes the turn of one that is gone.
    }
  }

  async #begin(): Promise<boolean> {
    try {
      await writeFile(this.#path('turn'), processMark(), { flag: 'wx', mode: 0o600 });
      this.#alive = setInterval(() => this.#touch(), ALIVE_EVERY).unref();
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      if ((await isLeft(this.#path('turn'))) || (await this.#isSilent())) await rm(this.#path('turn'), { force: true });
      return false;
    }
  }

  #touch(): void {
    const now = new Date();
    utimes(this.#path('turn'), now, now).catch(() => undefined);
  }

  /** By this process's clock: that of the other may be another. */
  async #isSilent(): Promise<boolean> {
    const modified = await stat(this.#path('turn')).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (modified !== this.#sign.modified) this.#sign = { modified, at: performance.now() };
    return performance.now() - this.#sign.at > this.#silent;
  }

  async #lastEnd(): Promise<number> {
    const text = await readFile(this.#path('ended'), 'utf8').catch(() => '');
    return /^\d{1,15}$/.test(text) ? Number(text) : 0;
  }

  /** What nobody asks for any longer, of other containers too. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (Date.now() - (await stat(path)).mtimeMs < FORGOTTEN) continue;
      if (name.endsWith('.ended') || (name.endsWith('.turn') && (await isLeft(path)))) await rm(path);
    }
  }

  #path(role: 'turn' | 'ended'): string {
    return join(this.#folder, `${this.#key}.${role}`);
  }
}

/** Whether whoever had the turn has ended without a word. */
async function isLeft(path: string): Promise<boolean> {
  try {
    const mark = await readFile(path, 'utf8');
    if (mark !== '') return !isRunning(mark);
    return Date.now() - (await stat(path)).mtimeMs > UNWRITTEN;
  } catch {
    // It is over.
    return false;
  }
}
