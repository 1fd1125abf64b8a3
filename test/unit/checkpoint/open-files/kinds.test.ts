import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KindFacts } from '../../../../src/protocol/open-files.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import { formatFdinfo } from '../../../../src/core/checkpoint/open-files/fdinfo.ts';
import { entry, image } from '../../criu/build-image.ts';
import { queued } from '../sockets/build-sockets.ts';
import {
  fdinfoImage,
  filesImage,
  fown,
  openFilesOf,
  processImages,
  reg,
  terminalInfo,
  type MadeUpFile,
} from './made-up.ts';

const one = processImages({ pid: 1, comm: 'main', filesId: 5 });

/** What is known of descriptor 3 of process 1, beside what other images are given. */
async function describeThird(
  files: Uint8Array,
  type: Parameters<typeof fdinfoImage>[0][number][1],
  more: Readonly<Record<string, Uint8Array>> = {},
) {
  const opened = openFilesOf({ ...one, 'fdinfo-5.img': fdinfoImage({ 3: [9, type] }), 'files.img': files, ...more });
  const detail = await opened.files.detail(1, 3);
  assert.ok(detail);
  const index = await opened.files.index();
  const descriptor = index.descriptor(1, 3);
  assert.ok(descriptor);
  return { ...opened, file: detail.file, facts: detail.facts, fdinfo: formatFdinfo(1, descriptor, index, []) };
}

function factsAs<Of extends KindFacts['of']>(
  facts: KindFacts | undefined,
  of: Of,
): Extract<KindFacts, { readonly of: Of }> {
  assert.equal(facts?.of, of);
  return facts as Extract<KindFacts, { readonly of: Of }>;
}

