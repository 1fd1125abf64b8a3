import { ClientRequest, type Agent, type ClientRequestArgs, type IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorCode } from '../../bytes/file-source.ts';
import { connectionFailed, timedOut } from './failure.ts';
import type { Answer, Call, TransportOptions, Upgraded } from './transport.ts';

/** Milliseconds, where a call names none. */
const TIMEOUT = 30_000;

/** How many times as long as one wait an answer may take in all: one that comes in drops would hold its reader for ever. */
const IN_ALL = 10;

/** Bytes that are sooner read than a new connection is made. */
const SHORT = 64 * 1024;

/** What a connection that the other side has closed says when it is written to or read from. */
const STALE = new Set(['ECONNRESET', 'EPIPE']);

/** A kept connection turned out to be closed before the request was answered. */
export class StaleConnection extends Error {}

/** One request and its answer. */
export class Exchange {
  /** @throws StaleConnection, and as {@link Transport.send} */
  readonly answer: Promise<Answer | Upgraded>;
  readonly #call: Call;
  readonly #options: TransportOptions;
  readonly #request: ClientRequest;
  readonly #began = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;
  /** Ends the request where it stands. One that has no connection yet would only tell when it gets one. */
  readonly #abort = (): void => {
    this.#request.destroy();
    this.#fail(broken());
  };
  #fail: (error: Error) => void = () => undefined;

  constructor(
    call: Call,
    options: TransportOptions,
    agent: Agent,
    headers: Readonly<Record<string, string | readonly string[]>>,
  ) {
    this.#call = call;
    this.#options = options;
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const { method = 'GET' } = call;
    this.#request = new ClientRequest({
      ...addressOf(options.server, call),
      agent,
      method,
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': 'checkpoint-explorer',
        ...(options.compress && call.streaming !== true && { 'accept-encoding': 'gzip' }),
        ...(body && { 'content-type': 'application/json' }),
        ...(method !== 'GET' && { 'content-length': body?.length ?? 0 }),
        ...headers,
      },
    });
    this.answer = new Promise((resolve, reject) => this.#run(body, resolve, reject));
  }

  #run(body: Buffer | undefined, resolve: (answered: Answer | Upgraded) => void, reject: (error: Error) => void): void {
    const request = this.#request;
    const { signal } = this.#call;
    let isAnswered = false;
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.#wait();
    const failed = (error: Error): void => {
      this.#settle();
      if (isAnswered) return;
      const isStale = request.reusedSocket && !this.#isLate && !signal?.aborted && STALE.has(errorCode(error) ?? '');
      reject(isStale ? new StaleConnection() : this.#explain(error));
    };
    this.#fail = failed;
    request.on('error', failed);
    request.once('close', () => failed(broken()));
    request.once('response', (response) => {
      isAnswered = true;
      clearTimeout(this.#timer);
      resolve(this.#received(response));
    });
    request.once('upgrade', (response: IncomingMessage, socket: Duplex, head: Buffer) => {
      isAnswered = true;
      this.#settle();
      // Until whoever gets it listens for himself.
      socket.on('error', () => undefined);
      resolve({ socket, head, headers: response.headers });
    });
    if (signal?.aborted) this.#abort();
    else request.end(body);
  }

  #received(response: IncomingMessage): Answer {
    return {
      status: response.statusCode ?? 0,
      contentType: (response.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
      headers: response.headers,
      chunks: () => this.#chunks(response),
      discard: () => {
        this.#settle();
        // A short one is read to its end, so that the connection can be kept.
        response.on('error', () => undefined);
        if (Number(response.headers['content-length'] ?? Infinity) <= SHORT) response.resume();
        else response.destroy();
      },
    };
  }

  async *#chunks(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
    let body: Readable = response;
    if (response.headers['content-encoding'] === 'gzip') {
      body = response.pipe(createGunzip());
      response.once('error', (error) => body.destroy(error));
      response.once('close', () => response.complete || body.destroy(broken()));
    }
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    try {
      for (;;) {
        // Only the time that the server takes counts, not the time that whoever reads does.
        if (this.#call.streaming !== true) this.#wait();
        const next = await chunks.next();
        clearTimeout(this.#timer);
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#settle();
      // What was not read to its end would keep the connection for itself.
      body.destroy();
      if (!response.readableEnded) response.destroy();
    }
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const left = this.#began + IN_ALL * this.#patience - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#isLate = true;
        this.#abort();
      },
      Math.min(this.#patience, Math.max(0, left)),
    );
  }

  get #patience(): number {
    return this.#call.timeout ?? TIMEOUT;
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#call.signal?.removeEventListener('abort', this.#abort);
  }

  #explain(error: unknown): Error {
    const { peer, secrets } = this.#options;
    if (this.#isLate) return timedOut(peer, performance.now() - this.#began);
    return connectionFailed(error, peer, secrets, this.#call.signal);
  }
}

function broken(): NodeJS.ErrnoException {
  return Object.assign(new Error('the connection broke off'), { code: 'ECONNRESET' });
}

function addressOf(server: URL, { path, query = {} }: Call): ClientRequestArgs {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return {
    protocol: server.protocol,
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port,
    // A server may lie below a path, as clusters behind Rancher do.
    path: `${server.pathname.replace(/\/$/, '')}${path}${text === '' ? '' : `?${text}`}`,
  };
}
