import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FD_TYPE } from '../../../../src/core/checkpoint/descriptors/split-files.ts';
import { Notebook } from '../../../../src/core/checkpoint/notebook.ts';
import { netFiles } from '../../../../src/core/checkpoint/proc/net-files.ts';
import { Processes } from '../../../../src/core/checkpoint/processes.ts';
import { DumpedSockets } from '../../../../src/core/checkpoint/sockets/sockets.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import type { FileSet } from '../../../../src/core/archive/file-set.ts';
import { entry, image } from '../../criu/build-image.ts';
import { openFixture } from '../../criu/memory-file-set.ts';
import { memoryFiles } from '../../support/memory-files.ts';
import { filesImage, inet, netlink, packet, processImages, unix, words } from './build-sockets.ts';

interface Net {
  readonly names: () => Promise<readonly string[]>;
  readonly read: (name: string) => Promise<string>;
}

/** The folder of a process. */
async function netOf(files: FileSet, pid = 1, prefix = ''): Promise<Net> {
  const images = new ImageDirectory(files, prefix);
  const notebook = new Notebook();
  const processes = new Processes(images, notebook);
  const sockets = new DumpedSockets(images, processes, notebook);
  const process = (await processes.list()).find((candidate) => candidate.pid === pid);
  assert.ok(process);
  const { net } = netFiles(process, { processes, sockets });
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const node = await net.node(name);
    const content = node?.kind === 'file' ? await node.content() : undefined;
    return content instanceof Uint8Array ? content : undefined;
  };
  return {
    names: async () => {
      const names = await net.names();
      const contents = await Promise.all(names.map(read));
      return names.filter((_, index) => contents[index]);
    },
    read: async (name) => {
      const content = await read(name);
      assert.ok(content, name);
      return Buffer.from(content).toString('latin1');
    },
  };
}