describe('kinds of files that no fixture has', () => {
  test('fanotify', async () => {
    const { file, facts, fdinfo } = await describeThird(
      filesImage([
        'fanotify',
        {
          id: 9,
          flags: 0o4002,
          fown,
          faflags: 0x34,
          evflags: 0o100000,
          mark: [
            {
              id: 0,
              type: 1,
              mflags: 0x40,
              mask: 0x3b,
              ignored_mask: 0x2,
              s_dev: 0x800001,
              ie: {
                i_ino: 0x1234,
                f_handle: { bytes: 8, type: 1, handle: [0x1122334455667788n.toString()], path: '/srv' },
              },
            },
            { id: 0, type: 2, mflags: 0, mask: 0x10000, ignored_mask: 0, s_dev: 5, me: { mnt_id: 77 } },
          ],
        },
      ]),
      'fanotify',
    );
    assert.equal(file.target, 'anon_inode:[fanotify]');
    assert.equal(file.about && say(file.about), 'watches /srv, mount 77');
    const { settings, eventFlags, marks } = factsAs(facts, 'fanotify');
    assert.deepEqual(settings, ['FAN_CLASS_CONTENT', 'FAN_UNLIMITED_QUEUE', 'FAN_UNLIMITED_MARKS']);
    assert.deepEqual(eventFlags, ['O_RDONLY', 'O_LARGEFILE']);
    assert.deepEqual(
      marks.map(({ on, path, mountId, events, ignored, handle }) => [
        on,
        path,
        mountId,
        events,
        ignored,
        handle?.bytes,
      ]),
      [
        [
          'file',
          '/srv',
          undefined,
          ['FAN_ACCESS', 'FAN_MODIFY', 'FAN_CLOSE_WRITE', 'FAN_CLOSE_NOWRITE', 'FAN_OPEN'],
          ['FAN_MODIFY'],
          '8877665544332211',
        ],
        ['mount', undefined, 77, ['FAN_OPEN_PERM'], [], undefined],
      ],
    );
    assert.equal(
      fdinfo,
      [
        'pos:\t0',
        'flags:\t04002',
        'fanotify flags:34 event-flags:8000',
        'fanotify ino:1234 sdev:800001 mflags:40 mask:3b ignored_mask:2 fhandle-bytes:8 fhandle-type:1 f_handle:8877665544332211',
        'fanotify mnt_id:4d mflags:0 mask:10000 ignored_mask:0',
        '',
      ].join('\n'),
    );
  });

  test('a BPF map with its entries', async () => {
    const bpf = {
      id: 9,
      flags: 2,
      pos: 0,
      fown,
      map_type: 1,
      key_size: 4,
      value_size: 8,
      map_id: 31,
      max_entries: 100,
      map_flags: 1,
      memlock: 4096,
      frozen: true,
      map_name: 'counters',
      ifindex: 0,
    };
    const { file, facts, fdinfo, files } = await describeThird(filesImage(['bpfmap', bpf]), 'bpfmap', {
      'bpfmap-data.img': image(
        'BPFMAP_DATA',
        entry('bpfmap_data_entry', { map_id: 30, keys_bytes: 4, values_bytes: 8, count: 1 }),
        'otherAAAAAAA',
        entry('bpfmap_data_entry', { map_id: 31, keys_bytes: 8, values_bytes: 16, count: 2 }),
        'key1key2value--1value--2',
      ),
    });
    assert.equal(file.target, 'anon_inode:bpf-map');
    const { map, name, entries, frozen } = factsAs(facts, 'BPF map');
    assert.deepEqual([map, name, entries, frozen], ['hash', 'counters', 2, true]);
    const texts = [];
    for (const content of await files.contents(1, 3)) {
      const source = await content.open();
      texts.push([content.path, Buffer.from((await source?.read(0, 100)) ?? []).toString()]);
    }
    assert.deepEqual(texts, [
      ['/contents/bpf-maps/31/keys', 'key1key2'],
      ['/contents/bpf-maps/31/values', 'value--1value--2'],
    ]);
    assert.match(
      fdinfo,
      /map_type:\t1\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t100\nmap_flags:\t0x1\nmemlock:\t4096\n/,
    );
  });

  test('a pidfd, of a process that is there and of one that was gone', async () => {
    const there = await describeThird(
      filesImage(['pidfd', { id: 9, ino: 77, flags: 0o4000, nspid: 1, fown }]),
      'pidfd',
    );
    assert.equal(there.file.target, 'anon_inode:[pidfd]');
    assert.deepEqual(there.file.flagNames, ['O_RDWR', 'O_NONBLOCK']);
    assert.equal(there.file.inode, 77n);
    assert.deepEqual(there.facts, { of: 'pidfd', target: 1, command: 'main' });
    assert.match(there.fdinfo, /Pid:\t1\nNSpid:\t1\n$/);
    const gone = await describeThird(filesImage(['pidfd', { id: 9, ino: 77, flags: 0, nspid: -1, fown }]), 'pidfd');
    assert.deepEqual(gone.facts, { of: 'pidfd' });
    assert.match(gone.fdinfo, /Pid:\t-1\n/);
  });

  test('a tun device, whose file entry and path have one id', async () => {
    const { file, facts, fdinfo } = await describeThird(
      filesImage(reg(9, '/dev/net/tun', { mode: 0o20666, flags: 2 }), ['tunfile', { id: 9, netdev: 'tun0', ns_id: 4 }]),
      'tunfile',
    );
    assert.deepEqual([file.kind, file.target, file.flagNames], ['tun', '/dev/net/tun', ['O_RDWR']]);
    assert.deepEqual(facts, { of: 'tun', device: 'tun0', detached: false, networkNamespace: 4 });
    assert.match(fdinfo, /iff:\ttun0\n$/);
  });

  test('a namespace, with the processes in it', async () => {
    const { files } = openFilesOf({
      ...processImages({ pid: 1, filesId: 5, netNs: 8 }, { pid: 2, comm: 'other', filesId: 6, netNs: 9 }),
      'fdinfo-5.img': fdinfoImage({ 3: [9, 'ns'] }),
      'files.img': filesImage(['ns', { id: 9, ns_id: 9, ns_cflag: 0x40000000, flags: 0 }]),
    });
    const detail = await files.detail(1, 3);
    assert.equal(detail?.file.target, 'net:[?]');
    assert.deepEqual(detail.facts, {
      of: 'namespace',
      namespace: 'net',
      id: 9,
      members: [{ pid: 2, command: 'other' }],
    });
  });

  test('a FIFO with both ends and what is unread', async () => {
    const { files } = openFilesOf({
      ...processImages({ pid: 1, filesId: 5 }, { pid: 2, comm: 'reader', filesId: 6 }),
      'fdinfo-5.img': fdinfoImage({ 3: [9, 'fifo'] }),
      'fdinfo-6.img': fdinfoImage({ 7: [10, 'fifo'] }),
      'files.img': filesImage(
        ['fifo', { id: 9, pipe_id: 70, regf_id: 19 }],
        reg(19, '/run/queue', { flags: 1, mode: 0o10644, mnt_id: 4 }),
        ['fifo', { id: 10, pipe_id: 70, regf_id: 20 }],
        reg(20, '/run/queue', { flags: 0, mode: 0o10644, mnt_id: 4 }),
      ),
      'fifo-data.img': image('FIFO_DATA', entry('pipe_data_entry', { pipe_id: 70, bytes: 5, size: 4096 }), 'hello'),
    });
    const detail = await files.detail(1, 3);
    assert.deepEqual([detail?.file.kind, detail?.file.target, detail?.file.unread], ['fifo', '/run/queue', 5]);
    const { ends, capacity, missingEnd } = factsAs(detail?.facts, 'pipe');
    assert.deepEqual(
      ends.map(({ pid, fd, end, command }) => [pid, fd, end, command]),
      [
        [1, 3, 'write', 'process-1'],
        [2, 7, 'read', 'reader'],
      ],
    );
    assert.deepEqual([capacity, missingEnd], [4096, undefined]);
    assert.equal(detail?.file.contents?.[0]?.path, '/contents/fifos/70');
  });

  test('both sides of a pseudo terminal, and what was typed', async () => {
    const info = (id: number, sid: number) =>
      terminalInfo({
        id,
        sid,
        pgrp: sid,
        rdev: 0x8803,
        pty: { index: 3 },
        winsize: { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 },
      });
    const { files } = openFilesOf({
      ...processImages({ pid: 1, comm: 'sshd', filesId: 5 }, { pid: 2, comm: 'sh', filesId: 6 }),
      'fdinfo-5.img': fdinfoImage({ 3: [9, 'tty'] }),
      'fdinfo-6.img': fdinfoImage({ 0: [10, 'tty'] }),
      'files.img': filesImage(
        ['tty', { id: 9, tty_info_id: 7, flags: 2, fown, regf_id: 19 }],
        reg(19, '/dev/ptmx', { mode: 0o20666 }),
        ['tty', { id: 10, tty_info_id: 6, flags: 2, fown, regf_id: 20 }],
        reg(20, '/dev/pts/3', { mode: 0o20620 }),
      ),
      'tty-info.img': image('TTY_INFO', info(7, 0), info(6, 2)),
      'tty-data.img': image('TTY_DATA', entry('tty_data_entry', { tty_id: 6, data: Buffer.from('ls -l\n') })),
    });
    const master = factsAs((await files.detail(1, 3))?.facts, 'terminal');
    assert.deepEqual([master.side, master.index, master.size?.columns], ['master', 3, 80]);
    assert.deepEqual(master.other, [{ pid: 2, fd: 0, command: 'sh' }]);
    const slave = await files.detail(2, 0);
    const { side, session, deviceMajor, deviceMinor } = factsAs(slave?.facts, 'terminal');
    assert.deepEqual([side, session, deviceMajor, deviceMinor], ['slave', 2, 136, 3]);
    assert.equal(slave?.file.unread, 6);
    const index = await files.index();
    const descriptor = index.descriptor(1, 3);
    assert.match(descriptor ? formatFdinfo(1, descriptor, index, []) : '', /tty-index:\t3\n$/);
  });

  test('a file of another program’s, and one of a type that is not known', async () => {
    const { file } = await describeThird(filesImage(['ext', { id: 9, fown }]), 'ext');
    assert.deepEqual([file.kind, file.type], ['external', 'EXT']);
    // Type 99 by hand: no schema knows it.
    const { files } = openFilesOf({
      ...one,
      'fdinfo-5.img': image('FDINFO', [8, 0, 0, 0, 8, 9, 16, 0, 24, 99, 32, 3]),
      'files.img': image('FILES', [4, 0, 0, 0, 8, 99, 16, 9]),
    });
    const [unknown] = await files.list();
    assert.deepEqual([unknown?.kind, unknown?.type, unknown?.fd], ['unknown', 'TYPE_99', 3]);
  });
});

