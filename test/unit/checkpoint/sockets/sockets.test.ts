import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FD_TYPE } from '../../../../src/core/checkpoint/descriptors/split-files.ts';
import type { SocketFacts } from '../../../../src/protocol/sockets.ts';
import { bytes, entry, image } from '../../criu/build-image.ts';
import {
  filesImage,
  fown,
  inet,
  netlink,
  opts,
  packet,
  processImages,
  queued,
  regular,
  socketsOf,
  unix,
  words,
} from './build-sockets.ts';

const loopback = words(127, 0, 0, 1);
const six = (...octets: number[]): number[] => words(...new Array<number>(16 - octets.length).fill(0), ...octets);
const mapped = words(...new Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1);

function relations(socket: SocketFacts): readonly string[] {
  return socket.peers.map(({ relation, id, inode }) => `${relation} ${String(id ?? `outside ${String(inode)}`)}`);
}

describe('Internet sockets', () => {
  test('have their protocol, state and addresses in words', async () => {
    const link = words(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    const { list } = await socketsOf(
      filesImage(
        inet(1, { state: 10, src_port: 80, src_addr: loopback, backlog: 5 }),
        inet(2, { family: 10, state: 10, src_port: 8086, src_addr: six(1), dst_addr: six(), v6only: true }),
        inet(3, { family: 10, type: 2, proto: 17, src_port: 53, src_addr: link, dst_addr: six(), ifname: 'eth0' }),
        inet(4, { type: 2, proto: 136, src_port: 7 }),
        inet(5, { type: 3, proto: 132, src_port: 132 }),
        inet(6, { family: 10, type: 2, proto: 58, src_addr: six(), dst_addr: six() }),
        inet(7, { family: 10, state: 1, src_port: 80, dst_port: 9, src_addr: mapped, dst_addr: mapped }),
        inet(8, { proto: 253, state: 77, type: 9, family: 44, src_addr: [], dst_addr: [] }),
        // The first CRIU wrote four words for IPv4.
        inet(9, { src_port: 1, src_addr: [...loopback, 0, 0, 0], dst_addr: [0, 0, 0, 0] }),
      ),
    );
    assert.deepEqual(
      list.map(({ protocol, type, state, local, remote }) => [protocol, type, state, local, remote]),
      [
        ['tcp', 'STREAM', 'LISTEN', '127.0.0.1:80', ''],
        ['tcp6', 'STREAM', 'LISTEN', '[::1]:8086', ''],
        ['udp6', 'DGRAM', 'CLOSE', '[fe80::1%eth0]:53', ''],
        ['udplite', 'DGRAM', 'CLOSE', '0.0.0.0:7', ''],
        ['raw', 'RAW', 'CLOSE', '0.0.0.0:sctp', ''],
        ['icmp6', 'DGRAM', 'CLOSE', '[::]:*', ''],
        ['tcp6', 'STREAM', 'ESTABLISHED', '[::ffff:127.0.0.1]:80', '[::ffff:127.0.0.1]:9'],
        ['ip-253', '9', '77', '?:*', ''],
        ['tcp', 'STREAM', 'CLOSE', '127.0.0.1:1', ''],
      ],
    );
    assert.equal(list[7]?.family, '44');
    assert.equal(list[0]?.backlog, 5);
  });

  test('of both ends of a connection each knows the other, IPv4 in IPv6 or not', async () => {
    const { of } = await socketsOf(
      filesImage(
        inet(1, { family: 10, state: 10, src_port: 80, src_addr: six(), dst_addr: six(), v6only: false }),
        inet(2, { family: 10, state: 1, src_port: 80, dst_port: 4000, src_addr: mapped, dst_addr: mapped }),
        inet(3, { state: 1, src_port: 4000, dst_port: 80, src_addr: loopback, dst_addr: loopback }),
        // The same addresses in another network namespace are another connection.
        inet(4, { state: 1, src_port: 80, dst_port: 4000, src_addr: loopback, dst_addr: loopback, ns_id: 2 }),
      ),
    );
    assert.deepEqual(relations(of(3)), ['connected 2']);
    assert.deepEqual(relations(of(2)), ['connected 3']);
    assert.equal(of(2).listener, 1);
    assert.equal(of(3).listener, undefined);
    assert.deepEqual([relations(of(4)), of(4).listener], [[], undefined]);
  });

  test('a datagram socket sends to who is bound there, if the address is one of the machine', async () => {
    const own = words(10, 0, 0, 5);
    const { of } = await socketsOf(
      filesImage(
        inet(1, { type: 2, proto: 17, src_port: 53 }),
        inet(2, { type: 2, proto: 17, state: 1, src_port: 5000, dst_port: 53, src_addr: loopback, dst_addr: loopback }),
        inet(3, { type: 2, proto: 17, state: 1, src_port: 5001, dst_port: 53, src_addr: own, dst_addr: own }),
        inet(4, {
          type: 2,
          proto: 17,
          state: 1,
          src_port: 5002,
          dst_port: 53,
          src_addr: own,
          dst_addr: words(8, 8, 8, 8),
        }),
      ),
    );
    assert.deepEqual(relations(of(1)), ['receives-from 2', 'receives-from 3']);
    assert.deepEqual(relations(of(2)), ['sends-to 1']);
    assert.deepEqual(relations(of(3)), ['sends-to 1']);
    assert.deepEqual(relations(of(4)), []);
  });

  test('know their queues from the stream, and of datagrams nothing', async () => {
    const stream = { inq_len: 3, inq_seq: 1, outq_len: 5, outq_seq: 2, snd_wscale: 7, mss_clamp: 1460, unsq_len: 2 };
    const { of, detail } = await socketsOf({
      ...filesImage(
        inet(1, { ino: 0xabc, state: 1, src_port: 1, dst_port: 2, src_addr: loopback, dst_addr: words(10, 0, 0, 1) }),
        inet(2, { state: 1, src_port: 3, dst_port: 2, src_addr: loopback, dst_addr: words(10, 0, 0, 1), backlog: 9 }),
        inet(3, { type: 2, proto: 17, src_port: 53, backlog: 1 }),
        inet(4, { backlog: 4 }),
        inet(5, { state: 10, src_port: 80, backlog: 128 }),
      ),
      'tcp-stream-abc.img': image('TCP_STREAM', entry('tcp_stream_entry', { ...stream, opt_mask: 0x105 }), 'abcdefgh'),
    });
    const queues = [1, 2, 3, 4, 5].map((id) => [of(id).receiveQueue, of(id).sendQueue, of(id).hasContents]);
    assert.deepEqual(queues, [
      [3, 5, true],
      // Its stream was not dumped: what it had received is not known.
      [undefined, 9, false],
      [undefined, 1, false],
      [0, 0, false],
      [0, 128, false],
    ]);
    const { received, sent, tcp } = await detail(1);
    assert.deepEqual(received, { bytes: 3, contents: '/contents/sockets/2748/received' });
    assert.deepEqual(sent, { bytes: 5, unsent: 2, contents: '/contents/sockets/2748/sent' });
    assert.deepEqual(tcp?.negotiated, ['timestamps', 'window scaling', '0x100']);
    assert.equal(tcp.sendWindowScale, 7);
  });

  test('a stream that ends early tells how much is missing', async () => {
    const stream = { inq_len: 4, inq_seq: 1, outq_len: 6, outq_seq: 2, opt_mask: 0, snd_wscale: 0, mss_clamp: 1 };
    const content = image('TCP_STREAM', entry('tcp_stream_entry', stream), 'abcdef');
    const found = await socketsOf({
      ...filesImage(inet(1, { ino: 10, state: 1, src_port: 1, dst_port: 2, dst_addr: loopback })),
      'tcp-stream-a.img': content,
    });
    assert.deepEqual((await found.detail(1)).received, { bytes: 4, contents: '/contents/sockets/10/received' });
    assert.deepEqual((await found.detail(1)).sent, { bytes: 6, missing: 4, contents: '/contents/sockets/10/sent' });
    assert.deepEqual(
      found.notes.map(({ kind, where }) => [kind, where]),
      [['truncated', 'tcp-stream-a.img']],
    );
  });

  test('have their options under the names of setsockopt', async () => {
    const found = await socketsOf(
      filesImage(
        inet(1, {
          family: 10,
          src_addr: six(),
          dst_addr: six(),
          v6only: true,
          opts: {
            ...opts,
            so_snd_tmo_sec: 2,
            so_snd_tmo_usec: 500000,
            so_linger: 0,
            so_mark: 255,
            so_bound_dev: 'eth1',
            so_filter: [1, 2, 3],
            so_buf_lock: 3,
            reuseaddr: true,
          },
          ip_opts: { freebind: true, tos: 16 },
          tcp_opts: { nodelay: true, keepidle: 60 },
          fown: { ...fown, pid: 7, signum: 29 },
        }),
      ),
    );
    const { options } = await found.detail(1);
    assert.deepEqual(Object.fromEntries(options.map(({ name, value }) => [name, value])), {
      SO_SNDBUF: 212992,
      SO_RCVBUF: 212992,
      SO_BUF_LOCK: 'send, receive',
      SO_REUSEADDR: true,
      SO_BINDTODEVICE: 'eth1',
      SO_LINGER: '0 s',
      SO_MARK: '0xff',
      SO_SNDTIMEO: '2.5 s',
      SO_ATTACH_FILTER: '3 BPF instructions',
      F_SETOWN: 7,
      F_SETSIG: 29,
      IPV6_V6ONLY: true,
      IPV6_FREEBIND: true,
      IP_TOS: '0x10',
      TCP_NODELAY: true,
      TCP_CORK: false,
      TCP_KEEPIDLE: 60,
    });
    assert.equal(found.of(1).local, '[::%eth1]:*');
  });
});

describe('UNIX sockets', () => {
  test('have the names that they are bound to', async () => {
    const found = await socketsOf(
      filesImage(
        unix(1, { name: '/run/a.sock\0', file_perms: { mode: 0o140755, uid: 3, gid: 4 }, mnt_id: 5 }),
        unix(2, { name: '\0abstract\0part' }),
        unix(3, { name: '' }),
        unix(4, { name: Buffer.from([0x2f, 0xff, 0x1b]), deleted: true, name_dir: '/srv' }),
        unix(5, { name: '\0', uflags: 0x15 }),
      ),
    );
    assert.deepEqual(
      found.list.map(({ local, isOutside }) => [local, isOutside]),
      [
        ['/run/a.sock', false],
        ['@abstract\0part', false],
        ['', false],
        ['/\ufffd\x1b', false],
        ['@', true],
      ],
    );
    const facts = async (id: number) => (await found.detail(id)).unix;
    assert.deepEqual(await facts(1), {
      name: '/run/a.sock',
      abstract: false,
      deleted: false,
      mode: 0o140755,
      uid: 3,
      gid: 4,
      mountId: 5,
      marks: [],
    });
    assert.deepEqual(await facts(4), {
      name: '/\ufffd\x1b',
      nameBytes: Buffer.from([0x2f, 0xff, 0x1b]).toString('base64'),
      abstract: false,
      directory: '/srv',
      deleted: true,
      marks: [],
    });
    assert.deepEqual((await facts(5))?.marks, ['external', 'callback', '0x10']);
  });

  test('know their other end, whichever way it lies', async () => {
    const { of } = await socketsOf(
      filesImage(
        unix(1, { state: 1, peer: 1002 }),
        unix(2, { state: 1, peer: 1001 }),
        unix(3, { state: 10, name: '/l', backlog: 8 }),
        unix(4, { state: 1, peer: 1003 }),
        unix(5, { type: 2, name: '\0log' }),
        unix(6, { type: 2, state: 1, peer: 1005 }),
        unix(7, { type: 2, state: 1, peer: 4711 }),
        unix(8, { state: 1, peer: 4712 }),
        unix(9, { state: 1, peer: 1009 }),
        unix(10, { uflags: 1, state: 10, type: 2, name: '/dev/log', ino: 77 }),
        unix(11, { type: 2, peer: 77 }),
        unix(12, { state: 1, name: '/l' }),
      ),
    );
    const all = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [index + 1, relations(of(index + 1))]));
    assert.deepEqual(all, {
      1: ['connected 2'],
      2: ['connected 1'],
      3: ['keeps-waiting 4'],
      4: ['waits-for 3'],
      5: ['receives-from 6'],
      6: ['sends-to 5'],
      7: ['sends-to outside 4711'],
      8: ['connected outside 4712'],
      9: ['connected 9'],
      10: ['receives-from 11'],
      11: ['sends-to 10'],
      12: [],
    });
    assert.deepEqual([of(3).receiveQueue, of(3).sendQueue, of(3).backlog], [1, 8, 8]);
    assert.deepEqual([of(6).remote, of(11).remote, of(11).local], ['@log', '/dev/log', '']);
    assert.equal(of(12).listener, 3);
    assert.deepEqual([of(10).receiveQueue, of(10).sendQueue], [undefined, undefined]);
  });

  test('keep what was sent to them, and the files that are on their way with it', async () => {
    const found = await socketsOf({
      ...filesImage(unix(1, { state: 1, peer: 1002 }), unix(2, { state: 1, peer: 1001 }), unix(3, {}), regular(4)),
      'sk-queues.img': image('SK_QUEUES', ...queued(2, 'one', [3, 4]), ...queued(9, 'lost'), ...queued(2, 'three')),
    });
    assert.equal(found.of(2).receiveQueue, 8);
    assert.deepEqual((await found.detail(2)).received, {
      bytes: 8,
      packets: [
        {
          bytes: 3,
          files: [
            { fileId: 3, isSocket: true },
            { fileId: 4, isSocket: false },
          ],
        },
        { bytes: 5, files: [] },
      ],
      packetCount: 2,
      contents: '/contents/sockets/1002/received',
    });
    // Nobody has it open, and it is listed all the same.
    assert.deepEqual([found.of(3).holders, found.of(3).passedThrough], [[], [2]]);
    assert.deepEqual(
      found.notes.map(({ kind, where }) => [kind, where]),
      [['damaged', 'sk-queues.img']],
    );
  });
});

