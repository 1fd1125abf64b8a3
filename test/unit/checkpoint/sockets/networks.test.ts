import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatInet6Addresses, formatRoutes } from '../../../../src/core/checkpoint/proc/device-format.ts';
import { machineWords } from '../../../../src/core/checkpoint/proc/net-format.ts';
import { octetsOfAddress, addressOfOctets } from '../../../../src/core/criu/field-words.ts';
import type { NetworkNamespace } from '../../../../src/protocol/networks.ts';
import { bytes, entry, image } from '../../criu/build-image.ts';
import { filesImage, inet, socketsOf, words } from './build-sockets.ts';

const recorded = join(import.meta.dirname, 'recorded');
const read = (name: string): Buffer => readFileSync(join(recorded, name));

const device = (ifindex: number, name: string, more: object = {}) =>
  entry('net_device_entry', { type: 2, ifindex, mtu: 1500, flags: 0x11043, name, ...more });

/** A namespace of Linux 6.18, saved with ip as CRIU does, and what its /proc/net said. */
const NAMESPACE = {
  'netns-1.img': image('NETNS', entry('netns_entry', {})),
  'netdev-1.img': image(
    'NETDEV',
    device(3, 'va', { address: Buffer.from([0x52, 0x4e, 0x6d, 0x12, 0xc5, 0xa8]), master: 7 }),
    device(1, 'lo', { type: 1, flags: 0x10049 }),
    device(2, 'vb', { type: 6 }),
  ),
  'route-1.img': read('route-1.img'),
  'route6-1.img': read('route6-1.img'),
  'ifaddr-1.img': read('ifaddr-1.img'),
};

async function namespace(images: Readonly<Record<string, Uint8Array>> = NAMESPACE): Promise<NetworkNamespace> {
  const [first] = await (await socketsOf(images)).sockets.networks();
  assert.ok(first);
  return first;
}

describe('a network namespace', () => {
  test('has its interfaces by index, with flags in words', async () => {
    assert.deepEqual((await namespace()).devices, [
      { index: 1, name: 'lo', type: 'LOOPBACK', mtu: 1500, flags: ['UP', 'LOOPBACK', 'RUNNING', 'LOWER_UP'] },
      {
        index: 2,
        name: 'vb',
        type: 'BRIDGE',
        mtu: 1500,
        flags: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST', 'LOWER_UP'],
      },
      {
        index: 3,
        name: 'va',
        type: 'VETH',
        mtu: 1500,
        flags: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST', 'LOWER_UP'],
        address: '52:4e:6d:12:c5:a8',
        master: 7,
      },
    ]);
  });

  test('has its addresses and routes', async () => {
    const { addresses, routes } = await namespace();
    assert.deepEqual(
      addresses.map(({ device: index, address, prefix, scope }) => [index, `${address}/${String(prefix)}`, scope]),
      [
        [1, '127.0.0.1/8', 'host'],
        [3, '10.9.0.2/24', 'global'],
        [1, '::1/128', 'host'],
        [2, 'fe80::4c96:d6ff:fe62:bad/64', 'link'],
        [3, 'fd09::2/64', 'global'],
        [3, 'fe80::504e:6dff:fe12:c5a8/64', 'link'],
      ],
    );
    assert.deepEqual(routes[0], {
      family: 'inet',
      destination: 'default',
      gateway: '10.9.0.1',
      device: 3,
      table: 254,
      type: 'unicast',
      metrics: { mtu: 1400, advmss: 1300 },
    });
    assert.deepEqual(routes.find(({ destination }) => destination === '192.168.50.0/24')?.hops, [
      { device: 3, gateway: '10.9.0.1' },
      { device: 3, gateway: '10.9.0.77' },
    ]);
    assert.equal(routes.find(({ destination }) => destination === '203.0.113.0/24')?.gateway, 'fd09::1');
    assert.equal(routes.find(({ destination }) => destination === '172.31.0.0/16')?.metric, 55);
    assert.ok(routes.some(({ family }) => family === 'inet6'));
  });

  test('has the routes of /proc/net/route', async () => {
    assert.equal(formatRoutes(await namespace(), machineWords(1)), read('route.txt').toString());
  });

  test('has on a big-endian machine addresses whose first byte is written first', () => {
    const route = {
      family: 'inet',
      table: 254,
      type: 'unicast',
      destination: '10.9.0.0/24',
      gateway: '192.0.2.1',
    } as const;
    const text = formatRoutes({ id: 1, devices: [], addresses: [], routes: [route] }, machineWords(5));
    assert.deepEqual(text.split('\n')[1]?.trimEnd().split('\t').slice(0, 8), [
      '*',
      '0A090000',
      'C0000201',
      '0003',
      '0',
      '0',
      '0',
      'FFFFFF00',
    ]);
  });

  test('has the addresses of /proc/net/if_inet6', async () => {
    const lines = (text: string): readonly string[] => text.split('\n').sort();
    assert.deepEqual(lines(formatInet6Addresses(await namespace())), lines(read('if_inet6.txt').toString()));
  });

  test('that the engine made says so', async () => {
    const made = { 'netns-10.img': image('NETNS', entry('netns_entry', { ext_key: 'extRootNetNS' })) };
    assert.deepEqual(await namespace(made), {
      id: 10,
      external: 'extRootNetNS',
      devices: [],
      addresses: [],
      routes: [],
    });
  });

  test('of damaged images keeps what could be read, and the notes tell the rest', async () => {
    const cut = {
      ...NAMESPACE,
      'route-1.img': read('route-1.img').subarray(0, 100),
      'ifaddr-1.img': bytes('nonsense'),
    };
    const found = await socketsOf(cut);
    const [first] = await found.sockets.networks();
    assert.deepEqual([first?.routes.filter(({ family }) => family === 'inet').length, first?.addresses], [1, []]);
    assert.deepEqual(
      found.notes.map(({ kind, where }) => [kind, where]),
      [
        ['damaged', 'ifaddr-1.img'],
        ['truncated', 'route-1.img'],
      ],
    );
  });
});

