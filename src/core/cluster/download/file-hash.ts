import { basename, dirname, join } from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { HashOrder } from './file-hash-thread.ts';

const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/**
 * The SHA-256 of a file that grows, as it stands in the file, computed in a thread of its own: whoever writes the file
 * has a connection to empty. The file must be open until {@link close} has resolved.
 */
export class FileHash {
  readonly #name: string;
  readonly #descriptor: number;
  #thread: Worker | undefined;
  #failure: Error | undefined;
  #waiting: { resolve(hex: string): void; reject(error: Error): void } | undefined;

  /** @param name for messages */
  constructor(descriptor: number, name: string) {
    this.#descriptor = descriptor;
    this.#name = name;
  }

  /** Says how far it is written. */
  reach(length: number): void {
    this.#order({ length, digest: false });
  }

  /** The sum of its first bytes. To be asked for once at a time. @throws CheckpointError `unreadable` */
  digest(length: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#failure) this.#fail(this.#failure);
      else this.#order({ length, digest: true });
    });
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #order(order: HashOrder): void {
    this.#thread ??= this.#start();
    this.#thread.postMessage(order);
  }

  #start(): Worker {
    const thread = new Worker(scriptPath(), {
      name: 'hash',
      workerData: this.#descriptor,
      execArgv: [],
      env: SHARE_ENV,
      resourceLimits: RESOURCE_LIMITS,
    });
    thread.on('message', (hex: string) => {
      this.#waiting?.resolve(hex);
      this.#waiting = undefined;
    });
    thread.on('error', (error) => this.#fail(error));
    return thread;
  }

  #fail(error: Error): void {
    this.#failure = error;
    const text = sentence('{0} cannot be read back for its SHA-256 ({1}).', this.#name, error.message);
    this.#waiting?.reject(new CheckpointError('unreadable', text, { where: this.#name, cause: error }));
    this.#waiting = undefined;
  }
}

/** Beside this file: as it is, or in the bundle of its own beside the bundle that this is part of. */
function scriptPath(): string {
  const here = import.meta.filename;
  return join(dirname(here), basename(here).endsWith('.ts') ? 'file-hash-thread.ts' : 'hash.js');
}