describe('netlink and packet sockets', () => {
  test('have the names of protocols, groups and modes', async () => {
    const found = await socketsOf(
      filesImage(
        netlink(1, { portid: 42, groups: [0x11], state: 0 }),
        netlink(2, { protocol: 15, portid: 43, groups: [1], dst_portid: 42, state: 1 }),
        netlink(3, { protocol: 77, state: 7 }),
        packet(4, {
          ifindex: 2,
          fanout: 0x80010007,
          rx_ring: {
            block_size: 4096,
            block_nr: 4,
            frame_size: 2048,
            frame_nr: 8,
            retire_tmo: 60,
            sizeof_priv: 0,
            features: 0,
          },
          mclist: [{ index: 2, type: 1, addr: Buffer.from([1, 0, 94]) }],
        }),
        packet(5, { type: 2, protocol: 0x0608 }),
      ),
    );
    assert.deepEqual(
      found.list.map(({ protocol, type, state, local, remote, inode }) => [
        protocol,
        type,
        state,
        local,
        remote,
        inode,
      ]),
      [
        ['netlink', 'RAW', 'UNCONNECTED', 'route:42', '', 1001],
        ['netlink', 'RAW', 'CONNECTED', 'kobject-uevent:43', 'kobject-uevent:42', 1002],
        ['netlink', 'RAW', 'UNCONNECTED', '77:*', '', 1003],
        ['packet', 'RAW', 'CLOSE', 'ALL:if2', '', undefined],
        ['packet', 'DGRAM', 'CLOSE', 'ARP:*', '', undefined],
      ],
    );
    assert.deepEqual((await found.detail(1)).netlink?.groups, [
      { number: 1, name: 'LINK' },
      { number: 5, name: 'IPV4_IFADDR' },
    ]);
    assert.deepEqual((await found.detail(2)).netlink?.groups, [{ number: 1 }]);
    const { packet: facts } = await found.detail(4);
    assert.deepEqual(facts?.fanout, { group: 7, mode: 'lb', flags: ['defrag'] });
    assert.equal(facts.receiveRing?.frames, 8);
    assert.deepEqual(facts.memberships, [{ interfaceIndex: 2, type: 'promisc', address: '01:00:5e' }]);
    assert.equal((await found.detail(5)).packet?.protocolNumber, 0x806);
    assert.equal((await found.detail(5)).packet?.fanout, undefined);
  });
});