describe('tracked connections', () => {
  const table = readFileSync(join(import.meta.dirname, '../../criu/netlink/recorded/netns-ct-10.img'));
  const own = words(10, 9, 0, 2);
  const far = words(10, 9, 0, 1);

  test('stand beside the sockets that they belong to, translated or not', async () => {
    const found = await socketsOf({
      ...filesImage(
        // It was connected to 10.9.0.77, and the packets went to 10.9.0.1.
        inet(1, { state: 1, src_port: 44818, dst_port: 8080, src_addr: own, dst_addr: words(10, 9, 0, 77), ns_id: 10 }),
        // The side that was called, as it would be in this namespace.
        inet(2, { state: 1, src_port: 21, dst_port: 37752, src_addr: far, dst_addr: own, ns_id: 10 }),
        inet(3, { type: 2, proto: 17, src_port: 39808, ns_id: 10 }),
        inet(4, { state: 1, src_port: 44818, dst_port: 8080, src_addr: own, dst_addr: far, ns_id: 11 }),
      ),
      'netns-ct-10.img': table,
    });
    const { connections } = found;
    assert.equal(connections.length, 10);
    const owned = connections.filter(({ sockets }) => sockets.length > 0);
    assert.deepEqual(
      owned.map(({ protocol, state, original, reply, translated, sockets }) => [
        protocol,
        state,
        original.source,
        original.destination,
        reply.source,
        translated,
        sockets,
      ]),
      [
        ['tcp', 'ESTABLISHED', '10.9.0.2:44818', '10.9.0.77:8080', '10.9.0.1:8080', true, [1]],
        ['tcp', 'ESTABLISHED', '10.9.0.2:37752', '10.9.0.1:21', '10.9.0.1:21', false, [2]],
        ['udp', undefined, '10.9.0.2:39808', '10.9.0.1:5353', '10.9.0.1:5353', false, [3]],
      ],
    );
    const [first] = (await found.detail(1)).tracked;
    assert.deepEqual([first?.original.packets, first?.original.bytes], [3, 164]);
    assert.ok(first?.status.includes('IPS_ASSURED'));
    assert.equal(first?.image, 'netns-ct-10.img');
    assert.deepEqual((await found.detail(4)).tracked, []);
    // What the kernel remembers of connections that no socket is left of.
    const ended = connections.filter(({ sockets }) => sockets.length === 0);
    assert.deepEqual(
      ended.map(({ protocol, original }) => `${protocol} ${original.source} ${original.destination}`).sort(),
      [
        'icmp 10.9.0.2 10.9.0.1',
        'icmp6 fd09::2 fd09::1',
        'tcp 10.9.0.2:33730 10.9.0.201:81',
        'tcp 10.9.0.2:46886 10.9.0.1:8080',
        'tcp 10.9.0.2:58190 10.9.0.1:8080',
        'tcp [fd09::2]:39198 [fd09::1]:8443',
        'udp 10.9.0.2:54732 10.9.0.200:9999',
      ],
    );
  });
});

test('bytes of an address come back from its text', () => {
  const random = (length: number): number[] =>
    Array.from({ length }, (_, index) => ((index * 7919 + length * 31) % 5 < 3 ? 0 : (index * 37 + length) & 0xff));
  for (let round = 0; round < 500; round++) {
    const address = random(16).map((byte, index) => (index % 3 === round % 3 ? (byte * round) & 0xff : byte));
    assert.deepEqual(octetsOfAddress(addressOfOctets(address) ?? ''), address);
  }
  for (const text of ['::', '::1', '1::', '::ffff:10.0.0.1', '::1.2.3.4', 'fe80::1', '10.0.0.1', '1:2:3:4:5:6:7:8'])
    assert.equal(addressOfOctets(octetsOfAddress(text)), text);
});
