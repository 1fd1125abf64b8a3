import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Authority } from './certificates.ts';
import type { Kubelet } from './kubelet.ts';
import { ANONYMOUS, type Users } from './users.ts';

/** A kubelet's own address: TLS with a certificate that nobody but itself vouches for, and its own look at who asks. */
export class KubeletServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(node: string, kubelet: Kubelet, users: Users, clients: Authority) {
    const { certificate, key } = new Authority(`${node}-ca@1700000000`).issue({
      name: `${node}@1700000000`,
      hosts: [node],
    });
    this.#server = createServer({
      cert: certificate,
      key,
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

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
