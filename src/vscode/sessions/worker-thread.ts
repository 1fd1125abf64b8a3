import { Worker } from 'node:worker_threads';
import { openChannel, type Channel, type ChannelMessage, type Port } from '../../protocol/channel.ts';
import type { RemoteApi } from '../../protocol/remote-api.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { WorkerEvents } from '../../protocol/worker-api.ts';
import { failure } from '../failure.ts';
import type { Log } from '../log.ts';
import { RemoteFiles, type OpenRemote } from './remote-files.ts';

/**
 * Hostile input may make the decoder need any amount of memory: then the thread ends, not the extension host. A tar of
 * a million entries fits. Most of what is made of an archive stays: a larger young generation would be more memory to come
 * by, not less to collect.
 */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 6 };

/** A thread that was asked to close has this long, in milliseconds, to end by itself. */
const CLOSING_TIME = 2000;

/** What a thread runs. */
export interface Program {
  /** Path of the worker's bundle. */
  readonly script: string;
  /** Private folder where what was compiled for the first such thread is kept: those after it start sooner. */
  readonly compiled?: string;
}

export interface Closable {
  close(): Promise<void>;
}

/** What every worker tells for the log. */
export type Told = Pick<WorkerEvents, 'log'>;

/** A worker thread behind its typed channel. When it dies, every question says so, the ones under way included. */
export class WorkerThread<Api extends Closable, Events extends Told> {
  readonly #worker: Worker;
  readonly #channel: Channel<Api, Events>;
  readonly #exited: Promise<void>;
  readonly #remote: RemoteFiles;
  #crash: Error | undefined;
  #ending = false;

  /** @param openRemote gives the bytes of what is not on this machine */
  constructor({ script, compiled }: Program, workerData: unknown, log: Log, openRemote?: OpenRemote) {
    this.#worker = new Worker(script, {
      workerData,
      ...(compiled !== undefined && { env: { ...process.env, NODE_COMPILE_CACHE: compiled } }),
      name: 'checkpoint',
      execArgv: [],
      resourceLimits: RESOURCE_LIMITS,
      stdout: true,
      stderr: true,
    });
    this.#remote = new RemoteFiles(openRemote);
    this.#channel = openChannel<RemoteApi, object, Api, Events>(portOf(this.#worker), this.#remote.handlers);
    this.#channel.on('log', ({ level, text }) => (level === 'error' ? log.error(text) : log.warn(text)));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        void this.#remote.close();
        if (!this.#ending) this.#died(`it ended with code ${code}`, log);
        resolve();
      });
    });
    this.#worker.on('error', (error) => this.#died(error, log));
    this.#worker.on('messageerror', (error) => log.error('A message of the worker could not be read.', error));
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => log.warn(`worker: ${text.trimEnd()}`));
    }
  }

  get crashed(): boolean {
    return this.#crash !== undefined;
  }

  on<Name extends keyof Events & string>(name: Name, listener: (value: Events[Name]) => void): void {
    this.#channel.on(name, listener);
  }

  /** @throws RemoteError what the worker says, or `crashed` */
  async ask<T>(question: (remote: Channel<Api, Events>['remote']) => Promise<T>): Promise<T> {
    try {
      return await question(this.#channel.remote);
    } catch (error) {
      throw this.#crash ?? error;
    }
  }

  /** Lets it close what it has open, and ends it. */
  async end(): Promise<void> {
    if (this.#ending) return this.#exited;
    this.#ending = true;
    if (this.#crash) return;
    const { remote } = this.#channel;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSING_TIME)));
    const closed = (remote.close as () => Promise<void>)().catch(() => undefined);
    await Promise.race([closed.then(() => this.#exited), this.#exited, patience]);
    clearTimeout(timer);
    this.#channel.close();
    await this.#worker.terminate();
  }

  #died(reason: unknown, log: Log): void {
    if (this.#crash || this.#ending) return;
    log.error('A worker stopped unexpectedly.', reason);
    const outOfMemory = reason instanceof Error && 'code' in reason && reason.code === 'ERR_WORKER_OUT_OF_MEMORY';
    this.#crash = failure(
      'crashed',
      outOfMemory
        ? sentence('Reading this checkpoint took more memory than it is allowed, so it was stopped. The log says more.')
        : sentence('Reading this checkpoint stopped unexpectedly. The log says more; try again.'),
    );
    this.#channel.close();
  }
}

function portOf(worker: Worker): Port {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (receive) => {
      const listener = (message: ChannelMessage) => receive(message);
      worker.on('message', listener);
      return () => worker.off('message', listener);
    },
  };
}
