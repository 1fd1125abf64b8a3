import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type TLSSocket } from 'node:tls';
import type { Proxy } from '../../../src/core/cluster/connection/proxy.ts';
import { takeInPlace } from '../../../src/core/cluster/connection/in-place.ts';
import { connectSecurely, type Trust } from '../../../src/core/cluster/connection/tls.ts';
import { Authority } from '../../cluster/certificates.ts';
import { until } from '../support/until.ts';

const authority = new Authority('test');
const { certificate: cert, key } = authority.issue({ name: 'server', hosts: ['127.0.0.1', 'localhost'] });
const trust: Trust = { by: 'authority', ca: Buffer.from(authority.certificate) };

/** What the server's ends of connections are, as they come. */
const ends: TLSSocket[] = [];
const server = createServer({ cert, key }, (socket) => {
  socket.on('error', () => undefined);
  ends.push(socket);
});
/** HTTP CONNECT to anywhere. */
const proxy = createTcpServer((near) => {
  near.once('data', () => {
    const far = connectTcp(portOf(server), '127.0.0.1', () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as [Socket, Socket][]) {
      one.pipe(other);
      one.on('error', () => other.destroy());
    }
  });
});
for (const one of [server, proxy]) {
  one.listen(0, '127.0.0.1');
  await once(one, 'listening');
}
after(() => {
  for (const socket of ends) socket.destroy();
  server.close();
  proxy.close();
});

function portOf(one: typeof server | typeof proxy): number {
  return (one.address() as AddressInfo).port;
}

async function connected(host = '127.0.0.1', through?: Proxy): Promise<{ near: TLSSocket; far: TLSSocket }> {
  const before = ends.length;
  const near = await connectSecurely({ host, port: portOf(server) }, trust, {}, through);
  after(() => near.destroy());
  await until(() => ends.length > before);
  return { near, far: ends.at(-1) as TLSSocket };
}

/** All that comes from now on, and in how many different memories it lay. */
function taken(socket: Duplex, head = Buffer.alloc(0)) {
  const [pieces, memories]: [Buffer[], Set<ArrayBufferLike>] = [[], new Set()];
  takeInPlace(socket, head, (bytes) => {
    pieces.push(Buffer.from(bytes));
    memories.add(bytes.buffer);
  });
  return { memories, bytes: () => Buffer.concat(pieces) };
}

const MANY = Buffer.alloc(3_000_000, 'what comes over a connection, ');

/** A first line as any stream gives it, the rest where it lies. */
async function exchange({ near, far }: Awaited<ReturnType<typeof connected>>) {
  far.write('first');
  const [first] = (await once(near, 'data')) as [Buffer];
  assert.equal(first.toString(), 'first');
  near.pause();
  near.removeAllListeners('data');
  // Some of it waits in the stream when it is taken over.
  far.end(MANY);
  await sleep(50);
  const all = taken(near, Buffer.from('head'));
  await once(near, 'close');
  assert.ok(all.bytes().equals(Buffer.concat([Buffer.from('head'), MANY])), String(all.bytes().length));
  return all.memories.size;
}

describe('a TLS connection that is read in place', () => {
  test('gives what came before and what comes after, and uses one buffer for the latter', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      // What waited may lie in a few of the stream's own.
      assert.ok((await exchange(await connected(host))) < 20);
    }
  });

  test('is a stream like any other through a proxy', async () => {
    const through: Proxy = { scheme: 'http', host: '127.0.0.1', port: portOf(proxy) };
    assert.ok((await exchange(await connected('127.0.0.1', through))) > 50);
  });

  test('waits while it is paused, but for a little, and loses nothing', async () => {
    const { near, far } = await connected();
    far.write('first');
    await once(near, 'data');
    near.pause();
    near.removeAllListeners('data');
    const all = taken(near);
    let most = 0;
    const sent = new Promise<void>((resolve) => far.end(MANY, resolve));
    while (!near.closed) {
      near.pause();
      const before = all.bytes().length;
      await sleep(5);
      most = Math.max(most, all.bytes().length - before);
      near.resume();
      await sleep(1);
    }
    await sent;
    assert.ok(all.bytes().equals(MANY), String(all.bytes().length));
    assert.ok(most <= 256 * 1024, String(most));
  });

  test('is checked for the name that is meant, whatever it is dialled by', async () => {
    const to = (serverName?: string) =>
      connectSecurely(
        { host: '127.0.0.1', port: portOf(server) },
        { ...trust, ...(serverName !== undefined && { serverName }) },
        {},
        undefined,
      );
    (await to('localhost')).destroy();
    await assert.rejects(to('other.example'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    await assert.rejects(to('10.0.0.1'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});
