import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orCancelled } from '../../bytes/cancel.ts';
import { errorCode } from '../../bytes/file-source.ts';
import { isRunning, processMark } from '../../bytes/process-mark.ts';

/** Milliseconds between two looks whether the turn of another process is over. */
const LOOK_EVERY = 50;

/** Milliseconds after which a file that names no process will not name one any more: it is written when it is made. */
const UNWRITTEN = 5000;

/** Milliseconds after which nobody wants to know any longer when a turn ended. */
const FORGOTTEN = 60_000;

/**
 * A turn among all processes that use a folder: the editor's windows, the bundles in each of them, and command lines.
 *
 *     KEY.turn    whose turn it is: the process's mark
 *     KEY.ended   when the last one was over: milliseconds since 1970
 *
 * Where the folder cannot be written, each process goes by itself.
 */
export class SharedTurn {
  readonly #folder: string;
  readonly #key: string;

  /**
   * Waits until nobody else has the turn, and then until the last one has been over for a while.
   * @param name what the turns are about; does not show in the folder
   * @param apart milliseconds between the end of one and the beginning of the next
   * @returns undefined where turns cannot be taken here
   * @throws CheckpointError `cancelled`
   */
  static async take(
    folder: string,
    name: string,
    apart: number,
    signal: AbortSignal | undefined,
  ): Promise<SharedTurn | undefined> {
    const key = createHash('sha256').update(name).digest('hex').slice(0, 40);
    const turn = new SharedTurn(folder, key);
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

  private constructor(folder: string, key: string) {
    this.#folder = folder;
    this.#key = key;
  }

  /** @param keepApart whether the next one is to wait */
  async end(keepApart: boolean): Promise<void> {
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
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      if (await isLeft(this.#path('turn'))) await rm(this.#path('turn'), { force: true });
      return false;
    }
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
