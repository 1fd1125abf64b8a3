import type { RemoteSource } from '../../bytes/byte-source.ts';
import { orCancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { cachedSource, type CacheOptions } from '../../bytes/cached-source.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import { relative, type NodeFiles, type NodeFileState } from '../node-files/node-files.ts';
import { FIRST_PAUSES, persistently } from '../persistence.ts';
import { RANGES, RangeSession } from './range-session.ts';

export interface NodeSourceOptions {
  /** The locator, for messages. */
  readonly name: string;
  /** `HOST:PORT` of the API server: names the bytes, with node, path and state. */
  readonly server: string;
  readonly cache?: CacheOptions;
  /** As for downloads: milliseconds before attempts after one that failed. */
  readonly pauses?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of one request; longer reads become several that are under way at once. */
const PIECE = 1024 * 1024;

/**
 * Opens a file on a node to be read where it is. Ranges come over one long-lived command in a helper pod, which is
 * started anew when the connection breaks off; what was read is kept for a while.
 * @throws ClusterError `not-found`, and why there is no helper pod
 */
export async function openNodeSource(
  files: NodeFiles,
  node: NodeFacts,
  path: string,
  options: NodeSourceOptions,
): Promise<RemoteSource> {
  const { state } = await persistently(() => files.stat(node, path, options.signal), {
    pauses: FIRST_PAUSES,
    ...options,
  });
  return cachedSource(new NodeSource(files, node, path, state, options), options.cache);
}

class NodeSource implements RemoteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string;
  readonly #files: NodeFiles;
  readonly #node: NodeFacts;
  readonly #path: string;
  readonly #state: NodeFileState;
  readonly #options: NodeSourceOptions;
  readonly #closed = new AbortController();
  #session: Promise<RangeSession> | undefined;

  constructor(files: NodeFiles, node: NodeFacts, path: string, state: NodeFileState, options: NodeSourceOptions) {
    this.name = options.name;
    this.size = state.size;
    const { size, modified, inode } = state;
    this.identity = `node:${[options.server, node.name, path, size, modified, inode].join('\0')}`;
    this.#files = files;
    this.#node = node;
    this.#path = path;
    this.#state = state;
    this.#options = options;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfCancelled(signal);
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    if (wanted === 0) return new Uint8Array(0);
    if (wanted <= PIECE) return this.#readPiece(offset, wanted, signal);
    const pieces: Promise<Uint8Array>[] = [];
    for (let at = 0; at < wanted; at += PIECE) {
      pieces.push(this.#readPiece(offset + at, Math.min(PIECE, wanted - at), signal));
    }
    return Buffer.concat(await Promise.all(pieces));
  }

  hash(signal?: AbortSignal): Promise<string> {
    const both = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    const work = (): Promise<string> => this.#files.hash(this.#node, this.#path, both);
    return persistently(work, { ...this.#options, signal: both });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const session = await this.#session?.catch(() => undefined);
    session?.close();
  }

  #readPiece(offset: number, length: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const attempt = async (): Promise<Uint8Array> => {
      const session = await orCancelled(this.#obtain(), signal);
      return orCancelled(session.read(offset, length), signal);
    };
    return persistently(attempt, { ...this.#options, signal });
  }

  #obtain(): Promise<RangeSession> {
    throwIfCancelled(this.#closed.signal);
    if (this.#session) return this.#session;
    const started = this.#start();
    this.#session = started;
    const forget = (): void => {
      if (this.#session === started) this.#session = undefined;
    };
    started.then((session) => void session.ended.then(forget), forget);
    return started;
  }

  /** Resolves when the command runs; the helper pod is in use until it ends. */
  #start(): Promise<RangeSession> {
    return new Promise((resolve, reject) => {
      const ranges = new RangeSession(this.name, this.#state);
      const options = {
        command: ['sh', '-c', RANGES, 'sh', relative(this.#path)],
        stdin: true,
        signal: this.#closed.signal,
        onStderr: ranges.onStderr,
      };
      this.#files
        .run(this.#node, this.#path, options, (session) => {
          ranges.start(session);
          resolve(ranges);
          return ranges.ended;
        })
        .catch(reject);
    });
  }
}
