import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readConnections } from '../../../src/core/checkpoint/connections/connections.ts';
import { FD_TYPE } from '../../../src/core/checkpoint/descriptors/split-files.ts';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../src/core/checkpoint/processes.ts';
import { DumpedSockets } from '../../../src/core/checkpoint/sockets/sockets.ts';
import type { FileSet } from '../../../src/core/archive/file-set.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import type { ConnectionGraph } from '../../../src/protocol/connections.ts';
import { entry, image } from '../criu/build-image.ts';
import { openFixture } from '../criu/memory-file-set.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { filesImage, fown, inet, netlink, processImages, queued, unix, words } from './sockets/build-sockets.ts';

async function graphOf(files: FileSet, apart: readonly number[] = [], prefix = ''): Promise<ConnectionGraph> {
  const images = new ImageDirectory(files, prefix);
  const notebook = new Notebook();
  const processes = new Processes(images, notebook);
  return readConnections({ images, processes, sockets: new DumpedSockets(images, processes, notebook) }, apart);
}

const drawn = (images: Readonly<Record<string, Uint8Array>>, apart?: readonly number[]): Promise<ConnectionGraph> =>
  graphOf(memoryFiles(images), apart);

function pipe(id: number, pipe_id: number, flags: number): Uint8Array {
  return entry('file_entry', { type: FD_TYPE.pipe, id, pipe: { id, pipe_id, flags, fown } });
}

/** `process 1 -> process 2 (pipe, 5 unread)` */
function lines({ edges }: ConnectionGraph): readonly string[] {
  return edges.map(({ from, to, direction, count, kinds, unread }) => {
    const arrow = direction === 'both' ? '<->' : '->';
    const what = [count === 1 ? '' : String(count), ...kinds, unread === 0 ? '' : `${String(unread)} unread`];
    return `${from} ${arrow} ${to} (${what.filter((part) => part !== '').join(' ')})`;
  });
}

function names({ nodes }: ConnectionGraph): readonly string[] {
  return nodes.map(({ id, kind, count }) => `${id}: ${kind}${count === 1 ? '' : ` of ${String(count)}`}`);
}

const { pipe: PIPE, unixsk: UNIX, inetsk: INET, netlinksk: NETLINK } = FD_TYPE;
const loopback = words(127, 0, 0, 1);

describe('who talks to whom in a real checkpoint', () => {
  test('is what its workload made', async () => {
    const graph = await graphOf(await openFixture('podman-webapp-host'), [], 'checkpoint/');
    const webMaster = graph.nodes.find(({ id }) => id === 'process 1');
    assert.equal(webMaster?.label, 'web-master');
    // A pipe with 27 unread bytes, a socketpair with 22 and a connection with 101, all with both ends in one process.
    assert.equal(webMaster.unread, 27 + 22 + 101);
    assert.deepEqual(
      webMaster.channels.map(({ kind, unread }) => [kind, unread]),
      [
        ['pipe', 27],
        ['unix', 0],
        ['unix', 22],
        ['tcp', 101],
      ],
    );
    const listening = graph.nodes.filter(({ kind }) => kind === 'listener').map(({ label }) => label);
    assert.deepEqual(listening, [
      '127.0.0.1:8080',
      '[::1]:8086',
      '0.0.0.0:5353',
      '[::]:5354',
      '/var/lib/webapp/ctl.sock',
      '@abstract-webapp',
    ]);
    // Two workers, each at the end of a pipe; one inherited the other's.
    assert.ok(lines(graph).includes('process 1 -> process 3 (pipe)'));
    assert.ok(lines(graph).includes('pipe 573353 -> process 2 (pipe)'));
    // The shells and their sleeps only have the container's own streams.
    const quiet = graph.nodes.find(({ kind }) => kind === 'processes');
    assert.deepEqual([quiet?.count, quiet?.pids.toSorted((a, b) => a - b)], [4, [4, 5, 13, 14]]);
    assert.ok(lines(graph).includes('processes 4 -> outside (2 pipe)'));
    assert.deepEqual([graph.silent, graph.leftOut], [0, { nodes: 0, channels: 0 }]);
  });

  test('of three hundred that only write to the log is two nodes', async () => {
    const graph = await graphOf(await openFixture('podman-manyprocs'), [17], 'checkpoint/');
    // The one that somebody looks at stays by itself.
    assert.deepEqual(names(graph), ['processes 1: processes of 300', 'process 17: process', 'outside: outside of 2']);
    assert.deepEqual(lines(graph), ['processes 1 -> outside (2 pipe)', 'process 17 -> outside (2 pipe)']);
  });
});

