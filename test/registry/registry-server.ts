import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Authority } from '../cluster/certificates.ts';

/** How a server lets one in. */
export type Gate = 'open' | 'basic' | 'token';

export interface RegistryServerOptions {
  readonly authority?: Authority;
  readonly gate?: Gate;
  readonly username?: string;
  readonly password?: string;
  /** The connection breaks off, once, after so many bytes of a blob. */
  readonly cutAfter?: number;
  /** After so many bytes of a blob it takes no more, once, until whoever sends gives up. */
  readonly stallAfter?: number;
  /** What the server keeps of an upload that broke off: all that came, or nothing. */
  readonly keeps?: 'all' | 'nothing' | 'forgets';
  /**
   * As the distribution's registry: the place of an upload says how much there is, and one of which there is more, or less,
   * is at an end.
   */
  readonly strict?: boolean;
  /** Blobs are at another address, as with object storage. */
  readonly blobsAt?: string;
  /** It has no ranges. */
  readonly wholeOnly?: boolean;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly length: number;
}

/** A registry that speaks the OCI distribution-spec 1.1 over real sockets, with content in memory. */
export class RegistryServer {
  readonly #options: RegistryServerOptions;
  readonly #server;
  readonly blobs = new Map<string, Buffer>();
  /** `name@sha256:…` that a repository has. */
  readonly links = new Set<string>();
  readonly manifests = new Map<string, { bytes: Buffer; mediaType: string }>();
  readonly seen: Seen[] = [];
  readonly #uploads = new Map<string, Buffer[]>();
  readonly #tokens = new Set<string>();
  /** Bytes that it had when it stalled. */
  stalled = 0;
  #cut: number | undefined;
  #stall: number | undefined;

