import type { Remote } from '../../protocol/channel.ts';
import type { OpenRequest } from '../../protocol/checkpoint-api.ts';
import type { WorkerApi, WorkerEvents } from '../../protocol/worker-api.ts';
import type { Disposes } from '../disposable.ts';
import { Emitter } from '../emitter.ts';
import type { Log } from '../log.ts';
import type { OpenRemote } from './remote-files.ts';
import { WorkerThread, type Program } from './worker-thread.ts';

/** What a session tells without being asked, over all threads that it has in its life. */
export type SessionEvents = Omit<WorkerEvents, 'log'>;

/** One open checkpoint: the thread that owns it, and a new one when that died and the person wants to try again. */
export class Session {
  readonly locator: string;
  readonly #start: () => WorkerThread<WorkerApi, WorkerEvents>;
  readonly #progress = new Emitter<SessionEvents['progress']>();
  readonly #changed = new Emitter<SessionEvents['changed']>();
  readonly #searched = new Emitter<SessionEvents['searched']>();
  readonly #imaged = new Emitter<SessionEvents['imaged']>();
  #thread: WorkerThread<WorkerApi, WorkerEvents>;
  #reopening: Promise<void> | undefined;
  #ended = false;

  constructor(program: Program, request: OpenRequest, log: Log, openRemote?: OpenRemote) {
    this.locator = request.locator;
    this.#start = () => new WorkerThread(program, request, log, openRemote);
    this.#thread = this.#listened(this.#start());
  }

  readonly onProgress = (listener: (value: SessionEvents['progress']) => void): Disposes =>
    this.#progress.event(listener);

  readonly onChanged = (listener: (value: SessionEvents['changed']) => void): Disposes => this.#changed.event(listener);

  readonly onSearched = (listener: (value: SessionEvents['searched']) => void): Disposes =>
    this.#searched.event(listener);

  readonly onImaged = (listener: (value: SessionEvents['imaged']) => void): Disposes => this.#imaged.event(listener);

  /** @throws RemoteError why the checkpoint cannot be opened, why the question cannot be answered, or `crashed` */
  ask<T>(question: (checkpoint: Remote<WorkerApi>) => Promise<T>): Promise<T> {
    return this.#thread.ask(question);
  }

  /**
   * Opens the checkpoint anew, in a new thread: after a failure, a crash, or a change of the archive. Whoever asks for
   * it meanwhile waits for the same. Resolves when it is open.
   */
  reopen(): Promise<void> {
    this.#reopening ??= this.#restart().finally(() => (this.#reopening = undefined));
    return this.#reopening;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#reopening?.catch(() => undefined);
    await this.#thread.end();
  }

  async #restart(): Promise<void> {
    // One after the other: both would work on the same decompressed copy.
    await this.#thread.end();
    if (this.#ended) return;
    this.#thread = this.#listened(this.#start());
    await this.ask((checkpoint) => checkpoint.opened());
    this.#changed.fire({ complete: false });
  }

  #listened(thread: WorkerThread<WorkerApi, WorkerEvents>): WorkerThread<WorkerApi, WorkerEvents> {
    thread.on('progress', (progress) => this.#progress.fire(progress));
    thread.on('changed', (changed) => this.#changed.fire(changed));
    thread.on('searched', (state) => this.#searched.fire(state));
    thread.on('imaged', (progress) => this.#imaged.fire(progress));
    return thread;
  }
}
