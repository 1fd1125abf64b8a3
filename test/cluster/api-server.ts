import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { Authority } from './certificates.ts';
import { discover } from './discovery.ts';
import type { Exec } from './exec.ts';
import { cutAfter, delayWrites, Faults } from './faults.ts';
import type { Kind, PodObject } from './kube.ts';
import { PODS } from './pod-life.ts';
import { requestInfo, type RequestInfo } from './request-info.ts';
import { badRequest, noSuchResource, refusal, Refused, RefusedByKubelet, type StatusBody } from './status.ts';
import type { Store } from './store.ts';
import { forbidden, forbiddenPath, type User, type Users } from './users.ts';

/** One request, on its way through the server. */
export interface Visit {
  readonly url: URL;
  readonly info: RequestInfo;
  readonly user: User;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What a request is answered with by the parts behind the server. */
export interface Backend {
  kinds(): readonly Kind[];
  handle(visit: Visit, kind: Kind): Promise<void> | void;
  proxy(visit: Visit): Promise<void>;
}

/** A request as it came, for tests that look at what a client does. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly user: string;
}

/** The front of the API server: TLS, who asks, whether they may, and failures in its words. */
export class ApiServer {
  readonly faults = new Faults();
  readonly seen: Seen[] = [];
  /** Sees requests as they come, with their headers. */
  onRequest: (request: IncomingMessage) => void = () => undefined;
  /** TLS connections so far. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #users: Users;
  readonly #backend: Backend;
  readonly #exec: Exec;
  readonly #store: Store;

  constructor(
    authority: Authority,
    parts: { users: Users; backend: Backend; exec: Exec; store: Store; hosts: readonly string[] },
  ) {
    this.#users = parts.users;
    this.#backend = parts.backend;
    this.#exec = parts.exec;
    this.#store = parts.store;
    const { certificate, key } = authority.issue({ name: 'kube-apiserver', hosts: parts.hosts });
    this.#server = createServer({
      cert: certificate,
      key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: 60_000,
    });
    this.#server.on('secureConnection', (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    this.#server.on('request', (request, response) => void this.#visit(request, response));
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Cuts every connection, as a crash does. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #visit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'https://server');
      if (await this.#fail(url, request, response)) return;
      const user = this.#users.authenticate(request);
      this.#note(request, url, user);
      const info = requestInfo(request.method ?? 'GET', url);
      if (info) await this.#resource({ url, info, user, request, response });
      else this.#path(url, user, request, response);
    } catch (error) {
      answerRefused(response, error);
    }
  }

  #note(request: IncomingMessage, url: URL, user: User): void {
    this.onRequest(request);
    this.seen.push({ method: request.method ?? '', path: url.pathname, query: url.search, user: user.name });
  }

  #path(url: URL, user: User, request: IncomingMessage, response: ServerResponse): void {
    const verb = request.method === 'GET' ? 'get' : 'post';
    if (!this.#users.mayReadPath(user, url.pathname)) throw forbiddenPath(user, verb, url.pathname);
    if (/^\/(?:healthz|livez|readyz)$/.test(url.pathname)) {
      response.end('ok');
      return;
    }
    const found = discover(url.pathname, this.#backend.kinds());
    if (!found) throw noSuchResource();
    answerJson(request, response, 200, found);
  }

  async #resource(visit: Visit): Promise<void> {
    const { info, user, url, request, response } = visit;
    const discovered = info.name === undefined ? discover(url.pathname, this.#backend.kinds()) : undefined;
    if (discovered) {
      answerJson(request, response, 200, discovered);
      return;
    }
    if (!this.#users.mayUse(user, info)) throw forbidden(user, info);
    if (info.resource === 'selfsubjectaccessreviews') return this.#review(visit);
    if (info.resource === 'selfsubjectreviews') {
      const userInfo = { username: user.name, groups: user.groups };
      answerJson(request, response, 201, {
        kind: 'SelfSubjectReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        status: { userInfo },
      });
      return;
    }
    const kind = this.#backend
      .kinds()
      .find((one) => one.group === info.group && one.version === info.version && one.plural === info.resource);
    if (!kind) throw noSuchResource();
    if (info.subresource === 'proxy') return this.#backend.proxy(visit);
    if (info.subresource === 'exec') throw badRequest('Upgrade request required');
    await this.#backend.handle(visit, kind);
  }

  async #review({ user, request, response }: Visit): Promise<void> {
    const body = (await readBody(request)) as { spec?: { resourceAttributes?: Record<string, string> } };
    const { group = '', resource = '', subresource, name, namespace, verb = '' } = body.spec?.resourceAttributes ?? {};
    const optional = {
      ...(subresource !== undefined && subresource !== '' && { subresource }),
      ...(name !== undefined && name !== '' && { name }),
      ...(namespace !== undefined && namespace !== '' && { namespace }),
    };
    const allowed = this.#users.mayUse(user, { group, resource, verb, ...optional });
    answerJson(request, response, 201, {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: { creationTimestamp: null },
      spec: body.spec,
      status: { allowed },
    });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined);
    try {
      const url = new URL(request.url ?? '/', 'https://server');
      if (await this.#fail(url, request, socket)) return;
      const user = this.#users.authenticate(request);
      this.#note(request, url, user);
      const info = requestInfo(request.method ?? 'GET', url);
      if (info?.resource !== 'pods' || info.subresource !== 'exec') throw noSuchResource();
      // Since 1.35 both are needed: the verb of the request's method, and what exec has always been.
      for (const verb of ['get', 'create']) {
        if (!this.#users.mayUse(user, { ...info, verb })) throw forbidden(user, { ...info, verb });
      }
      const pod = this.#store.get(PODS, info.namespace, info.name ?? '') as PodObject;
      // The kubelet has no representation to offer, in 1.36: only who takes anything is served.
      if (!(request.headers.accept ?? '*/*').includes('*/*')) {
        throw new RefusedByKubelet(406, '406: Not Acceptable\n\nAvailable representations: ');
      }
      this.#exec.accept(pod, url.searchParams, request, socket, head);
    } catch (error) {
      const isKubelet = error instanceof RefusedByKubelet;
      const [code, type, body] = isKubelet
        ? [error.code, 'text/plain; charset=utf-8', error.message]
        : [bodyOf(error).code, 'application/json', JSON.stringify(bodyOf(error))];
      socket.end(
        `HTTP/1.1 ${String(code)} Refused\r\ncontent-type: ${type}\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`,
      );
    }
  }

  /** @returns whether a fault has answered already */
  async #fail(url: URL, request: IncomingMessage, response: ServerResponse | Duplex): Promise<boolean> {
    for (const { delay, latency, answer, cutAfter: cut } of this.faults.take({
      method: request.method ?? '',
      path: url.pathname,
      query: url.search,
    })) {
      if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay));
      if (latency !== undefined) delayWrites(request.socket, latency);
      if (cut) cutAfter(request.socket, cut());
      if (answer === undefined) continue;
      if ('writeHead' in response) {
        response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' });
        response.end(answer.body);
      } else {
        response.end(
          `HTTP/1.1 ${String(answer.status)} Fault\r\ncontent-type: ${answer.type ?? 'application/json'}\r\ncontent-length: ${String(Buffer.byteLength(answer.body))}\r\nconnection: close\r\n\r\n${answer.body}`,
        );
      }
      return true;
    }
    return false;
  }
}

/** Answers of more bytes than this are packed for who takes them so. */
const PACKED = 128 * 1024;

export function answerJson(request: IncomingMessage, response: ServerResponse, status: number, object: object): void {
  const body = Buffer.from(`${JSON.stringify(object)}\n`);
  const isPacked = body.length > PACKED && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const sent = isPacked ? gzipSync(body, { level: 1 }) : body;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': sent.length,
    ...(isPacked && { 'content-encoding': 'gzip' }),
  });
  response.end(sent);
}

function answerRefused(response: ServerResponse, error: unknown): void {
  const body = bodyOf(error);
  if (response.headersSent) return void response.destroy();
  response.writeHead(body.code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body, undefined, 2));
}

function bodyOf(error: unknown): StatusBody {
  if (error instanceof Refused) return error.body;
  return refusal(
    500,
    'InternalError',
    `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
  ).body;
}

export async function readBody(request: IncomingMessage): Promise<object> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  if (text === '') return {};
  try {
    return JSON.parse(text) as object;
  } catch {
    throw badRequest('the object provided is unrecognized (must be of type JSON)');
  }
}
