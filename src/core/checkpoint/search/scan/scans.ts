import { setImmediate as nextTurn } from 'node:timers/promises';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError } from '../../../errors.ts';
import { Scanner } from './scanner.ts';
import type { ScanAnswer, ScanJob, ScanTask } from './task.ts';
import { takeThreads, usualThreads, type ScanThread } from './thread-pool.ts';

/** Whoever does tasks. */
export interface Scans {
  /** How many tasks are done at the same time. */
  readonly width: number;
  /** @throws CheckpointError `unreadable`, `changed`; `cancelled` after `close` */
  run(task: ScanTask): Promise<ScanAnswer>;
  /** Ends what is under way; resolves when no file is read any more. */
  close(): Promise<void>;
}

/**
 * In threads of their own, so that whoever searches stays free to answer. The first task, which is small, is done here
 * where none of them runs yet: it is over before one does.
 */
export class ScansInThreads implements Scans {
  readonly #threads: readonly ScanThread[];
  readonly #here: ScansHere | undefined;
  #hasBegun = false;

  /** @param beginHere whether the first task may be done here: what is looked for takes no long time anywhere */
  constructor(job: ScanJob, { beginHere, count = usualThreads() }: { beginHere: boolean; count?: number }) {
    this.#threads = takeThreads(job, count);
    if (beginHere && !this.#threads.some(({ isRunning }) => isRunning)) this.#here = new ScansHere(job);
  }

  get width(): number {
    return this.#threads.length;
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    if (isFirst && this.#here) return this.#here.run(task);
    const [first, ...others] = this.#threads;
    if (!first) throw new RangeError('there is no thread');
    return others.reduce((least, thread) => (thread.load < least.load ? thread : least), first).run(task);
  }

  async close(): Promise<void> {
    await Promise.all([this.#here?.close(), ...this.#threads.map((thread) => thread.release())]);
  }
}

/** In this thread, task by task: for little that is over before a thread has started. */
export class ScansHere implements Scans {
  readonly width = 1;
  readonly #scanner: Scanner;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(job: ScanJob) {
    this.#scanner = new Scanner(job);
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    const answer = this.#last.then(async () => {
      await nextTurn();
      if (this.#closed) throw new CheckpointError('cancelled', sentence('The work was cancelled.'));
      return this.#scanner.scan(task);
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }
}
