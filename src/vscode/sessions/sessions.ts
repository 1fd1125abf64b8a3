import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import { Disposable, type Disposes } from '../disposable.ts';
import { Emitter } from '../emitter.ts';
import type { Log } from '../log.ts';
import type { OpenRemote } from './remote-files.ts';
import { Session } from './session.ts';
import type { Program } from './worker-thread.ts';

/** How long, in milliseconds, a checkpoint stays open after its last user: moving a tab must not read it again. */
const GRACE = 5000;

/** The right to use a session until it is disposed. */
export interface Lease extends Disposes {
  readonly session: Session;
}

export interface SessionsOptions {
  readonly program: Program;
  readonly log: Log;
  /** Asked whenever a checkpoint is opened, so that a changed setting counts from then on. */
  readonly spill: () => SpillSettings;
  /** Gives the bytes of what is on a cluster's node. */
  readonly openRemote?: OpenRemote;
}

interface Held {
  readonly session: Session;
  users: number;
  timer?: NodeJS.Timeout;
}

/** The open checkpoints: one thread each, shared by all editors, the file system and the views that use it. */
export class Sessions extends Disposable {
  /** Milliseconds; a test makes it short. */
  grace = GRACE;
  readonly #options: SessionsOptions;
  readonly #held = new Map<string, Held>();
  readonly #ending = new Set<Promise<void>>();
  readonly #changed = new Emitter<{ readonly locator: string }>();
  readonly #ended = new Emitter<void>();

  constructor(options: SessionsOptions) {
    super();
    this.#options = options;
  }

  /** More became known of a checkpoint, or it was opened again. */
  get onChanged(): Emitter<{ readonly locator: string }>['event'] {
    return this.#changed.event;
  }

  /** A checkpoint was closed: its decompressed copy is used no more. */
  get onEnded(): Emitter<void>['event'] {
    return this.#ended.event;
  }

  /** Who is open, with how many users; those in their grace have none. */
  list(): readonly { readonly locator: string; readonly users: number }[] {
    return [...this.#held].map(([locator, { users }]) => ({ locator, users }));
  }

  acquire(locator: string): Lease {
    const held = this.#held.get(locator) ?? this.#open(locator);
    held.users++;
    clearTimeout(held.timer);
    let released = false;
    return {
      session: held.session,
      dispose: () => {
        if (released) return;
        released = true;
        if (--held.users === 0) held.timer = setTimeout(() => this.#end(locator), this.grace);
      },
    };
  }

  /** Uses a session for one piece of work. */
  async use<T>(locator: string, work: (session: Session) => Promise<T>): Promise<T> {
    const lease = this.acquire(locator);
    try {
      return await work(lease.session);
    } finally {
      lease.dispose();
    }
  }

  /** Ends all; resolves when their threads are gone. */
  async end(): Promise<void> {
    for (const locator of [...this.#held.keys()]) this.#end(locator);
    await Promise.all(this.#ending);
  }

  override dispose(): void {
    void this.end();
    super.dispose();
  }

  #open(locator: string): Held {
    const { program, log, spill, openRemote } = this.#options;
    const session = new Session(program, { locator, spill: spill() }, log, openRemote);
    const held: Held = { session, users: 0 };
    session.onChanged(() => this.#changed.fire({ locator }));
    this.#held.set(locator, held);
    log.debug(`Opened ${locator}`);
    return held;
  }

  #end(locator: string): void {
    const held = this.#held.get(locator);
    if (!held) return;
    clearTimeout(held.timer);
    this.#held.delete(locator);
    const ending = held.session.end().then(
      () => this.#options.log.debug(`Closed ${locator}`),
      (error: unknown) => this.#options.log.error(`Closing ${locator} failed.`, error as Error),
    );
    this.#ending.add(ending);
    void ending.finally(() => {
      this.#ending.delete(ending);
      this.#ended.fire();
    });
  }
}
