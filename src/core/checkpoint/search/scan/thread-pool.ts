import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { WireError } from '../../../../protocol/channel.ts';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError, type Reason } from '../../../errors.ts';
import type { ThreadAnswer, ThreadMessage } from './scan-thread.ts';
import type { ScanAnswer, ScanJob, ScanTask } from './task.ts';

/** More bring little: memory is no faster for them. */
const MOST_THREADS = 4;
/** Milliseconds that a thread without work is kept: the next search is quicker for it. */
const KEEP_IDLE = 20_000;
/** Milliseconds that a thread has to end what it does before it is ended: usual tasks take few. */
const LAST_TASKS = 50;
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 };

/** Threads that wait for work, all ready to be taken. They do not keep the process alive. */
const idle: ScanThread[] = [];

/** How many threads a search takes. */
export function usualThreads(): number {
  return Math.min(MOST_THREADS, availableParallelism());
}

/** Starts threads before it is known what they are to look for: a search that comes soon finds them running. */
export function warmThreads(): void {
  while (idle.length < usualThreads()) new ScanThread().rest();
}

/** Some threads that look for something from now on. Give each back with `release`. */
export function takeThreads(job: ScanJob, count: number): readonly ScanThread[] {
  return Array.from({ length: count }, () => {
    const thread = idle.pop() ?? new ScanThread();
    thread.begin(job);
    return thread;
  });
}

interface Waiting {
  resolve(answer: ScanAnswer): void;
  reject(error: Error): void;
}

/** One thread: it does one task after the other. */
export class ScanThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #end: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #drain: (() => void) | undefined;

  constructor() {
    this.#worker = new Worker(scriptPath(), {
      name: 'scan',
      execArgv: [],
      env: SHARE_ENV,
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#worker.once('online', () => (this.#isRunning = true));
    this.#worker.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`A thread that searches ended with code ${code}.`)));
  }

  /** False while it still starts. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Tasks that it has to do. */
  get load(): number {
    return this.#waiting.size;
  }

  begin(job: ScanJob): void {
    clearTimeout(this.#timer);
    this.#worker.ref();
    this.#post({ job });
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      const id = this.#id++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, task });
    });
  }

  /**
   * Waits for other work if it is soon through with what it has, and ends otherwise. Resolves when it reads no file any
   * more.
   */
  async release(): Promise<void> {
    if (this.#waiting.size > 0) await this.#drained();
    if (this.#waiting.size === 0 && !this.#end) {
      this.rest();
      return;
    }
    this.#fail(new CheckpointError('cancelled', sentence('The work was cancelled.')));
    await this.#worker.terminate();
  }

  rest(): void {
    this.#worker.unref();
    this.#timer = setTimeout(() => void this.#retire(), KEEP_IDLE);
    this.#timer.unref();
    idle.push(this);
  }

  /** Resolves when all that it was given is done, or has taken too long. */
  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), LAST_TASKS);
    this.#drain = () => resolve(undefined);
    await promise;
    clearTimeout(timer);
    this.#drain = undefined;
  }

  #retire(): Promise<unknown> {
    this.#forget();
    return this.#worker.terminate();
  }

  #post(message: ThreadMessage): void {
    this.#worker.postMessage(message);
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('answer' in answer) waiting?.resolve(answer.answer);
    else waiting?.reject(errorOf(answer.error));
    if (this.#waiting.size === 0) this.#drain?.();
  }

  #fail(error: Error): void {
    this.#end ??= error;
    this.#forget();
    for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
    this.#waiting.clear();
    this.#drain?.();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    const place = idle.indexOf(this);
    if (place >= 0) idle.splice(place, 1);
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