describe('flags and signals by the machine’s own numbers', () => {
  for (const [machine, flags, expected] of [
    ['X86_64', 0o2140001, ['O_WRONLY', 'O_DIRECT', 'O_LARGEFILE', 'O_CLOEXEC']],
    ['AARCH64', 0o2600001, ['O_WRONLY', 'O_DIRECT', 'O_LARGEFILE', 'O_CLOEXEC']],
    ['PPC64', 0o2600001, ['O_WRONLY', 'O_DIRECT', 'O_LARGEFILE', 'O_CLOEXEC']],
    ['MIPS', 0x2088, ['O_RDONLY', 'O_APPEND', 'O_NONBLOCK', 'O_LARGEFILE']],
    ['S390', 0o10200000, ['O_RDONLY', 'O_DIRECTORY', 'O_PATH']],
    ['X86_64', 0o24200002, ['O_RDWR', 'O_TMPFILE', '0x100000']],
  ] as const) {
    test(`${machine} 0${flags.toString(8)}`, async () => {
      const { files } = openFilesOf({
        ...processImages({ pid: 1, filesId: 5, machine }),
        'fdinfo-5.img': fdinfoImage({ 3: [9, 'reg'] }),
        'files.img': filesImage(reg(9, '/a', { flags })),
      });
      const [file] = await files.list();
      assert.deepEqual(file?.flagNames, expected);
    });
  }

  test('the mask of a signalfd has a digit for each four signals', async () => {
    const line = async (machine: string) => {
      const { files } = openFilesOf({
        ...processImages({ pid: 1, filesId: 5, machine }),
        'fdinfo-5.img': fdinfoImage({ 3: [9, 'signalfd'] }),
        'files.img': filesImage(['signalfd', { id: 9, flags: 2, fown, sigmask: 0x200 }]),
      });
      const index = await files.index();
      const descriptor = index.descriptor(1, 3);
      assert.ok(descriptor);
      return formatFdinfo(1, descriptor, index, []).split('\n').at(-2);
    };
    assert.equal(await line('X86_64'), `sigmask:\t${'200'.padStart(16, '0')}`);
    assert.equal(await line('MIPS'), `sigmask:\t${'200'.padStart(32, '0')}`);
  });

  test('who is told when something can be read', async () => {
    const owner = { uid: 5, euid: 6, signum: 10, pid_type: 2, pid: 44 };
    const files = (machine: string) =>
      openFilesOf({
        ...processImages({ pid: 1, filesId: 5, machine }),
        'fdinfo-5.img': fdinfoImage({ 3: [9, 'pipe'] }),
        'files.img': filesImage(['pipe', { id: 9, pipe_id: 3, flags: 0, fown: owner }]),
      }).files;
    const [onX86] = await files('X86_64').list();
    assert.deepEqual(onX86?.owner, { pid: 44, who: 'process group', signal: 'SIGUSR1', uid: 5, euid: 6 });
    assert.equal((await files('MIPS').list())[0]?.owner?.signal, 'SIGBUS');
  });
});

