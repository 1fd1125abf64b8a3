import { Agent as HttpAgent, validateHeaderValue, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { sentence } from '../../../protocol/sentence.ts';
import { orCancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import type { Secrets } from '../../secrets.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { Credential, CredentialSource } from './credentials.ts';
import { dial, type Target } from './dial.ts';
import { Exchange, StaleConnection } from './exchange.ts';
import { connectionFailed, type Peer } from './failure.ts';
import type { Proxy } from './proxy.ts';
import { connectSecurely, type Trust } from './tls.ts';

export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** One request. */
export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with `/`; its parts are encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept?: string;
  /** Milliseconds until the answer begins, and then between its parts. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
  /** True for what does not end by itself: it is not compressed, and silence in it is no failure. */
  readonly streaming?: boolean;
}

export interface Answer {
  readonly status: number;
  /** Without parameters, in small letters: `application/json`. */
  readonly contentType: string;
  readonly headers: IncomingMessage['headers'];
  /**
   * The body, once; nothing is read ahead of whoever takes it. Ending early ends the connection.
   * @throws as {@link Transport.send}
   */
  chunks(): AsyncGenerator<Buffer, void, undefined>;
  /** Where the body is of no interest. */
  discard(): void;
}

/** A connection that was taken out of HTTP, for a WebSocket. */
export interface Upgraded {
  readonly socket: Duplex;
  /** What came together with the answer. */
  readonly head: Buffer;
  readonly headers: IncomingMessage['headers'];
}

export interface Transport {
  readonly peer: Peer;
  readonly secrets: Secrets;
  /**
   * Sends a request; any status is an answer.
   * @throws ClusterError `unreachable`, `tls`, `timeout`, `unauthorized`, `credentials`, `untrusted`;
   * CheckpointError `cancelled`
   */
  send(call: Call): Promise<Answer>;
  /** As `send`, for a request that asks to change the protocol: an ordinary answer is the server's refusal. */
  upgrade(call: Call, headers: Readonly<Record<string, string>>): Promise<Upgraded | Answer>;
  close(): void;
}

export interface TransportOptions {
  readonly peer: Peer;
  readonly server: URL;
  readonly trust: Trust;
  readonly credentials: CredentialSource;
  readonly proxy: Proxy | undefined;
  readonly secrets: Secrets;
  readonly compress: boolean;
}

/** How often a server that is too busy is asked again, and the seconds that are waited each time at most. */
const MOST_BUSY = 3;
const LONGEST_WAIT = 5;

/** Milliseconds after which an unused connection is closed. */
const IDLE = 90_000;

/**
 * Requests over HTTP/1.1 with connections that are kept. They are made of Node's own class and not with
 * `https.request`, which an editor replaces to put its proxy settings in the place of the kubeconfig's.
 */
export class HttpTransport implements Transport {
  readonly peer: Peer;
  readonly secrets: Secrets;
  readonly #options: TransportOptions;
  #pool: Pool | undefined;
  /** Those of earlier certificates, on which something is under way still. */
  readonly #retired = new Set<Pool>();

  constructor(options: TransportOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.secrets = options.secrets;
  }

  async send(call: Call): Promise<Answer> {
    for (let busy = 0; ; busy++) {
      const answer = await this.#authorized(call, async (credential) => {
        const answered = await this.#exchange(call, credential, {});
        return 'socket' in answered ? this.#unexpected(answered) : answered;
      });
      const wait = busy < MOST_BUSY ? waitOf(call, answer) : undefined;
      if (wait === undefined) return answer;
      answer.discard();
      await orCancelled(sleep(wait), call.signal);
    }
  }

  upgrade(call: Call, headers: Readonly<Record<string, string>>): Promise<Upgraded | Answer> {
    return this.#authorized(call, (credential) =>
      // The kubelet refuses, as not acceptable, who asks for JSON: seen with 1.36.
      this.#exchange(call, credential, { accept: '*/*', ...headers, connection: 'Upgrade' }),
    );
  }

  close(): void {
    for (const pool of this.#retired) pool.close();
    this.#retired.clear();
    this.#pool?.close();
    this.#pool = undefined;
    this.#options.credentials.close();
  }

  /** A credential that is refused may have been replaced since: it is asked for once more. */
  async #authorized<T extends Answer | Upgraded>(call: Call, work: (credential: Credential) => Promise<T>): Promise<T> {
    const { credentials } = this.#options;
    for (let attempt = 1; ; attempt++) {
      throwIfCancelled(call.signal);
      const credential = await credentials.get(call.signal);
      requireSendable(credential, this.peer);
      const answered = await work(credential);
      if ('socket' in answered || answered.status !== 401 || attempt > 1 || !credentials.reject(credential)) {
        return answered;
      }
      answered.discard();
    }
  }

  async #exchange(
    call: Call,
    credential: Credential,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer | Upgraded> {
    const pool = this.#poolFor(credential);
    const isRepeatable = (call.method ?? 'GET') === 'GET';
    const attempt = (agent: HttpAgent): Promise<Answer | Upgraded> =>
      new Exchange(call, this.#options, agent, { ...credential.headers, ...headers }).answer;
    if (!isRepeatable) return attempt(pool.fresh);
    try {
      return await attempt(pool.kept);
    } catch (error) {
      // The server closed the kept connection just when it was used again.
      if (!(error instanceof StaleConnection)) throw error;
      return attempt(pool.fresh);
    }
  }

  /** Connections belong to whoever made them: another client certificate means other connections. */
  #poolFor(credential: Credential): Pool {
    const owner = ownerOf(credential);
    if (this.#pool?.owner !== owner) {
      if (this.#pool) this.#retired.add(this.#pool);
      for (const pool of this.#retired) if (pool.retire()) this.#retired.delete(pool);
      this.#pool = new Pool(owner, this.#options, credential);
    }
    return this.#pool;
  }

  #unexpected({ socket }: Upgraded): never {
    socket.destroy();
    throw connectionFailed(new Error('it changed the protocol unasked'), this.peer, this.secrets);
  }
}

