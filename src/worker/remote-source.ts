import type { RemoteSource } from '../core/bytes/byte-source.ts';
import { cachedSource } from '../core/bytes/cached-source.ts';
import { CheckpointError, type Reason } from '../core/errors.ts';
import { RemoteError, type Remote } from '../protocol/channel.ts';
import type { RemoteApi, RemoteFacts } from '../protocol/remote-api.ts';
import { sentence } from '../protocol/sentence.ts';

/** How a checkpoint is opened whose bytes only the host can fetch. What was fetched is kept for a while. */
export function openThrough(
  host: () => Remote<RemoteApi>,
): (locator: string, signal?: AbortSignal) => Promise<RemoteSource> {
  return async (locator, signal) => {
    const facts = await told(host().remoteOpen(locator, signal));
    return cachedSource(new FromHost(host(), facts));
  };
}

class FromHost implements RemoteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string | undefined;
  readonly #host: Remote<RemoteApi>;
  readonly #id: number;

  constructor(host: Remote<RemoteApi>, { id, name, size, identity }: RemoteFacts) {
    this.#host = host;
    this.#id = id;
    this.name = name;
    this.size = size;
    this.identity = identity;
  }

  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return told(this.#host.remoteRead(this.#id, offset, length, signal));
  }

  headersFrom(offset: number, most: number, signal?: AbortSignal): Promise<readonly number[]> {
    return told(this.#host.remoteHeaders(this.#id, offset, most, signal));
  }

  hash(signal?: AbortSignal): Promise<string> {
    return told(this.#host.remoteHash(this.#id, signal));
  }

  async close(): Promise<void> {
    await this.#host.remoteClose(this.#id).catch(() => undefined);
  }
}

/** What the host says is wrong is an error of core's here, so that core understands it. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    const { reason, template, args, where, message } = error;
    const text = template === undefined ? sentence('{0}', message) : { template, args };
    throw new CheckpointError(reason === 'closed' ? 'cancelled' : (reason as Reason), text, {
      ...(where !== undefined && { where }),
      cause: error,
    });
  }
}
