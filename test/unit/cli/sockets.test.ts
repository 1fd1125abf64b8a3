import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { socketLine } from '../../../src/cli/socket-lines.ts';
import { filesImage, inet, netlink, packet, socketsOf, unix } from '../checkpoint/sockets/build-sockets.ts';
import { archiveOf, expectedText } from '../support/fixtures.ts';
import { cli } from './support.ts';

const WEBAPP = archiveOf('podman-webapp-host');

interface Printed {
  readonly locator: string;
  readonly sockets: readonly {
    readonly local: string;
    readonly flags: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly received?: { readonly bytes: number; readonly contents?: string };
  }[];
  readonly tracked_connections: readonly unknown[];
  readonly notes: readonly { readonly kind: string }[];
}

/** Columns of a line, with blanks of any number between them. */
function squeeze(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}

describe('sockets', () => {
  test('prints the lines that ss printed just before the dump', async () => {
    const { code, stdout } = await cli('sockets', WEBAPP);
    assert.equal(code, 0);
    const live = (expectedText('podman-webapp-host', 'live-ss.txt') ?? '')
      .split('\n')
      .filter((line) => line.includes('"web-master"'))
      // The pid of the host is not in the checkpoint.
      .map((line) => squeeze(line).replace('pid=23637', 'pid=1'))
      // It writes an IPv6 wildcard as it writes no address at all, and of a UNIX peer only the inode.
      .map((line) => line.replace('*:5354 *:*', '[::]:5354 [::]:*'))
      .map((line) => line.replace('* 573367', '/var/lib/webapp/ctl.sock 573367'));
    const shown = stdout
      .trimEnd()
      .split('\n')
      .slice(2)
      // What a datagram socket had received is not in the checkpoint.
      .map((line) => squeeze(line).replace(/^(udp \w+) -/, '$1 0'));
    assert.deepEqual(shown.sort(), live.sort());
  });

  test('of one process are those that it has open', async () => {
    const lines = async (...args: readonly string[]) =>
      (await cli('sockets', WEBAPP, ...args)).stdout.trimEnd().split('\n').slice(2).length;
    assert.deepEqual([await lines('--pid', '1'), await lines('-p', '2')], [13, 0]);
    const { code, stderr } = await cli('sockets', WEBAPP, '--pid', '99');
    assert.equal(code, 1);
    assert.match(stderr, /There is no process 99 in /);
  });

  test('as JSON have everything that is known of them', async () => {
    const { stdout } = await cli('sockets', WEBAPP, '--format', 'json');
    const { locator, sockets, tracked_connections: tracked, notes } = JSON.parse(stdout) as Printed;
    assert.equal(locator, WEBAPP);
    assert.equal(sockets.length, 13);
    const client = sockets.find(({ local }) => local === '127.0.0.1:43200');
    assert.equal(client?.flags, '0x2');
    assert.equal(client.options['SO_SNDBUF'], 3939840);
    assert.equal(client.received?.bytes, 101);
    assert.deepEqual(tracked, []);
    assert.ok(notes.some(({ kind }) => kind === 'stale'));
  });

  test('as JSON are one document where there are none', async () => {
    const { stdout } = await cli('sockets', archiveOf('podman-counter-none'), '--format', 'json');
    assert.deepEqual((JSON.parse(stdout) as Printed).sockets, []);
  });
});

test('every kind of socket is a line in the words of ss', async () => {
  const { list } = await socketsOf(
    filesImage(
      unix(1, { type: 5, state: 1, peer: 1002 }),
      unix(2, { type: 5, state: 1, peer: 1001, name: '/s' }),
      unix(3, { uflags: 1, state: 10, type: 2, name: '/dev/log' }),
      inet(4, { family: 10, type: 2, proto: 58, src_addr: [0, 0, 0, 0], dst_addr: [0, 0, 0, 0] }),
      inet(5, { state: 8, src_port: 1, dst_port: 2, dst_addr: [0x0100000a], ns_id: 2 }),
      netlink(6, { portid: 9 }),
      packet(7, { type: 2 }),
      inet(8, { state: 44 }),
    ),
  );
  assert.deepEqual(
    list.map((socket) => socketLine(socket, new Map())),
    [
      ['u_seq', 'ESTAB', '0', '0', '* 1001', '/s 1002', ''],
      ['u_seq', 'ESTAB', '0', '0', '/s 1002', '* 1001', ''],
      ['u_dgr', 'LISTEN', '-', '-', '/dev/log 1003 (outside)', '* 0', ''],
      ['icmp6', 'UNCONN', '-', '0', '[::]:*', '[::]:*', ''],
      ['tcp', 'CLOSE-WAIT', '-', '0', '0.0.0.0:1', '10.0.0.1:2', ''],
      ['nl', 'UNCONN', '0', '-', 'route:9', '*', ''],
      ['p_dgr', 'UNCONN', '-', '-', 'ALL:*', '*', ''],
      ['tcp', '44', '0', '0', '0.0.0.0:*', '0.0.0.0:*', ''],
    ],
  );
});
