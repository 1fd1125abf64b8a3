import type { RemoteSource } from '../../core/bytes/byte-source.ts';
import { handOver, type Handlers } from '../../protocol/channel.ts';
import type { RemoteApi } from '../../protocol/remote-api.ts';
import { sentence } from '../../protocol/sentence.ts';
import { failure } from '../failure.ts';

/** @throws why the bytes behind a locator cannot be had */
export type OpenRemote = (locator: string, signal: AbortSignal) => Promise<RemoteSource>;

/** The remote files that one worker has open. */
export class RemoteFiles {
  readonly #open: OpenRemote | undefined;
  readonly #sources = new Map<number, RemoteSource>();
  #next = 1;
  #closed = false;

  constructor(open: OpenRemote | undefined) {
    this.#open = open;
  }

  readonly handlers: Handlers<RemoteApi> = {
    remoteOpen: async (signal, locator) => {
      if (!this.#open) throw failure('not-here', sentence('{0} cannot be read from here.', locator));
      const source = await this.#open(locator, signal);
      const { name, size, identity } = source;
      const id = this.#next++;
      this.#sources.set(id, source);
      if (this.#closed) await this.close();
      return { id, name, size, ...(identity !== undefined && { identity }) };
    },
    remoteRead: async (signal, id, offset, length) => handOver(await this.#source(id).read(offset, length, signal)),
    remoteHeaders: async (signal, id, offset, most) =>
      (await this.#source(id).headersFrom?.(offset, most, signal)) ?? [],
    remoteHash: (signal, id) => this.#source(id).hash(signal),
    remoteClose: async (_signal, id) => {
      const source = this.#sources.get(id);
      this.#sources.delete(id);
      await source?.close();
    },
  };

  /** For the end of a worker that may not have closed them itself. */
  async close(): Promise<void> {
    this.#closed = true;
    const sources = [...this.#sources.values()];
    this.#sources.clear();
    await Promise.all(sources.map((source) => source.close().catch(() => undefined)));
  }

  #source(id: number): RemoteSource {
    const source = this.#sources.get(id);
    if (!source) throw new Error('This worker has no such file open.');
    return source;
  }
}
