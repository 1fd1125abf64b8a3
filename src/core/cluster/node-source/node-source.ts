import type { RemoteSource } from '../../bytes/byte-source.ts';
import { orCancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { cachedSource, type CacheOptions } from '../../bytes/cached-source.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import { relative, type NodeFiles, type NodeFileState } from '../node-files/node-files.ts';
import { isCancelled } from '../../errors.ts';
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
  const closed = new AbortController();
  const { signal } = options;
  const place = { files, node, path, name: options.name, closed };
  // The command is there when it is known what the file is like: either takes several journeys.
  const first = startRanges(place);
  try {
    const { state } = await persistently(() => files.stat(node, path, signal), { pauses: FIRST_PAUSES, ...options });
    return cachedSource(new NodeSource(place, state, first, options), options.cache);
  } catch (error) {
    closed.abort();
    throw error;
  }
}

interface Place {
  readonly files: NodeFiles;
  readonly node: NodeFacts;
  readonly path: string;
  /** The locator, for messages. */
  readonly name: string;
  /** Ends the command. */
  readonly closed: AbortController;
}

/** Resolves when the command runs; the helper pod is in use until it ends. */
function startRanges({ files, node, path, name, closed }: Place): Promise<RangeSession> {
  const started = new Promise<RangeSession>((resolve, reject) => {
    const ranges = new RangeSession(name);
    const options = {
      command: ['sh', '-c', RANGES, 'sh', relative(path)],
      stdin: true,
      signal: closed.signal,
      onStderr: ranges.onStderr,
    };
    files
      .run(node, path, options, (session) => {
        ranges.start(session);
        resolve(ranges);
        return ranges.ended;
      })
      .catch(reject);
  });
  // Who reads learns it.
  started.catch(() => undefined);
  return started;
}

class NodeSource implements RemoteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string;
  readonly #place: Place;
  readonly #state: NodeFileState;
  readonly #options: NodeSourceOptions;
  #session: Promise<RangeSession> | undefined;
  #current: RangeSession | undefined;
  /** Ranges that ended sessions have read. */
  #answered = 0;

  constructor(place: Place, state: NodeFileState, first: Promise<RangeSession>, options: NodeSourceOptions) {
    this.name = options.name;
    this.size = state.size;
    const { size, modified, inode } = state;
    this.identity = `node:${[options.server, place.node.name, place.path, size, modified, inode].join('\0')}`;
    this.#place = place;
    this.#state = state;
    this.#options = options;
    void this.#take(first);
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
    const { files, node, path, closed } = this.#place;
    const both = signal ? AbortSignal.any([signal, closed.signal]) : closed.signal;
    const work = async (): Promise<string> => (await files.hash(node, path, both)).sha256;
    return persistently(work, { ...this.#options, signal: both });
  }

  /** A hint, so that nothing is tried twice for it. */
  async headersFrom(offset: number, most: number, signal?: AbortSignal): Promise<readonly number[]> {
    try {
      const session = await orCancelled(this.#obtain(), signal);
      return await orCancelled(session.hop(offset, most), signal);
    } catch (error) {
      if (isCancelled(error)) throw error;
      return [];
    }
  }

  async close(): Promise<void> {
    this.#place.closed.abort();
    const session = await this.#session?.catch(() => undefined);
    session?.close();
  }

  #readPiece(offset: number, length: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const attempt = async (): Promise<Uint8Array> => {
      const session = await orCancelled(this.#obtain(), signal);
      return orCancelled(session.read(offset, length), signal);
    };
    // What others got is progress, too: of many that are under way at once not each can be the first after a break.
    const progress = (): number => this.#answered + (this.#current?.answered ?? 0);
    return persistently(attempt, { ...this.#options, signal }, progress);
  }

  #obtain(): Promise<RangeSession> {
    throwIfCancelled(this.#place.closed.signal);
    return this.#session ?? this.#take(startRanges(this.#place));
  }

  #take(started: Promise<RangeSession>): Promise<RangeSession> {
    this.#session = started;
    const forget = (): void => {
      if (this.#session === started) this.#session = undefined;
    };
    void started.then((session) => {
      session.expect(this.#state);
      this.#current = session;
      void session.ended.then(() => {
        this.#answered += session.answered;
        if (this.#current === session) this.#current = undefined;
        forget();
      });
    }, forget);
    return started;
  }
}
