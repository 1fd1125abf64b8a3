import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { HashOrder } from './file-hash-thread.ts';

const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/**
 * The SHA-256 of a file that grows. What is hashed from its first byte on is hashed as it is written, by whoever writes it:
 * to hand it to somebody else takes a good part of what the hash takes. What was there before is read in a thread of its
 * own, and so is what is written behind it. The file must be open until {@link close} has resolved.
 */
export class FileHash {
  readonly #name: string;
  readonly #descriptor: number;
  readonly #hash = createHash('sha256');
  #thread: Worker | undefined;
  #failure: Error | undefined;
  #waiting: { resolve(hex: string): void; reject(error: Error): void } | undefined;

  /** @param name for messages */
  constructor(descriptor: number, name: string) {
    this.#descriptor = descriptor;
    this.#name = name;
  }

  /** Begins with what is in the file already. @param length of this, bytes */
  begin(length: number): void {
    this.#thread = this.#start();
    this.reach(length);
  }

  /** Goes on with what comes next, while it is written. */
  update(part: Buffer): void {
    if (!this.#thread) this.#hash.update(part);
  }

  /** Says how far it is written. */
  reach(length: number): void {
    this.#thread?.postMessage({ length, digest: false } satisfies HashOrder);
  }

  /**
   * The sum of what there is. To be asked for once at a time.
   * @param length of this, bytes
   * @throws CheckpointError `unreadable`
   */
  async digest(length: number): Promise<string> {
    const thread = this.#thread;
    if (!thread) return this.#hash.copy().digest('hex');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#failure) this.#fail(this.#failure);
      else thread.postMessage({ length, digest: true } satisfies HashOrder);
    });
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
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
