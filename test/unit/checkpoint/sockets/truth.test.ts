import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Notebook } from '../../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../../src/core/checkpoint/processes.ts';
import { DumpedSockets } from '../../../../src/core/checkpoint/sockets/sockets.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import type { SocketFacts } from '../../../../src/protocol/sockets.ts';
import { openFixture } from '../../criu/memory-file-set.ts';
import { expectedText, truthOf, type LiveProcess } from '../../support/fixtures.ts';

async function socketsOf(fixture: string): Promise<DumpedSockets> {
  const images = new ImageDirectory(await openFixture(fixture), 'checkpoint/');
  const notebook = new Notebook();
  return new DumpedSockets(images, new Processes(images, notebook), notebook);
}

/** The columns of ss(8) in its words. */
const STATES: Readonly<Record<string, string>> = { ESTABLISHED: 'ESTAB', CLOSE: 'UNCONN', LISTEN: 'LISTEN' };
const NETIDS: Readonly<Record<string, string>> = { STREAM: 'u_str', DGRAM: 'u_dgr', SEQPACKET: 'u_seq' };

function asSs(socket: SocketFacts): Readonly<Record<string, unknown>> {
  const isUnix = socket.family === 'unix';
  return {
    netid: isUnix ? NETIDS[socket.type] : socket.protocol.replace('6', ''),
    state: STATES[socket.state],
    // Of a datagram socket the checkpoint does not know it; the live one's was empty.
    receive: socket.receiveQueue ?? 0,
    send: socket.sendQueue,
    local: isUnix ? `${socket.local || '*'} ${String(socket.inode)}` : socket.local.replace(/^\[::\]:/, '*:'),
    peer: isUnix ? `* ${String(socket.peers[0]?.inode ?? 0)}` : anyAddress(socket),
    fd: socket.holders.map(({ fd }) => fd).join(' '),
  };
}

function anyAddress({ family, remote, local }: SocketFacts): string {
  if (remote !== '') return remote;
  return family === 'inet' ? '0.0.0.0:*' : local.startsWith('[::]:') ? '*:*' : '[::]:*';
}

/** Lines of the container's processes in the output of `ss -anp`. */
function parseSs(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line.includes('"web-master"'))
    .map((line) => {
      const [netid = '', state, receive, send, ...rest] = line.trim().split(/\s+/);
      const isUnix = netid.startsWith('u_');
      const fd = /fd=(\d+)/.exec(line)?.[1];
      const [local, peer] = isUnix
        ? [rest.slice(0, 2).join(' '), rest.slice(2, 4).join(' ')]
        : [rest[0] ?? '', rest[1] ?? ''];
      return { netid, state, receive: Number(receive), send: Number(send), local, peer, fd };
    });
}

describe('the sockets of a real checkpoint', () => {
  test('are those that ss listed just before the dump, with their queues, peers and descriptors', async () => {
    const sockets = await (await socketsOf('podman-webapp-host')).list();
    const live = parseSs(expectedText('podman-webapp-host', 'live-ss.txt') ?? '');
    assert.equal(live.length, 13);
    const byFd = (one: { fd?: unknown }, other: { fd?: unknown }): number => Number(one.fd) - Number(other.fd);
    assert.deepEqual(sockets.map(asSs).sort(byFd), live.toSorted(byFd));
  });

  for (const fixture of ['podman-webapp-host', 'containerd-webapp', 'podman-redis', 'containerd-redis']) {
    test(`of ${fixture} are held by the descriptors that were sockets`, async () => {
      const held = (await (await socketsOf(fixture)).list()).flatMap(({ inode, holders }) =>
        holders.flatMap(({ fd, pids }) => pids.map((pid) => `${String(pid)} ${String(fd)} socket:[${String(inode)}]`)),
      );
      const expected = (truthOf(fixture).liveBeforeDump ?? []).flatMap(({ pid, fds }) =>
        Object.entries(fds)
          .filter(([, { target }]) => target.startsWith('socket:'))
          .map(([fd, { target }]) => `${String(pid)} ${fd} ${target}`),
      );
      assert.deepEqual(held.sort(), expected.sort());
      assert.ok(held.length > 0);
    });
  }

  test('know what was received and not read', async () => {
    const sockets = await socketsOf('podman-webapp-host');
    const withContents = (await sockets.list()).filter(({ hasContents }) => hasContents);
    assert.deepEqual(
      withContents.map(({ protocol, receiveQueue, local }) => [protocol, receiveQueue, local]),
      [
        ['unix', 22, ''],
        ['tcp', 101, '127.0.0.1:43200'],
      ],
    );
    const client = await sockets.detail(32);
    assert.equal(client?.tcp?.image, 'checkpoint/tcp-stream-8bfba.img');
    assert.deepEqual(client.tcp.negotiated, ['timestamps', 'selective acknowledgement', 'window scaling']);
    assert.equal(client.received?.bytes, 101);
  });

  test('have the flags that their descriptors had in /proc', async () => {
    const sockets = await socketsOf('podman-webapp-host');
    const names: Readonly<Record<string, readonly string[]>> = {
      '02': ['O_RDWR'],
      '04002': ['O_RDWR', 'O_NONBLOCK'],
    };
    const live = truthOf('podman-webapp-host').liveBeforeDump as readonly LiveProcess[];
    const [master] = live;
    let compared = 0;
    for (const { id, holders } of await sockets.list()) {
      const fd = holders.find(({ pids }) => pids.includes(1))?.fd;
      const line = master?.fds[String(fd)]?.fdinfo.find((candidate) => candidate.startsWith('flags:'));
      if (line === undefined) continue;
      // Close-on-exec is the descriptor's own.
      const flags = (Number.parseInt(line.slice(6).trim(), 8) & ~0o2000000).toString(8);
      assert.deepEqual((await sockets.detail(id))?.flagNames, names[`0${flags}`]);
      compared++;
    }
    assert.equal(compared, 13);
  });

  test('name the listener that a connection came through', async () => {
    const sockets = await (await socketsOf('podman-webapp-host')).list();
    const listenerOf = (fd: number): string | undefined => {
      const id = sockets.find(({ holders }) => holders[0]?.fd === fd)?.listener;
      return sockets.find((socket) => socket.id === id)?.local;
    };
    assert.deepEqual([16, 19, 15, 20].map(listenerOf), [
      '/var/lib/webapp/ctl.sock',
      '127.0.0.1:8080',
      undefined,
      undefined,
    ]);
  });
});
