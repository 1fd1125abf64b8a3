import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { pushImage } from '../../../src/core/restore/registry/push.ts';
import { Registry } from '../../../src/core/restore/registry/registry.ts';
import { Authority } from '../../cluster/certificates.ts';
import { RegistryServer } from '../../registry/registry-server.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

interface ProxyServer {
  readonly address: string;
  /** What it was asked for. */
  readonly asked: readonly string[];
}

/** An HTTP proxy that knows every name as this machine. */
async function withProxy(use: (proxy: ProxyServer) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const server = createServer((_request, response) => response.writeHead(400).end());
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '');
    const inner = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(inner).pipe(socket);
    });
    for (const one of [socket, inner]) sockets.add(one.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use({ address: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

test('a registry is reached through the proxy of the environment, unless that names it as one to reach without', async () => {
  const authority = new Authority('registry test');
  const server = await new RegistryServer({ authority }).start();
  try {
    await withProxy(({ address, asked }) =>
      inFolder(async (folder, spill) => {
        const port = server.host.split(':').at(-1) ?? '';
        const push = (environment: NodeJS.ProcessEnv, host = `registry.example:${port}`): Promise<unknown> => {
          const settings = { ca: Buffer.from(authority.certificate), environment: { HOME: folder, ...environment } };
          const registry = new Registry(parseReference(`docker://${host}/lab/app:1`), { ...settings, push: true });
          return withCheckpoint(archiveOf('crio-tty'), spill, (checkpoint) =>
            pushImage(checkpoint, registry, { spill, pause: 1 }),
          ).finally(() => registry.close());
        };
        await push({ HTTPS_PROXY: address });
        assert.ok(server.manifests.size > 0);
        assert.ok(asked.length > 0 && asked.every((one) => one === `registry.example:${port}`), asked.join());
        const before = asked.length;
        // Nobody else knows that name.
        await assert.rejects(push({ HTTPS_PROXY: address, NO_PROXY: '.example' }), { reason: 'unreachable' });
        // This machine is never reached through a proxy.
        await push({ HTTPS_PROXY: address }, server.host);
        assert.equal(asked.length, before);
        await assert.rejects(push({ HTTPS_PROXY: 'http://127.0.0.1:1' }), { reason: 'unreachable' });
      }),
    );
  } finally {
    await server.stop();
  }
});
