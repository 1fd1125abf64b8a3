import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { openCluster } from '../../../src/core/cluster/cluster.ts';
import { proxyFor } from '../../../src/core/cluster/connection/proxy.ts';
import { listNodes } from '../../../src/core/cluster/inventory/nodes.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { failureOf, startCluster } from './support.ts';

const cluster = await startCluster();

/** What a proxy was asked for. */
const asked: string[] = [];

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** HTTP CONNECT, for one name and password. */
async function httpProxy(credentials?: string): Promise<number> {
  const server = createHttpServer();
  server.on('connect', (request, socket: Socket) => {
    socket.on('error', () => undefined);
    asked.push(`http ${request.url ?? ''}`);
    const shown = request.headers['proxy-authorization'];
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (shown !== expected) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    join(socket, Number(request.url?.split(':').at(-1)), () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  });
  return listening(server);
}

/** SOCKS 5 with or without name and password. */
async function socksProxy(credentials?: string): Promise<number> {
  const server = createServer((socket) => {
    let step = 0;
    socket.on('data', (data) => {
      if (step === 0) {
        step = credentials === undefined ? 2 : 1;
        socket.write(Buffer.from([5, credentials === undefined ? 0 : 2]));
      } else if (step === 1) {
        step = 2;
        const name = data.subarray(2, 2 + (data[1] ?? 0)).toString();
        const password = data.subarray(3 + (data[1] ?? 0)).toString();
        socket.write(Buffer.from([1, `${name}:${password}` === credentials ? 0 : 1]));
      } else if (step === 2) {
        step = 3;
        const name = data.subarray(5, 5 + (data[4] ?? 0)).toString();
        const port = data.readUInt16BE(data.length - 2);
        asked.push(`socks ${name}:${String(port)}`);
        socket.removeAllListeners('data');
        if (name === 'refused.example') return void socket.write(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
        join(socket, port, () => socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
      }
    });
  });
  return listening(server);
}

function join(socket: Socket, port: number, opened: () => unknown): void {
  const onward = connectTcp(port, '127.0.0.1', () => {
    opened();
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.destroy());
  socket.on('close', () => onward.destroy());
}

async function through(proxyUrl: string | undefined, environment: NodeJS.ProcessEnv = {}, server?: string) {
  const change = (
    config: Parameters<NonNullable<NonNullable<Parameters<typeof cluster.kubeconfig>[1]>['change']>>[0],
  ) =>
    Object.assign(config.clusters[0]?.cluster ?? {}, {
      ...(proxyUrl && { 'proxy-url': proxyUrl }),
      ...(server && { server }),
    });
  const path = cluster.kubeconfig('admin', { change });
  const opened = await openCluster(await loadKubeconfig({ path }), undefined, { allowPlugins: true, environment });
  after(() => opened.close());
  asked.length = 0;
  return listNodes(opened.api);
}

/** The test cluster under a name that no rule exempts from proxies; only a proxy can find it. */
const named = cluster.address.replace('127.0.0.1', 'kubernetes.default.svc');
const target = named.replace('https://', '');

describe('a proxy', () => {
  test('of the kubeconfig: HTTP', async () => {
    const port = await httpProxy();
    assert.equal((await through(`http://127.0.0.1:${String(port)}`, {}, named)).length, 1);
    assert.deepEqual(asked, [`http ${target}`]);
  });

  test('that wants to know who asks', async () => {
    const port = await httpProxy('me:secret-of-the-proxy');
    assert.equal((await through(`http://me:secret-of-the-proxy@127.0.0.1:${String(port)}`, {}, named)).length, 1);
    const error = await failureOf(through(`http://me:wrong-password@127.0.0.1:${String(port)}`, {}, named));
    assert.equal(error.reason, 'credentials');
    assert.doesNotMatch(JSON.stringify(error) + error.message, /wrong-password/);
  });

  test('of the kubeconfig: SOCKS', async () => {
    const port = await socksProxy();
    assert.equal((await through(`socks5://127.0.0.1:${String(port)}`, {}, named)).length, 1);
    assert.deepEqual(asked, [`socks ${target}`]);
    const error = await failureOf(through(`socks5://127.0.0.1:${String(port)}`, {}, 'https://refused.example'));
    assert.equal(error.reason, 'unreachable');
    assert.match(error.message, /The proxy 127\.0\.0\.1:\d+ does not lead to the cluster: Connection refused/);
  });

  test('SOCKS with name and password', async () => {
    const port = await socksProxy('me:secret');
    assert.equal((await through(`socks5h://me:secret@127.0.0.1:${String(port)}`, {}, named)).length, 1);
    assert.equal(
      (await failureOf(through(`socks5://me:other@127.0.0.1:${String(port)}`, {}, named))).reason,
      'credentials',
    );
  });

  test('of the environment', async () => {
    const port = await httpProxy();
    const HTTPS_PROXY = `http://127.0.0.1:${String(port)}`;
    assert.equal((await through(undefined, { HTTPS_PROXY }, named)).length, 1);
    assert.deepEqual(asked, [`http ${target}`]);
    // This machine itself is never reached through one.
    await through(undefined, { HTTPS_PROXY });
    assert.deepEqual(asked, []);
  });

  test('that is not there', async () => {
    const error = await failureOf(through('http://127.0.0.1:1', {}, named));
    assert.equal(error.reason, 'unreachable');
    assert.match(error.message, /The proxy 127\.0\.0\.1:1 does not lead to the cluster/);
  });

  test('whose address is none', async () => {
    for (const address of ['ftp://me:secret-password@x', 'http://[', 'nonsense://']) {
      const error = await failureOf(through(address));
      assert.equal(error.reason, 'bad-kubeconfig');
      assert.doesNotMatch(error.message, /secret-password/);
    }
  });
});

test('NO_PROXY names servers, domains, addresses and networks', () => {
  const exempt = (server: string, list: string) =>
    proxyFor(new URL(server), undefined, { https_proxy: 'http://proxy:3128', no_proxy: list }) === undefined;
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['https://api.example.com', '', false],
    ['https://api.example.com', '*', true],
    ['https://api.example.com', 'other, example.com', true],
    ['https://api.example.com', '.example.com', true],
    ['https://example.com', '.example.com', false],
    ['https://badexample.com', 'example.com', false],
    ['https://api.example.com:6443', 'api.example.com:6443', true],
    ['https://api.example.com:6443', 'api.example.com:443', false],
    ['https://10.1.2.3:6443', '10.0.0.0/8', true],
    ['https://11.1.2.3', '10.0.0.0/8', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3', '10.1.2.3/99', false],
    ['https://[fd00::1]:6443', 'fd00::/8', true],
    ['https://[fd00::1]:6443', '[fd00::1]', true],
    ['https://localhost:6443', '', true],
    ['https://127.9.9.9', '', true],
    ['https://[::1]', '', true],
  ];
  for (const [server, list, expected] of cases) assert.equal(exempt(server, list), expected, `${server} in ${list}`);
  assert.deepEqual(proxyFor(new URL('http://x'), undefined, { HTTPS_PROXY: 'http://proxy' }), undefined);
  assert.deepEqual(proxyFor(new URL('https://x'), undefined, { HTTPS_PROXY: 'proxy.example:3128' }), {
    scheme: 'http',
    host: 'proxy.example',
    port: 3128,
  });
});
