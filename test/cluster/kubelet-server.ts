import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Authority } from './certificates.ts';
import type { Kubelet } from './kubelet.ts';
import { ANONYMOUS, type Users } from './users.ts';

/** A kubelet's own address: TLS with a certificate that nobody but itself vouches for, and its own look at who asks. */
export class KubeletServer {
  readonly #node: string;
  readonly #clients: Authority;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(node: string, kubelet: Kubelet, users: Users, clients: Authority) {
    this.#node = node;
    this.#clients = clients;
    this.#server = createServer({
      ...ownCertificate(node),
      ca: clients.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    });
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    this.#server.on('request', (request, response) => {
      const refuse = (): void => {
        response.writeHead(401, { 'content-type': 'text/plain; charset=utf-8' });
        response.end('Unauthorized');
      };
      try {
        const user = users.authenticate(request);
        if (user === ANONYMOUS) return refuse();
        const url = new URL(request.url ?? '/', 'https://kubelet');
        const mayUse = (verb: string, subresource: string): boolean =>
          users.mayUse(user, { group: '', resource: 'nodes', subresource, name: node, verb });
        void kubelet.handle(url.pathname, url.searchParams, { name: user.name, mayUse }, request, response);
      } catch {
        refuse();
      }
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** As a kubelet does in the course of time. */
  renewCertificate(): void {
    this.#server.setSecureContext({ ...ownCertificate(this.#node), ca: this.#clients.certificate });
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function ownCertificate(node: string): { readonly cert: string; readonly key: string } {
  const authority = new Authority(`${node}-ca@1700000000`);
  const { certificate, key } = authority.issue({ name: `${node}@1700000000`, hosts: [node] });
  return { cert: certificate, key };
}
