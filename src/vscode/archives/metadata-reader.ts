import type { Remote } from '../../protocol/channel.ts';
import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { AcquiredContainer } from '../../protocol/acquisition.ts';
import type { ArchiveMetadata, MetadataApi, MetadataRequest } from '../../protocol/metadata-api.ts';
import { Disposable, onDispose } from '../disposable.ts';
import type { Log } from '../log.ts';
import { WorkerThread, type Program, type Told } from '../sessions/worker-thread.ts';

/** Milliseconds without a question after which the thread is let go. */
const IDLE = 5000;

const REQUEST: MetadataRequest = { task: 'metadata' };

/** Reads what archives are, one after the other, in a thread that lives only while there is something to do. */
export class MetadataReader extends Disposable {
  readonly #program: Program;
  readonly #log: Log;
  #thread: WorkerThread<MetadataApi, Told> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asked = 0;

  constructor(program: Program, log: Log) {
    super();
    this.#program = program;
    this.#log = log;
    this.own(onDispose(() => void this.#rest()));
  }

  /**
   * @returns null for what is no checkpoint
   * @throws RemoteError what the worker says, or `crashed`; the next archive gets a new thread
   */
  read(locator: string, signal: AbortSignal): Promise<ArchiveMetadata | null> {
    return this.#ask((reader) => reader.metadata(locator, signal));
  }

  /** Whose checkpoint an archive on this machine says that it is. @throws RemoteError as {@link read} */
  async whose(path: string, signal: AbortSignal): Promise<AcquiredContainer | undefined> {
    return (await this.#ask((reader) => reader.whose(path, signal))) ?? undefined;
  }

  /** Drops decompressed copies that nobody needs any more. */
  sweep(spill: SpillSettings): Promise<void> {
    return this.#ask((reader) => reader.sweep(spill));
  }

  async #ask<T>(question: (reader: Remote<MetadataApi>) => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    this.#thread ??= new WorkerThread(this.#program, REQUEST, this.#log);
    const thread = this.#thread;
    this.#asked++;
    try {
      return await thread.ask(question);
    } finally {
      this.#asked--;
      if (thread.crashed && this.#thread === thread) this.#thread = undefined;
      if (this.#asked === 0) this.#timer = setTimeout(() => void this.#rest(), IDLE);
    }
  }

  async #rest(): Promise<void> {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end();
  }
}