describe('channels', () => {
  test('have the direction that flags and shutdowns leave them', async () => {
    const graph = await drawn({
      ...filesImage(
        pipe(1, 10, 1),
        pipe(2, 10, 0),
        unix(3, { state: 1, peer: 1004 }),
        unix(4, { state: 1, peer: 1003 }),
        unix(5, { state: 1, peer: 1006, shutdown: 2 }),
        unix(6, { state: 1, peer: 1005, shutdown: 1 }),
      ),
      ...processImages(
        [
          [0, 1, PIPE],
          [1, 3, UNIX],
        ],
        [
          [0, 2, PIPE],
          [2, 5, UNIX],
        ],
        [
          [0, 4, UNIX],
          [2, 6, UNIX],
        ],
      ),
      'pipes-data.img': image('PIPES_DATA', entry('pipe_data_entry', { pipe_id: 10, bytes: 5, size: 4096 }), 'abcde'),
      'sk-queues.img': image('SK_QUEUES', ...queued(4, 'xyz')),
    });
    assert.deepEqual(lines(graph), [
      'process 1 -> process 2 (pipe 5 unread)',
      'process 1 <-> process 3 (unix 3 unread)',
      'process 3 -> process 2 (unix)',
    ]);
    assert.deepEqual(graph.edges[0]?.channels[0], {
      id: 'pipe 10',
      kind: 'pipe',
      label: 'pipe:[10]',
      unread: 5,
      ends: [
        { pid: 1, fds: [0], does: 'writes' },
        { pid: 2, fds: [0], does: 'reads' },
      ],
    });
  });

  test('that lead out are drawn to where they lead', async () => {
    const far = words(10, 0, 0, 9);
    const graph = await drawn({
      ...filesImage(
        pipe(1, 10, 1),
        pipe(2, 11, 0),
        inet(3, { state: 10, src_port: 80 }),
        inet(4, { state: 1, src_port: 80, dst_port: 5000, src_addr: loopback, dst_addr: far }),
        inet(5, { state: 1, src_port: 80, dst_port: 5001, src_addr: loopback, dst_addr: far }),
        inet(6, { state: 1, src_port: 7000, dst_port: 443, src_addr: loopback, dst_addr: far }),
        unix(7, { type: 2, state: 1, peer: 77 }),
        unix(8, { uflags: 1, state: 10, type: 2, ino: 77, name: '/dev/log' }),
        unix(9, { state: 1, peer: 4711 }),
        netlink(10, { portid: 5 }),
      ),
      ...processImages([
        [0, 2, PIPE],
        [1, 1, PIPE],
        [3, 3, INET],
        [4, 4, INET],
        [5, 5, INET],
        [6, 6, INET],
        [7, 7, UNIX],
        [8, 9, UNIX],
        [9, 10, NETLINK],
      ]),
    });
    assert.deepEqual(names(graph), [
      'process 1: process',
      'outside: outside of 2',
      'socket 3: listener',
      'clients socket 3: clients of 2',
      'remote 10.0.0.9:443: remote',
      'remote /dev/log: remote',
      'remote socket:[4711]: remote',
      'kernel: kernel',
    ]);
    assert.deepEqual(lines(graph), [
      'outside <-> process 1 (2 pipe)',
      'socket 3 -> process 1 (tcp)',
      'clients socket 3 <-> socket 3 (2 tcp)',
      'process 1 <-> remote 10.0.0.9:443 (tcp)',
      'process 1 <-> remote /dev/log (unix)',
      'process 1 <-> remote socket:[4711] (unix)',
      'process 1 <-> kernel (netlink)',
    ]);
  });

  test('of more than two are nodes of their own, and shared memory is one of them', async () => {
    const mapping = (prot: number, shmid: number, status: number) => ({
      start: 0x1000,
      end: 0x2000,
      pgoff: 0,
      shmid,
      prot,
      flags: 1,
      status,
      fd: -1,
    });
    const mm = (...vmas: object[]) => {
      const zeros = [
        'start_code end_code start_data end_data start_stack start_brk brk arg_start arg_end env_start env_end',
      ];
      const fields = Object.fromEntries(
        zeros
          .join(' ')
          .split(' ')
          .map((name) => [`mm_${name}`, 0]),
      );
      return image('MM', entry('mm_entry', { ...fields, exe_file_id: 0, mm_saved_auxv: [], vmas }));
    };
    const graph = await drawn({
      ...filesImage(
        unix(1, { type: 2, name: '\0bus' }),
        unix(2, { type: 2, peer: 1001 }),
        unix(3, {}),
        pipe(4, 10, 1),
        pipe(5, 10, 0),
      ),
      ...processImages(
        [
          [0, 1, UNIX],
          [1, 4, PIPE],
        ],
        [
          [0, 2, UNIX],
          [1, 5, PIPE],
        ],
        [
          [0, 2, UNIX],
          [1, 5, PIPE],
        ],
        [],
      ),
      'mm-1.img': mm(mapping(3, 9, 1 << 8), mapping(1, 8, 1 << 8)),
      'mm-2.img': mm(mapping(1, 9, 1 << 8), mapping(1, 8, 1 << 8)),
      'mm-4.img': mm(mapping(3, 5, 1 << 8)),
    });
    assert.deepEqual(names(graph), [
      'process 1: process',
      'process 2: process',
      'process 3: process',
      'pipe 10: shared',
      'socket 1: listener',
    ]);
    assert.deepEqual(lines(graph), [
      'process 1 -> pipe 10 (pipe)',
      'pipe 10 -> process 2 (pipe)',
      'pipe 10 -> process 3 (pipe)',
      'socket 1 -> process 1 (unix)',
      // Both have the socket that is connected to it.
      'process 2 -> socket 1 (unix)',
      'process 3 -> socket 1 (unix)',
      // What nobody can write into says nothing.
      'process 1 -> process 2 (memory)',
    ]);
    assert.equal(graph.silent, 1);
  });
});

