import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { cancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { dial } from '../../cluster/connection/dial.ts';
import { proxyFor, type Proxy } from '../../cluster/connection/proxy.ts';

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body | undefined;
  /** Milliseconds in which nothing moves. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What is sent: its length, and its bytes when they are asked for. */
export interface Body {
  readonly length: number;
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The body, once. Ending early ends the connection. */
  chunks(): AsyncGenerator<Buffer, void, undefined>;
  discard(): void;
}

const IDLE = 60_000;

let systemContext: SecureContext | undefined;

/** @throws CheckpointError `usage` for what holds no certificate, which would be trusted for nothing without a word */
function contextWith(ca?: Buffer): SecureContext {
  if (ca?.includes('-----BEGIN CERTIFICATE-----') === false) {
    throw new CheckpointError(
      'usage',
      sentence('What was named as the certificate of the registry’s authority holds no certificate in PEM form.'),
    );
  }
  const known = [...getCACertificates('default'), ...getCACertificates('system')];
  return createSecureContext({ ca: ca ? [...known, ca.toString('utf8')] : known });
}

/** Connections to one server through a proxy, which sees nothing of what goes over them. */
class TunnelAgent extends HttpsAgent {
  readonly #url: URL;
  readonly #proxy: Proxy;

  constructor(url: URL, proxy: Proxy, secureContext: SecureContext) {
    super({ keepAlive: true, secureContext });
    this.#url = url;
    this.#proxy = proxy;
  }

  override createConnection(
    options: object,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    const host = hostOf(this.#url);
    const port = this.#url.port === '' ? 443 : Number(this.#url.port);
    dial({ host, port }, this.#proxy).then(
      (socket) => callback?.(null, connectTls({ ...options, socket, ...(isIP(host) === 0 && { servername: host }) })),
      (error: unknown) => callback?.(toError(error), new PassThrough()),
    );
    return undefined;
  }
}

/**
 * Requests over connections that are kept, with nothing added to them but what is asked for; through the proxy that
 * HTTPS_PROXY names, unless NO_PROXY names the server. What is not encrypted goes straight.
 */
export class HttpClient {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;
  readonly #tunnels = new Map<string, TunnelAgent>();
  readonly #secureContext: SecureContext;
  readonly #environment: NodeJS.ProcessEnv;

  /** @param ca certificates that are trusted besides those of Node and of this system, PEM */
  constructor(ca?: Buffer, environment: NodeJS.ProcessEnv = process.env) {
    // Made once: reading all authorities for each connection would take longer than connecting.
    const secureContext = ca ? contextWith(ca) : (systemContext ??= contextWith());
    this.#https = new HttpsAgent({ keepAlive: true, secureContext });
    this.#secureContext = secureContext;
    this.#environment = environment;
  }

  /** @throws what the network and TLS say, as they are; CheckpointError `cancelled` */
  async send(call: Call): Promise<Answer> {
    throwIfCancelled(call.signal);
    try {
      return await this.#exchange(call);
    } catch (error) {
      throwIfCancelled(call.signal);
      throw error;
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
    for (const tunnel of this.#tunnels.values()) tunnel.destroy();
  }

  /** @throws ClusterError where the proxy's address is none */
  #agentFor(url: URL): HttpAgent {
    if (url.protocol !== 'https:') return this.#http;
    const proxy = proxyFor(url, undefined, this.#environment);
    if (!proxy) return this.#https;
    const tunnel = this.#tunnels.get(url.origin) ?? new TunnelAgent(url, proxy, this.#secureContext);
    this.#tunnels.set(url.origin, tunnel);
    return tunnel;
  }

  #exchange({ method, url, headers, body, timeout = IDLE, signal }: Call): Promise<Answer> {
    const isSecure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (isSecure ? httpsRequest : httpRequest)({
        method,
        protocol: url.protocol,
        host: hostOf(url),
        ...(url.port !== '' && { port: url.port }),
        path: `${url.pathname}${url.search}`,
        agent: this.#agentFor(url),
        headers: {
          'user-agent': 'checkpoint-explorer',
          ...headers,
          ...(body
            ? { 'content-length': body.length }
            : method !== 'GET' && method !== 'HEAD' && { 'content-length': 0 }),
        },
        timeout,
      });
      const abort = (): void => void request.destroy(cancelled());
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (): void => signal?.removeEventListener('abort', abort);
      request.once('timeout', () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
      request.on('error', (error) => {
        settle();
        reject(error);
      });
      request.once('response', (message) => {
        message.once('close', settle);
        resolve(answerOf(url, message, signal));
      });
      if (!body) request.end();
      else write(request, body).catch((error: unknown) => request.destroy(toError(error)));
    });
  }
}

/** An answer may come before all was sent; what is left is of no use then. */
async function write(request: ClientRequest, body: Body): Promise<void> {
  const over = new AbortController();
  request.once('response', () => over.abort());
  request.once('close', () => over.abort());
  for await (const bytes of body.chunks()) {
    if (over.signal.aborted) return;
    if (!request.write(bytes)) await once(request, 'drain', over).catch(() => undefined);
  }
  request.end();
}

function answerOf(url: URL, message: IncomingMessage, signal: AbortSignal | undefined): Answer {
  return {
    url,
    status: message.statusCode ?? 0,
    headers: message.headers,
    async *chunks() {
      try {
        for await (const chunk of message) yield chunk as Buffer;
        if (!message.complete) throw Object.assign(new Error('the connection broke off'), { code: 'ECONNRESET' });
      } catch (error) {
        throwIfCancelled(signal);
        throw error;
      }
    },
    discard: () => void message.resume().on('error', () => undefined),
  };
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