describe('descriptors of sockets', () => {
  test('tell who holds them, and which come first', async () => {
    const { list } = await socketsOf({
      ...filesImage(unix(1, {}), inet(2, {}), regular(3), unix(4, {})),
      ...processImages(
        [
          [5, 2, FD_TYPE.inetsk],
          [3, 3, FD_TYPE.reg],
          [4, 99, FD_TYPE.unixsk],
        ],
        [
          [0, 1, FD_TYPE.unixsk],
          [7, 2, FD_TYPE.inetsk],
        ],
      ),
    });
    assert.deepEqual(
      list.map(({ id, holders }) => [id, holders]),
      [
        [
          2,
          [
            { fd: 5, pids: [1] },
            { fd: 7, pids: [2] },
          ],
        ],
        [1, [{ fd: 0, pids: [2] }]],
        [4, []],
      ],
    );
  });

  test('of dumps before files.img are the same', async () => {
    const old = {
      'unixsk.img': image(
        'UNIXSK',
        entry('unix_sk_entry', {
          id: 1,
          ino: 5,
          type: 1,
          state: 7,
          flags: 2,
          uflags: 0,
          backlog: 0,
          peer: 0,
          fown,
          opts,
          name: Buffer.from('/a'),
        }),
      ),
      ...processImages([[3, 1, FD_TYPE.unixsk]]),
    };
    const { list } = await socketsOf(old);
    assert.deepEqual(
      list.map(({ local, image: where, holders }) => [local, where, holders]),
      [['/a', 'unixsk.img', [{ fd: 3, pids: [1] }]]],
    );
  });

  test('while the archive is still being read there is what is known so far', async () => {
    const { list, notes } = await socketsOf(filesImage(unix(1, { state: 1, peer: 5 })), false);
    assert.equal(list.length, 1);
    assert.deepEqual(notes, []);
  });
});

test('a damaged message gives what could be read of it', async () => {
  // An Internet socket of which only the id is there.
  const broken = bytes([8, 0, 0, 0, 8, 4, 16, 1, 34, 2, 8, 1]);
  const { list } = await socketsOf({ 'files.img': image('FILES', broken) });
  assert.deepEqual(
    list.map(({ id, protocol, local }) => [id, protocol, local]),
    [[1, 'ip-0', '?:*']],
  );
});