describe('locks of every kind', () => {
  for (const [flag, type, expected, line] of [
    [1, 0, { kind: 'POSIX', access: 'read' }, 'POSIX  ADVISORY  READ 1 00:00:0 4 13'],
    [2, 1, { kind: 'FLOCK', access: 'write' }, 'FLOCK  ADVISORY  WRITE 1 00:00:0 4 13'],
    [4, 1, { kind: 'OFD', access: 'write' }, 'OFDLCK ADVISORY  WRITE -1 00:00:0 4 13'],
    [8, 0, { kind: 'LEASE', access: 'read' }, 'LEASE  ACTIVE    READ 1 00:00:0 4 13'],
    [8, 5, { kind: 'LEASE', access: 'write', breaking: true }, 'LEASE  BREAKING  WRITE 1 00:00:0 4 13'],
    [2, 32 + 192, { kind: 'FLOCK', access: 'write' }, 'FLOCK  ADVISORY  WRITE 1 00:00:0 4 13'],
    [
      64,
      9,
      { kind: 'unknown', kindNumber: 64, access: 'unknown', accessNumber: 9 },
      'UNKNOWN UNKNOWN  UNLCK 1 00:00:0 4 13',
    ],
  ] as const) {
    test(`flag ${flag}, type ${type}`, async () => {
      const lock = { flag, type, pid: 1, fd: 3, start: 4, len: 10 };
      const { file, fdinfo } = await describeThird(filesImage(reg(9, '/a')), 'reg', {
        'filelocks.img': image('FILE_LOCKS', entry('file_lock_entry', lock)),
      });
      assert.deepEqual(file.locks, [{ ...expected, pid: 1, fd: 3, start: 4n, end: 13n }]);
      assert.ok(fdinfo.includes(`lock:\t1: ${line}\n`), fdinfo);
    });
  }
});