/** @throws ClusterError `credentials` for what has no place in a header: a line break would begin another one */
function requireSendable({ headers }: Credential, { name }: Peer): void {
  for (const [header, value] of Object.entries(headers)) {
    try {
      for (const one of typeof value === 'string' ? [value] : value) validateHeaderValue(header, one);
    } catch {
      const what = header === 'authorization' ? 'token' : 'as';
      throw new ClusterError(
        'credentials',
        sentence(
          'The credentials of {0} cannot be sent: there is a line break or another character in “{1}” that does not belong there. Check the user in the kubeconfig.',
          name,
          what,
        ),
        { brief: brief(sentence('Bad credentials'), sentence('a line break or the like in “{0}”', what)), where: name },
      );
    }
  }
}

/** Milliseconds after which a server that is too busy wants to be asked again, where somebody waits as long as that. */
function waitOf({ method = 'GET' }: Call, { status, headers }: Answer): number | undefined {
  const seconds = /^\d{1,2}$/.exec(headers['retry-after'] ?? '')?.[0];
  if (status !== 429 || method !== 'GET' || seconds === undefined) return undefined;
  return Number(seconds) <= LONGEST_WAIT ? Number(seconds) * 1000 : undefined;
}

function ownerOf({ certificate, key }: Credential): string {
  const hash = createHash('sha256');
  for (const part of [certificate, key]) hash.update(part ?? '').update('\0');
  return hash.digest('base64');
}

/** One context's connections for one client certificate. */
class Pool {
  readonly owner: string;
  readonly kept: HttpAgent;
  readonly fresh: HttpAgent;
  readonly #closed = new AbortController();

  constructor(owner: string, options: TransportOptions, credential: Credential) {
    this.owner = owner;
    const { server, trust, proxy } = options;
    const isSecure = server.protocol === 'https:';
    const target: Target = {
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port === '' ? (isSecure ? 443 : 80) : Number(server.port),
      signal: this.#closed.signal,
    };
    const connect = (): Promise<Duplex> =>
      isSecure ? connectSecurely(target, trust, credential, proxy) : dial(target, proxy);
    const agent = (keepAlive: boolean): HttpAgent => {
      const made = isSecure
        ? new HttpsAgent({ keepAlive, maxFreeSockets: 4, timeout: IDLE })
        : new HttpAgent({ keepAlive, maxFreeSockets: 4, timeout: IDLE });
      made.createConnection = (_options, created) => {
        connect().then(
          (socket) => created?.(null, socket),
          (error: unknown) => created?.(error as Error, undefined as unknown as Duplex),
        );
        return undefined;
      };
      return made;
    };
    this.kept = agent(true);
    this.fresh = agent(false);
  }

  /** Lets what is under way end, and keeps no connection for later. @returns whether nothing was under way */
  retire(): boolean {
    this.kept.maxFreeSockets = 0;
    for (const socket of Object.values(this.kept.freeSockets).flat()) socket?.destroy();
    return [this.kept, this.fresh].every(
      ({ sockets, requests }) => Object.keys(sockets).length + Object.keys(requests).length === 0,
    );
  }

  close(): void {
    this.#closed.abort();
    this.kept.destroy();
    this.fresh.destroy();
  }
}
