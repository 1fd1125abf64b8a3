import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { sentence } from '../../../protocol/sentence.ts';
import { errorCode } from '../../bytes/file-source.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { Proxy } from './proxy.ts';

/** Milliseconds after which nothing is taken for no answer. */
export const CONNECT_TIMEOUT = 15_000;

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Gives up connecting; connections that are made stay. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a connection to a server, through a proxy where there is one. TLS comes on top of it.
 * @throws what the network says, as it is, and ClusterError `unreachable` and `credentials` for what a proxy says
 */
export function dial(target: Target, proxy: Proxy | undefined): Promise<Duplex> {
  if (!proxy) return connected(target);
  return proxy.scheme === 'socks5' ? throughSocks(target, proxy) : throughHttp(target, proxy);
}

function connected({ host, port, signal }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    const abort = (): void => void socket.destroy(new Error('given up'));
    const failed = (error: Error): void => {
      signal?.removeEventListener('abort', abort);
      reject(error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.setTimeout(CONNECT_TIMEOUT, () => socket.destroy(timedOut()));
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', failed);
      signal?.removeEventListener('abort', abort);
      keepOpen(socket);
      resolve(socket);
    });
  });
}

/** What is sent goes at once, and a connection on which nothing comes is asked whether it is still there. */
export function keepOpen(socket: Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
}

function timedOut(): NodeJS.ErrnoException {
  return Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' });
}

/** HTTP CONNECT. */
function throughHttp(target: Target, proxy: Proxy): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${String(target.port)}`;
    const { credentials } = proxy;
    const request = (proxy.scheme === 'https' ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: proxy.host,
      port: proxy.port,
      path: authority,
      agent: false,
      timeout: CONNECT_TIMEOUT,
      signal: target.signal,
      headers: {
        host: authority,
        ...(credentials && {
          'proxy-authorization': `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`,
        }),
      },
    });
    request.once('timeout', () => request.destroy(timedOut()));
    request.once('error', (error) => reject(proxyFailed(proxy, whyNot(error))));
    request.once('connect', ({ statusCode = 0 }, socket, head) => {
      if (statusCode !== 200 || head.length > 0) {
        socket.destroy();
        reject(proxyRefused(proxy, statusCode));
      } else {
        socket.setTimeout(0);
        resolve(socket);
      }
    });
    // Some proxies answer a refusal as they would any other request.
    request.once('response', ({ statusCode = 0 }) => {
      request.destroy();
      reject(proxyRefused(proxy, statusCode));
    });
    request.end();
  });
}

/** RFC 1928, with the names of RFC 1929 where the proxy wants one. The proxy looks the server's name up. */
async function throughSocks(target: Target, proxy: Proxy): Promise<Duplex> {
  const { signal } = target;
  const socket = await connected({ ...proxy, ...(signal && { signal }) }).catch((error: unknown) => {
    throw proxyFailed(proxy, whyNot(error));
  });
  const reader = new SocksReader(socket);
  try {
    const { credentials } = proxy;
    socket.write(Buffer.from(credentials ? [5, 2, 0, 2] : [5, 1, 0]));
    const [, method] = await reader.take(2);
    if (method === 2 && credentials) {
      const name = Buffer.from(credentials.username);
      const password = Buffer.from(credentials.password);
      socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]));
      const [, refused] = await reader.take(2);
      if (refused !== 0) throw proxyRefused(proxy, 407);
    } else if (method !== 0) {
      throw proxyRefused(proxy, 407);
    }
    const name = Buffer.from(target.host);
    socket.write(
      Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([target.port >> 8, target.port & 255])]),
    );
    const [, status = 1, , type] = await reader.take(4);
    if (status !== 0) throw proxyFailed(proxy, SOCKS_REPLIES[status] ?? String(status));
    const [length = 0] = type === 3 ? await reader.take(1) : [type === 4 ? 16 : 4];
    await reader.take(length + 2);
    reader.release();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const SOCKS_REPLIES: readonly string[] = [
  'succeeded',
  'general SOCKS server failure',
  'connection not allowed by ruleset',
  'Network unreachable',
  'Host unreachable',
  'Connection refused',
  'TTL expired',
  'Command not supported',
  'Address type not supported',
];

/** Takes exactly as many bytes as an answer has: what follows them is the server's. */
class SocksReader {
  readonly #socket: Socket;
  #fail: ((error: Error) => void) | undefined;
  readonly #onEnd: () => void;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#onEnd = () => this.#fail?.(new Error('the proxy closed the connection'));
    socket.setTimeout(CONNECT_TIMEOUT, () => socket.destroy(timedOut()));
    socket.once('close', this.#onEnd);
    socket.on('error', this.#onEnd);
  }

  async take(count: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#socket.read(count) as Buffer | null;
      if (bytes !== null && bytes.length === count) return bytes;
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        this.#socket.once('readable', resolve);
      });
      this.#fail = undefined;
    }
  }

  release(): void {
    this.#socket.setTimeout(0);
    this.#socket.off('close', this.#onEnd);
    this.#socket.off('error', this.#onEnd);
  }
}

function whyNot(error: unknown): string {
  const known = WHY_NOT[errorCode(error) ?? ''];
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** What the network says of a proxy. */
const WHY_NOT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name cannot be looked up',
  EAI_AGAIN: 'its name cannot be looked up',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'it does not answer',
  ENETUNREACH: 'it does not answer',
  ECONNRESET: 'the connection to it broke off',
  EPIPE: 'the connection to it broke off',
};

function proxyFailed({ host, port }: Proxy, why: string): ClusterError {
  return new ClusterError(
    'unreachable',
    sentence('The proxy {0} does not lead to the cluster: {1}.', `${host}:${String(port)}`, why),
    { brief: brief(sentence('Proxy failed'), sentence('{0}: {1}', `${host}:${String(port)}`, why)) },
  );
}

function proxyRefused(proxy: Proxy, status: number): ClusterError {
  if (status !== 407) return proxyFailed(proxy, `it answered ${String(status)}`);
  return new ClusterError(
    'credentials',
    sentence(
      'The proxy {0} wants to know who asks: put name and password into its address.',
      `${proxy.host}:${String(proxy.port)}`,
    ),
    {
      brief: brief(
        sentence('Proxy login'),
        sentence('put name and password into the address of {0}', `${proxy.host}:${String(proxy.port)}`),
      ),
    },
  );
}
