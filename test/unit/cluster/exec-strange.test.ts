import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import type { Transport } from '../../../src/core/cluster/connection/transport.ts';
import { capture } from '../../../src/core/cluster/exec/exec.ts';
import { Authority } from '../../cluster/certificates.ts';
import { connect, failureOf, startCluster } from './support.ts';

const cluster = await startCluster();
const authority = new Authority('strange');
const { certificate, key } = authority.issue({ name: 'server', hosts: ['127.0.0.1'] });
const TARGET = { namespace: 'lab', pod: 'box', container: 'box' };
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What the server does once the protocol is agreed on. */
let act: (socket: Duplex) => void = () => undefined;
let transport: Transport;
const server = createServer({ cert: certificate, key });
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${String(request.headers['sec-websocket-key'])}${GUID}`)
    .digest('base64');
  const agreed = `sec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v5.channel.k8s.io`;
  socket.on('error', () => undefined);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n${agreed}\r\n\r\n`);
  act(socket);
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const change = {
    server: `https://127.0.0.1:${String(port)}`,
    'certificate-authority-data': base64(authority.certificate),
  };
  const options = {
    change: (config: { clusters: readonly { cluster: object }[] }) =>
      void Object.assign(config.clusters[0]?.cluster ?? {}, change),
  };
  transport = (await connect(cluster, { token: 'token-0123456789' }, options)).api.transport;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

const BINARY = 0x82;
const PING = 0x89;
const CLOSE = 0x88;

function frame(content: string | Buffer, first = BINARY): Buffer {
  const data = Buffer.from(content);
  const head = data.length < 126 ? [first, data.length] : [first, 126, data.length >> 8, data.length & 255];
  return Buffer.concat([Buffer.from(head), data]);
}

function status(value: unknown): Buffer {
  return frame(`\x03${JSON.stringify(value)}`);
}

function run(how: (socket: Duplex) => void): Promise<Buffer> {
  act = how;
  return capture(transport, TARGET, { command: ['true'] });
}

test('a server that does not end the connection after the command is not waited for', async () => {
  const printed = await run((socket) => {
    socket.write(Buffer.concat([frame('\x01one '), status({ status: 'Success' })]));
    // What comes late counts still.
    setTimeout(() => socket.write(frame('\x01two')), 100);
  });
  assert.equal(printed.toString(), 'one two');
});

test('a status without end is the end of it', async () => {
  const error = await failureOf(
    run((socket) => {
      socket.write(frame('\x03', 0x02));
      const more = (): void => {
        while (!socket.destroyed && socket.write(frame(Buffer.alloc(60_000, 65), 0x00)));
        socket.once('drain', more);
      };
      more();
    }),
  );
  assert.match(error.message, /the server sends a status that is too long/);
});

test('a status whose members have other types, or that says nothing', async () => {
  const code = (message: unknown) => ({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message }] },
  });
  for (const [value, said] of [
    [code('abc'), /could not be run in the container: \{"status"/],
    [code(7), /could not be run in the container: \{"status"/],
    [{ message: { a: 1 } }, /could not be run in the container: \{"message"/],
    [null, /could not be run in the container: null/],
    [{ message: '' }, /could not be run in the container: no reason is given/],
    [code('3'), /A command on the node failed \(3\): it does not say why/],
  ] as const) {
    const error = await failureOf(run((socket) => void socket.write(Buffer.concat([status(value), frame('', CLOSE)]))));
    assert.equal(error.reason, 'unavailable');
    assert.match(error.message, said);
  }
});

test('who asks without end whether somebody is there, and does not listen, costs no memory', async () => {
  const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(Buffer.alloc(125), PING)));
  let answered = 0;
  await run((socket) => {
    let left = 1600;
    const more = (): void => {
      while (left > 0 && socket.write(pings)) left--;
      if (left-- > 0) return void socket.once('drain', more);
      // Only now it listens: what waits on the other side comes.
      const over = setTimeout(
        () => socket.write(Buffer.concat([status({ status: 'Success' }), frame('', CLOSE)])),
        500,
      );
      socket.on('data', (data: Buffer) => {
        answered += data.length;
        over.refresh();
      });
    };
    more();
  });
  // A hundred megabytes were asked; the system's own buffers hold a few.
  assert.ok(answered > 0 && answered < 20_000_000, String(answered));
});