describe('a picture stays one that can be looked at', () => {
  /** A master with a pipe to each of its workers, and one listener that all have. */
  const workers = (count: number): Readonly<Record<string, Uint8Array>> => {
    const pids = Array.from({ length: count }, (_, index) => index + 2);
    const files = pids.flatMap((pid) => [pipe(pid * 10, pid, 1), pipe(pid * 10 + 1, pid, 0)]);
    return {
      ...filesImage(inet(1, { state: 10, src_port: 80 }), ...files),
      ...processImages(
        [[3, 1, INET], ...pids.map((pid) => [pid + 10, pid * 10, PIPE] as const)],
        ...pids.map((pid) => [[3, 1, INET] as const, [4, pid * 10 + 1, PIPE] as const]),
      ),
    };
  };

  test('where workers are alike', async () => {
    assert.deepEqual(names(await drawn(workers(3))), [
      'process 1: process',
      'process 2: process',
      'process 3: process',
      'process 4: process',
      'socket 1: listener',
    ]);
    const graph = await drawn(workers(300));
    assert.deepEqual(names(graph), ['process 1: process', 'processes 2: processes of 300', 'socket 1: listener']);
    assert.deepEqual(lines(graph), [
      'process 1 -> processes 2 (300 pipe)',
      'socket 1 -> process 1 (tcp)',
      'socket 1 -> processes 2 (tcp)',
    ]);
    assert.deepEqual([graph.edges[0]?.channels.length, graph.nodes[1]?.pids.length], [50, 50]);
    assert.deepEqual([graph.nodes[0]?.depth, graph.nodes[1]?.depth], [0, 1]);
  });

  test('where one is looked at', async () => {
    const graph = await drawn(workers(300), [7]);
    assert.deepEqual(names(graph), [
      'process 1: process',
      'processes 2: processes of 299',
      'process 7: process',
      'socket 1: listener',
    ]);
  });

  test('where everybody is different', async () => {
    const listeners = Array.from({ length: 400 }, (_, index) => inet(index + 1, { state: 10, src_port: index + 1 }));
    const graph = await drawn({
      ...filesImage(...listeners),
      ...processImages(Array.from({ length: 400 }, (_, index) => [index, index + 1, INET] as const)),
    });
    assert.equal(graph.nodes.length, 250);
    assert.deepEqual(graph.leftOut, { nodes: 151, channels: 151 });
    for (const { from, to } of graph.edges)
      for (const id of [from, to]) assert.ok(graph.nodes.some((node) => node.id === id));
  });

  test('where parents go round in a ring', async () => {
    const ring = (pid: number, ppid: number) => entry('pstree_entry', { pid, ppid, pgid: 1, sid: 1, threads: [pid] });
    const graph = await drawn({
      ...filesImage(pipe(1, 10, 1), pipe(2, 10, 0)),
      ...processImages([[0, 1, PIPE]], [[0, 2, PIPE]]),
      'pstree.img': image('PSTREE', ring(1, 2), ring(2, 1)),
    });
    assert.deepEqual(lines(graph), ['process 1 -> process 2 (pipe)']);
  });

  test('where hundreds of processes share a table of thousands of sockets', async () => {
    const count = 2000;
    const sockets = Array.from({ length: count }, (_, index) => inet(index + 1, { state: 10, src_port: index + 1 }));
    const table = Array.from({ length: count }, (_, index) => [index, index + 1, INET] as const);
    const images = { ...filesImage(...sockets), ...processImages(table) };
    const pids = Array.from({ length: 400 }, (_, index) => index + 1);
    const tree = pids.map((pid) => entry('pstree_entry', { pid, ppid: 0, pgid: 1, sid: 1, threads: [pid] }));
    const ids = images['ids-1.img'] as Uint8Array;
    const shared = Object.fromEntries(pids.map((pid) => [`ids-${String(pid)}.img`, ids]));
    const graph = await drawn({ ...images, ...shared, 'pstree.img': image('PSTREE', ...tree) });
    assert.ok(graph.leftOut.channels > 0);
    assert.ok(graph.nodes.length <= 250);
  });
});
