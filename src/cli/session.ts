import { openCheckpoint, type Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { CheckpointError, isCancelled } from '../core/errors.ts';
import { formatCount, formatSize } from '../protocol/format.ts';
import type { Progress, SpillSettings } from '../protocol/checkpoint-api.ts';
import type { Note, NoteKind } from '../protocol/note.ts';
import { say } from '../protocol/sentence.ts';
import type { Output } from './output.ts';
import { spillSettings } from './spill.ts';

/** 0 all of it, 1 could not do it, 2 wrong usage, 3 done, but the input is damaged or incomplete. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Something is lost; the other kinds of note only inform. */
const LOST: ReadonlySet<NoteKind> = new Set(['damaged', 'truncated', 'missing', 'encrypted']);

/** Notes of one kind that stderr gets; JSON has them all. */
const MANY = 10;

export function isLost({ kind }: Note): boolean {
  return LOST.has(kind);
}

/** Something is lost, or there is more than could be told: the answer is not all of it. */
export function isDamage(note: Note): boolean {
  return isLost(note) || (note.kind === 'may-be-incomplete' && !note.byDesign);
}

/** One run of the program: where its output goes, what ends it early, and where it keeps decompressed copies. */
export class Session {
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly spill: SpillSettings;
  readonly #endings: (() => Promise<void>)[] = [];

  constructor(output: Output, signal: AbortSignal, options: { readonly keepSpill: boolean }) {
    this.output = output;
    this.signal = signal;
    this.spill = spillSettings({ keep: options.keepSpill });
  }

  /** Opens a checkpoint and waits until all of its entries are known. The caller closes it. */
  async open(locator: string): Promise<Checkpoint> {
    const checkpoint = await this.openEarly(locator);
    try {
      await checkpoint.completed;
      return checkpoint;
    } catch (error) {
      await checkpoint.close();
      throw error;
    }
  }

  /** Opens a checkpoint as soon as anything can be asked of it. The caller closes it. */
  openEarly(locator: string, onChanged?: () => void): Promise<Checkpoint> {
    return openCheckpoint(
      { locator, spill: this.spill },
      {
        signal: this.signal,
        onProgress: (progress) => this.#showProgress(locator, progress),
        ...(onChanged && { onChanged }),
        // Loaded when a cluster is named: most archives are here.
        openRemote: async (remote, signal) =>
          (await import('./cluster/open-remote.ts')).openRemote(remote, this, signal),
        openImage: async (image, signal) => (await import('./restore/registry.ts')).openImage(image, signal),
      },
    );
  }

  /** What has to be tidied up when the command is done, however it ended; the last first. */
  onEnd(tidy: () => Promise<void>): void {
    this.#endings.push(tidy);
  }

  async end(): Promise<void> {
    for (let tidy = this.#endings.pop(); tidy; tidy = this.#endings.pop()) await tidy();
  }

  #showProgress(locator: string, { done, total, finished }: Progress): void {
    if (finished) return;
    const share = total ? `${String(Math.floor((done / total) * 100))} %` : formatSize(done);
    this.output.progress(`Reading ${locator}: ${share}`);
  }

  /**
   * Asks the same of several checkpoints, one after the other. One that cannot be opened is reported and does not stop
   * the others; what is wrong with one that could is told on stderr.
   */
  async each(
    locators: readonly string[],
    ask: (checkpoint: Checkpoint, locator: string) => Promise<void>,
  ): Promise<ExitCode> {
    let code: ExitCode = 0;
    for (const locator of locators) {
      try {
        const checkpoint = await this.open(locator);
        try {
          try {
            await ask(checkpoint, locator);
          } catch (error) {
            if (isCancelled(error) || CheckpointError.is(error, 'usage')) throw error;
            this.output.failure(error);
            code = 1;
          }
          // Also where there is no answer: damage may be why.
          const notes = await checkpoint.notes(this.signal);
          if (this.tell(notes, locators.length > 1 ? locator : undefined) && code === 0) code = 3;
        } finally {
          await checkpoint.close();
        }
      } catch (error) {
        if (isCancelled(error) || CheckpointError.is(error, 'usage')) throw error;
        this.output.failure(error);
        code = 1;
      }
    }
    return code;
  }

  /** Writes what is damaged or missing to stderr. @returns whether there is any */
  tell(notes: readonly Note[], locator?: string): boolean {
    const damage = notes.filter(isDamage);
    this.list(damage, locator);
    return damage.length > 0;
  }

  /** Writes notes to stderr; of many that say the same of different things, the first ones. */
  list(notes: readonly Note[], locator?: string): void {
    for (const alike of Map.groupBy(notes, ({ text }) => text.template).values()) {
      const shown = alike.slice(0, MANY).map(({ text }) => say(text));
      if (alike.length > MANY) shown.push(`The same holds for ${formatCount(alike.length - MANY)} more.`);
      for (const text of shown) this.output.error(locator === undefined ? text : `${locator}: ${text}`);
    }
  }
}
