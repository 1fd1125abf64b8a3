import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { WireError } from '../../../../protocol/channel.ts';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError, type Reason } from '../../../errors.ts';
import type { ThreadAnswer, ThreadTask } from './scan-thread.ts';
import { Scanner } from './scanner.ts';
import type { ScanAnswer, ScanJob, ScanTask } from './task.ts';

/** Whoever does tasks. */
export interface Scans {
  /** How many tasks are done at the same time. */
  readonly width: number;
  /** @throws CheckpointError `unreadable`, `changed`; `cancelled` after `close` */
  run(task: ScanTask): Promise<ScanAnswer>;
  /** Ends what is under way; resolves when no file is read any more. */
  close(): Promise<void>;
}

/** More bring little: memory is no faster for them. */
const MOST_THREADS = 4;
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 };

/** Threads of their own, so that whoever searches stays free to answer. */
export class ScanThreads implements Scans {
  readonly #threads: readonly ScanThread[];

  constructor(job: ScanJob, count = Math.min(MOST_THREADS, availableParallelism())) {
    this.#threads = Array.from({ length: count }, () => new ScanThread(job));
  }

  get width(): number {
    return this.#threads.length;
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    const [first, ...others] = this.#threads;
    if (!first) throw new RangeError('there is no thread');
    return others.reduce((least, thread) => (thread.load < least.load ? thread : least), first).run(task);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
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

interface Waiting {
  resolve(answer: ScanAnswer): void;
  reject(error: Error): void;
}

class ScanThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #end: Error | undefined;

  constructor(job: ScanJob) {
    this.#worker = new Worker(scriptPath(), {
      workerData: job,
      name: 'scan',
      execArgv: [],
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#worker.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`A thread that searches ended with code ${code}.`)));
  }

  /** Tasks that it has to do. */
  get load(): number {
    return this.#waiting.size;
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      const id = this.#id++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task } satisfies ThreadTask);
    });
  }

  async close(): Promise<void> {
    this.#fail(new CheckpointError('cancelled', sentence('The work was cancelled.')));
    await this.#worker.terminate();
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('answer' in answer) waiting?.resolve(answer.answer);
    else waiting?.reject(errorOf(answer.error));
  }

  #fail(error: Error): void {
    this.#end ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
    this.#waiting.clear();
  }
}

/** Beside this file: as it is, or in the bundle of its own beside the bundle that this is part of. */
function scriptPath(): string {
  const here = import.meta.filename;
  return join(dirname(here), basename(here).endsWith('.ts') ? 'scan-thread.ts' : 'scan.js');
}

function errorOf({ reason, message, template, args, where, offset }: WireError): Error {
  if (template === undefined) return new Error(message);
  return new CheckpointError(reason as Reason, sentence(template, ...(args ?? [])), {
    ...(where !== undefined && { where }),
    ...(offset !== undefined && { offset }),
  });
}