  constructor(options: RegistryServerOptions = {}) {
    this.#options = options;
    this.#cut = options.cutAfter;
    this.#stall = options.stallAfter;
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#handle(request, response).catch(() => request.socket.destroy());
    };
    const issued = options.authority?.issue({
      name: 'registry',
      hosts: ['127.0.0.1', 'localhost', 'registry.example'],
    });
    this.#server = issued ? createSecure({ cert: issued.certificate, key: issued.key }, handle) : createPlain(handle);
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get origin(): string {
    return `${this.#options.authority ? 'https' : 'http'}://${this.host}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    const method = request.method ?? '';
    const { authorization } = request.headers;
    const seen = { method, path: url.pathname, authorization, length: Number(request.headers['content-length'] ?? 0) };
    this.seen.push(seen);
    if (url.pathname === '/token') return this.#token(request, url, response);
    if (!this.#isIn(authorization)) {
      this.#challenge(response);
      return;
    }
    if (url.pathname === '/v2/') {
      end(response, 200, '{}');
      return;
    }
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/([\w-]*)$/.exec(url.pathname);
    if (upload) return this.#upload(request, response, { name: upload[1] ?? '', id: upload[2] ?? '', url });
    const blob = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url.pathname);
    if (blob) {
      this.#blob(request, response, { name: blob[1] ?? '', digest: blob[2] ?? '' });
      return;
    }
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname);
    if (manifest) return this.#manifest(request, response, { name: manifest[1] ?? '', version: manifest[2] ?? '' });
    end(response, 404, error('UNSUPPORTED', 'no such place'));
  }

  #isIn(authorization: string | undefined): boolean {
    const { gate = 'open' } = this.#options;
    if (gate === 'open') return true;
    if (gate === 'basic') return authorization === this.#basic();
    return this.#tokens.has(authorization?.replace(/^Bearer /, '') ?? '');
  }

  #basic(): string {
    const { username = '', password = '' } = this.#options;
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  #challenge(response: ServerResponse): void {
    const value =
      this.#options.gate === 'basic'
        ? 'Basic realm="registry"'
        : `Bearer realm="${this.origin}/token",service="registry",scope="repository:x:pull"`;
    response.setHeader('www-authenticate', value);
    end(response, 401, error('UNAUTHORIZED', `authentication required, not ${this.#options.password ?? ''}`));
  }

  async #token(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams((await read(request)).toString('utf8'));
    const isRefresh =
      form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === this.#options.password;
    if (!isRefresh && (request.headers.authorization !== this.#basic() || !url.searchParams.has('scope'))) {
      end(response, 401, error('UNAUTHORIZED', 'who are you'));
      return;
    }
    const token = `token-${randomUUID()}`;
    this.#tokens.add(token);
    end(response, 200, JSON.stringify({ token, expires_in: 60 }));
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { name, id, url }: { name: string; id: string; url: URL },
  ): Promise<void> {
    if (request.method === 'POST') {
      const digest = url.searchParams.get('mount') ?? '';
      const from = url.searchParams.get('from') ?? '';
      if (this.links.has(`${from}@${digest}`)) {
        this.links.add(`${name}@${digest}`);
        end(response, 201);
        return;
      }
      const begun = randomUUID();
      this.#uploads.set(begun, []);
      response.setHeader('location', `/v2/${name}/blobs/uploads/${begun}?_state=secret-0`);
      end(response, 202);
      return;
    }
    const parts = this.#uploads.get(id);
    if (!parts) {
      end(response, 404, error('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry'));
      return;
    }
    const have = (): number => parts.reduce((sum, part) => sum + part.length, 0);
    const state = (): string => `secret-${String(have())}`;
    const place = (): string => `${this.origin}/v2/${name}/blobs/uploads/${id}?_state=${state()}`;
    if (this.#options.strict === true && url.searchParams.get('_state') !== state()) {
      this.#uploads.delete(id);
      end(response, 404, error('BLOB_UPLOAD_INVALID', 'blob upload invalid'));
      return;
    }
    response.setHeader('location', place());
    if (request.method === 'GET') {
      response.setHeader('range', `0-${String(Math.max(0, have() - 1))}`);
      end(response, 204);
      return;
    }
    if (request.method === 'PATCH') {
      const start = Number(/^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? have());
      if (start !== have()) {
        end(response, 416, error('BLOB_UPLOAD_INVALID', 'out of order'));
        return;
      }
      const before = parts.length;
      for await (const chunk of request as AsyncIterable<Buffer>) {
        parts.push(chunk);
        if (this.#stall !== undefined && have() >= this.#stall) {
          this.#stall = undefined;
          this.stalled = have();
          if (this.#options.keeps === 'nothing') parts.splice(before);
          if (this.#options.keeps === 'forgets') this.#uploads.delete(id);
          await once(request.socket, 'close');
          return;
        }
        if (this.#cut === undefined || have() < this.#cut) continue;
        this.#cut = undefined;
        if (this.#options.keeps === 'nothing') parts.splice(before);
        if (this.#options.keeps === 'forgets') this.#uploads.delete(id);
        request.socket.destroy();
        return;
      }
      response.setHeader('range', `0-${String(have() - 1)}`);
      response.setHeader('location', place());
      end(response, 202);
      return;
    }
    const digest = url.searchParams.get('digest') ?? '';
    const bytes = Buffer.concat([...parts, await read(request)]);
    this.#uploads.delete(id);
    if (digestOf(bytes) !== digest) {
      end(response, 400, error('DIGEST_INVALID', 'digest does not match'));
      return;
    }
    this.blobs.set(digest, bytes);
    this.links.add(`${name}@${digest}`);
    end(response, 201);
  }

  #blob(request: IncomingMessage, response: ServerResponse, { name, digest }: { name: string; digest: string }): void {
    const bytes = this.links.has(`${name}@${digest}`) ? this.blobs.get(digest) : undefined;
    if (!bytes) return end(response, 404, error('BLOB_UNKNOWN', 'blob unknown to registry'));
    const { blobsAt, wholeOnly } = this.#options;
    if (blobsAt !== undefined && request.method === 'GET') {
      response.setHeader('location', `${blobsAt}/v2/${name}/blobs/${digest}?signature=secret`);
      return end(response, 307);
    }
    const range = wholeOnly === true ? undefined : request.headers.range;
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    const part = from === '' ? bytes : bytes.subarray(Number(from), Number(to) + 1);
    response.setHeader('content-length', part.length);
    if (request.method === 'HEAD') return end(response, 200);
    response.writeHead(from === '' ? 200 : 206);
    response.end(part);
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    { name, version }: { name: string; version: string },
  ): Promise<void> {
    if (request.method === 'PUT') {
      const bytes = await read(request);
      const { config, layers } = JSON.parse(bytes.toString('utf8')) as {
        config: { digest: string };
        layers: { digest: string }[];
      };
      const missing = [config, ...layers].find(({ digest }) => !this.links.has(`${name}@${digest}`));
      if (missing) {
        end(response, 400, error('MANIFEST_BLOB_UNKNOWN', missing.digest));
        return;
      }
      const mediaType = request.headers['content-type'] ?? '';
      for (const key of [version, digestOf(bytes)]) this.manifests.set(`${name}:${key}`, { bytes, mediaType });
      end(response, 201);
      return;
    }
    const manifest = this.manifests.get(`${name}:${version}`);
    if (!manifest) {
      end(response, 404, error('MANIFEST_UNKNOWN', 'manifest unknown'));
      return;
    }
    response.setHeader('content-type', manifest.mediaType);
    end(response, 200, manifest.bytes);
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

function end(response: ServerResponse, status: number, body: string | Buffer = ''): void {
  response.statusCode = status;
  response.end(body);
}

function error(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message, detail: null }] });
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