const one = words(127, 0, 0, 1);
const none6 = [0, 0, 0, 0];
const one6 = words(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

const stream = { inq_len: 5, inq_seq: 1, outq_len: 0, outq_seq: 2, opt_mask: 0, snd_wscale: 0, mss_clamp: 1 };

/** The sockets whose lines Linux 6.18 printed as below. */
const SAME = {
  ...filesImage(
    inet(1, { ino: 170037, state: 1, src_port: 5996, dst_port: 49886, src_addr: one, dst_addr: one }),
    inet(2, { ino: 170036, state: 1, src_port: 49886, dst_port: 5996, src_addr: one, dst_addr: one }),
    inet(3, { ino: 170035, state: 10, src_port: 5996, src_addr: one, backlog: 7 }),
    inet(4, { ino: 170034, family: 10, state: 10, src_port: 5997, src_addr: one6, dst_addr: none6, backlog: 7 }),
    inet(5, { ino: 170032, type: 2, proto: 17, src_port: 5999, src_addr: one }),
    inet(6, { ino: 170033, family: 10, type: 2, proto: 17, src_port: 5998, src_addr: one6, dst_addr: none6 }),
    inet(7, { ino: 170041, type: 2, proto: 136, src_port: 5995, src_addr: one }),
    inet(8, { ino: 170038, type: 3, proto: 17, src_port: 17 }),
    inet(9, { ino: 170039, family: 10, type: 3, proto: 58, src_port: 58, src_addr: none6, dst_addr: none6 }),
    packet(10, {}),
    netlink(11, { ino: 170044, portid: 10797, groups: [1] }),
    unix(12, { ino: 170043, state: 10, name: '/tmp/x.sock\0', backlog: 3 }),
    unix(13, { ino: 170042, type: 2, name: '\0abc\0def' }),
    unix(14, { ino: 7, state: 1, peer: 8 }),
    // Of another network namespace.
    inet(15, { ino: 1, state: 10, src_port: 1, ns_id: 2 }),
  ),
  'tcp-stream-29834.img': image('TCP_STREAM', entry('tcp_stream_entry', stream), 'hello'),
  ...processImages([[3, 1, FD_TYPE.inetsk]]),
  'ids-1.img': image(
    'IDS',
    entry('task_kobj_ids_entry', { vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, net_ns_id: 1 }),
  ),
  'netdev-1.img': image(
    'NETDEV',
    entry('net_device_entry', { type: 1, ifindex: 1, mtu: 65536, flags: 0x10049, name: 'lo' }),
  ),
};

/** As the kernel wrote them, but for what no checkpoint holds: that is zeros. */
const KERNEL: Readonly<Record<string, readonly string[]>> = {
  tcp: [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     ',
    '   0: 0100007F:176C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 170035 0 0000000000000000 0 0 0 0 0                       ',
    '   1: 0100007F:176C 0100007F:C2DE 01 00000000:00000000 00:00000000 00000000     0        0 170037 0 0000000000000000 0 0 0 0 0                       ',
    '   2: 0100007F:C2DE 0100007F:176C 01 00000000:00000005 00:00000000 00000000     0        0 170036 0 0000000000000000 0 0 0 0 0                       ',
  ],
  tcp6: [
    '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000000000000000000001000000:176D 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 170034 0 0000000000000000 0 0 0 0 0',
  ],
  udp: [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            ',
    '    0: 0100007F:176F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 170032 0 0000000000000000 0        ',
  ],
  udp6: [
    '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '    0: 00000000000000000000000001000000:176E 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 170033 0 0000000000000000 0',
  ],
  udplite: [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            ',
    '    0: 0100007F:176B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 170041 0 0000000000000000 0        ',
  ],
  udplite6: [
    '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
  ],
  raw: [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '   0: 00000000:0011 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 170038 0 0000000000000000 0',
  ],
  raw6: [
    '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '    0: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 170039 0 0000000000000000 0',
  ],
  icmp: [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             ',
  ],
  icmp6: [
    '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
  ],
  unix: [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000000 00000000 00010000 0001 01 170043 /tmp/x.sock',
    '0000000000000000: 00000000 00000000 00000000 0002 01 170042 @abc@def',
    '0000000000000000: 00000000 00000000 00000000 0001 03     7',
  ],
  netlink: [
    'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode',
    '0000000000000000 0   10797      00000001 0        0        0     0        0        170044  ',
  ],
  packet: [
    'sk               RefCnt Type Proto  Iface R Rmem   User   Inode',
    '0000000000000000 0      3    0003   0     1 0      0      0     ',
  ],
  dev: [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0',
  ],
};

describe('/proc/PID/net', () => {
  for (const [name, lines] of Object.entries(KERNEL)) {
    test(`${name} has the columns of the kernel`, async () => {
      const text = await (await netOf(memoryFiles(SAME))).read(name);
      assert.equal(text, lines.map((line) => `${line}\n`).join(''));
    });
  }

  test('belongs to the network namespace of the process', async () => {
    const ids = { vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, net_ns_id: 2 };
    const other = memoryFiles({ ...SAME, 'ids-1.img': image('IDS', entry('task_kobj_ids_entry', ids)) });
    const net = await netOf(other);
    const lines = (await net.read('tcp')).trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? '', /^ {3}0: 00000000:0001 00000000:0000 0A /);
    // The devices of a namespace that was not dumped, as the host's is not, are not known.
    const names = await net.names();
    assert.ok(names.includes('unix') && !names.includes('dev'));
  });

  test('has the user of who holds a socket', async () => {
    const creds = {
      uid: 5,
      gid: 5,
      euid: 6,
      egid: 6,
      suid: 7,
      sgid: 7,
      fsuid: 1008,
      fsgid: 8,
      cap_inh: [],
      cap_prm: [],
    };
    const core = { mtype: 1, thread_core: { futex_rla: 0, futex_rla_len: 0, creds } };
    const files = memoryFiles({
      ...SAME,
      'core-1.img': image('CORE', entry('core_entry', core)),
    });
    assert.match(await (await netOf(files)).read('tcp'), /00:00000000 00000000 {2}1008 {8}0 170037 /);
  });

  test('of a real checkpoint lists what the container listened on', async () => {
    const net = await netOf(await openFixture('podman-webapp-host'), 2, 'checkpoint/');
    const listening = (await net.read('tcp')).split('\n').filter((line) => line.slice(34, 36) === '0A');
    assert.deepEqual(
      listening.map((line) => line.slice(6, 19)),
      ['0100007F:1F90'],
    );
    assert.match(await net.read('tcp6'), /^ {3}0: 0{24}01000000:1F96 0{32}:0000 0A /m);
    assert.match(await net.read('unix'), / 0001 01 573364 \/var\/lib\/webapp\/ctl\.sock\n/);
    assert.match(await net.read('unix'), / 0002 01 573365 @abstract-webapp\n/);
  });
});