test('the images of a descriptor in an old dump, the one of the file first', async () => {
  const { files } = openFilesOf({
    ...one,
    'fdinfo-5.img': fdinfoImage({ 0: [1, 'fifo'], 1: [2, 'eventpoll'] }),
    'reg-files.img': image('REG_FILES', entry('reg_file_entry', { id: 1, flags: 0, pos: 0, fown, name: '/run/queue' })),
    'fifo.img': image('FIFO', entry('fifo_entry', { id: 1, pipe_id: 5 })),
    'eventpoll.img': image('EVENTPOLL_FILE', entry('eventpoll_file_entry', { id: 2, flags: 2, fown })),
    'eventpoll-tfd.img': image('EVENTPOLL_TFD', entry('eventpoll_tfd_entry', { id: 2, tfd: 0, events: 1, data: 8 })),
  });
  const images = async (fd: number) => (await files.detail(1, fd))?.images.map(({ image, entry }) => [image, entry]);
  const inFifo = [
    ['fifo.img', 0],
    ['reg-files.img', 0],
    ['fdinfo-5.img', 0],
  ];
  assert.deepEqual(await images(0), inFifo);
  const inEpoll = [
    ['eventpoll.img', 0],
    ['eventpoll-tfd.img', 0],
    ['fdinfo-5.img', 1],
  ];
  assert.deepEqual(await images(1), inEpoll);
});

test('the descriptors on their way to a UNIX socket are counted, but not those to one that listens', async () => {
  const opts = {
    so_sndbuf: 1,
    so_rcvbuf: 1,
    so_snd_tmo_sec: 0,
    so_snd_tmo_usec: 0,
    so_rcv_tmo_sec: 0,
    so_rcv_tmo_usec: 0,
  };
  const socket = { id: 9, ino: 70, type: 1, state: 1, flags: 2, uflags: 0, backlog: 0, peer: 0, fown, opts, name: '' };
  const queue = image(
    'SK_QUEUES',
    ...queued(9, 'one', [3, 4]),
    ...queued(8, 'of another', [5]),
    ...queued(9, 'two', [6]),
  );
  const waiting = { ...socket, id: 10, ino: 71, peer: 70 };
  const fdinfoOf = async (state: number, ...others: MadeUpFile[]) =>
    (
      await describeThird(filesImage(['unixsk', { ...socket, state }], ...others), 'unixsk', {
        'sk-queues.img': queue,
      })
    ).fdinfo;
  assert.match(await fdinfoOf(1), /\nscm_fds: 3\n$/);
  assert.match(await fdinfoOf(10), /\nscm_fds: 0\n$/, 'nobody waits to be accepted');
  assert.doesNotMatch(await fdinfoOf(10, ['unixsk', waiting]), /scm_fds/);
});

test('a process of which no image says what it had open is named, with the image that should', async () => {
  const noteOf = async (ids: Readonly<Record<string, Uint8Array>>) => {
    const { 'core-1.img': _core, ...rest } = one;
    const { files, notebook } = openFilesOf({ ...rest, ...ids });
    assert.deepEqual(await files.list(), []);
    const notes = notebook.list().filter(({ where }) => where === 'ids-1.img');
    return notes.map(({ text }) => say(text));
  };
  assert.deepEqual(await noteOf({}), ['ids-1.img is missing. The open files of process 1 cannot be shown.']);
  assert.deepEqual(await noteOf({ 'ids-1.img': image('IDS') }), [
    'ids-1.img does not say which files process 1 had open: they cannot be shown.',
  ]);
});
