import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import type { GridCell, GridRow } from '../../../src/protocol/grid.ts';
import { QUEUE_PREVIEW, type TrackedConnection } from '../../../src/protocol/sockets.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { viewSocket } from '../../../src/worker/socket-view.ts';
import { FD_TYPE } from '../../../src/core/checkpoint/descriptors/split-files.ts';
import { image } from '../criu/build-image.ts';
import {
  filesImage,
  inet,
  processImages,
  queued,
  socketsOf,
  unix,
  words,
} from '../checkpoint/sockets/build-sockets.ts';
import { fakeCheckpoint, fakeView, process } from './fake-checkpoint.ts';

const { signal } = new AbortController();
const loopback = words(127, 0, 0, 1);

const tracked: TrackedConnection = {
  namespace: 1,
  image: 'checkpoint/netns-ct-1.img',
  offset: 64,
  protocol: 'tcp',
  state: 'TIME_WAIT',
  original: { source: '10.0.0.2:5000', destination: '10.0.0.9:443' },
  reply: { source: '10.0.0.9:443', destination: '10.0.0.2:5000' },
  translated: false,
  status: [],
  sockets: [],
};

/** A listener in two processes, a connected pair with something unread, and a socket that is on its way. */
async function checkpoint(parts: Partial<Checkpoint> = {}): Promise<Checkpoint> {
  const { sockets } = await socketsOf({
    ...filesImage(
      inet(1, { state: 10, src_port: 80, backlog: 16 }),
      unix(2, { state: 1, peer: 1003 }),
      unix(3, { state: 1, peer: 1002 }),
      inet(4, { type: 2, proto: 17, src_port: 53, src_addr: loopback }),
      unix(5, { uflags: 1, state: 10, type: 2, name: '/dev/log' }),
    ),
    ...processImages(
      [
        [3, 1, FD_TYPE.inetsk],
        [4, 2, FD_TYPE.unixsk],
      ],
      [
        [3, 1, FD_TYPE.inetsk],
        [5, 3, FD_TYPE.unixsk],
      ],
    ),
    'sk-queues.img': image('SK_QUEUES', ...queued(3, 'hello', [4])),
  });
  return fakeCheckpoint({
    sockets: {
      list: (inner) => sockets.list(inner),
      detail: (id, inner) => sockets.detail(id, inner),
      details: (ids, inner) => sockets.details(ids, inner),
      places: (id, inner) => sockets.places(id, inner),
      connections: () => Promise.resolve([tracked]),
      networks: () => Promise.resolve([]),
      messages: (inner) => sockets.messages(inner),
    },
    processes: () => Promise.resolve([process({ pid: 1, comm: 'master' }), process({ pid: 2, comm: 'worker' })]),
    files: fakeView({ '/contents/sockets/1003/received': 'hello' }),
    ...parts,
  });
}

const query = { grid: 'sockets', filter: '', toggled: [], start: 0, count: 100 } as const;

function texts({ id, cells }: GridRow): readonly unknown[] {
  return [id, ...cells.map(({ value }) => value)];
}

describe('the grid of sockets', () => {
  test('has the columns of ss, and what the kernel remembers last', async () => {
    const { rows } = await new Grids(await checkpoint()).window(query, signal);
    assert.deepEqual(rows.map(texts), [
      ['1', 'tcp', '0.0.0.0:80', null, 'LISTEN', null, null, 'master 1, worker 2', 3],
      ['2', 'unix', 'socket:[1002]', 'socket:[1003]', 'ESTABLISHED', null, null, 'master 1', 4],
      ['3', 'unix', 'socket:[1003]', 'socket:[1002]', 'ESTABLISHED', 5, null, 'worker 2', 5],
      ['4', 'udp', '127.0.0.1:53', null, 'UNCONNECTED', null, null, 'on its way in a queue', null],
      ['5', 'unix', '/dev/log', null, 'outside', null, null, null, null],
      [
        'tracked checkpoint/netns-ct-1.img 64',
        'tcp',
        '10.0.0.2:5000',
        '10.0.0.9:443',
        'tracked TIME_WAIT',
        null,
        null,
        null,
        null,
      ],
    ]);
  });

  test('leads to the other end and to the process, and Enter opens what was not read', async () => {
    const { columns, rows } = await new Grids(await checkpoint()).window(query, signal);
    const cell = (id: string, column: string): GridCell | undefined =>
      rows.find((row) => row.id === id)?.cells[columns.findIndex((candidate) => candidate.id === column)];
    assert.deepEqual(cell('2', 'remote')?.link, { tab: 'sockets', row: '3' });
    assert.deepEqual(cell('3', 'process')?.link, { tab: 'processes', row: '2', pid: 2 });
    assert.deepEqual(
      cell('4', 'process')?.said?.map(({ template }) => template),
      ['on its way in a queue'],
    );
    const open = rows.filter(({ openable }) => openable).map(({ id, path }) => [id, path]);
    assert.deepEqual(open, [['3', '/contents/sockets/1003/received']]);
  });

  test('is filtered by the process and by what the filter box says', async () => {
    const grids = new Grids(await checkpoint());
    const ids = async (parts: object) => (await grids.window({ ...query, ...parts }, signal)).rows.map(({ id }) => id);
    assert.deepEqual(await ids({ pid: 2 }), ['1', '3']);
    assert.deepEqual(await ids({ pid: 9 }), []);
    assert.deepEqual(await ids({ filter: 'state:listen' }), ['1']);
    assert.deepEqual(await ids({ filter: 'unread:>0' }), ['3']);
    assert.deepEqual(await ids({ filter: 'inode:1002' }), ['2']);
    assert.deepEqual(await ids({ filter: 'port:53' }), ['4']);
  });
});

describe('one socket', () => {
  test('comes with who has it, its other end and the first bytes of its queue', async () => {
    const view = await viewSocket(await checkpoint(), '3', signal);
    assert.deepEqual(view.users, [{ pid: 2, fd: 5, command: 'worker' }]);
    assert.deepEqual(view.peers, [
      { relation: 'connected', id: 2, inode: 1002, name: '', users: [{ pid: 1, fd: 4, command: 'master' }] },
    ]);
    assert.equal(Buffer.from(view.preview.received ?? []).toString(), 'hello');
    assert.deepEqual(
      view.passedSockets.map(({ id, name }) => [id, name]),
      [[4, '127.0.0.1:53']],
    );
    assert.equal(view.preview.sent, undefined);
  });

  test('says which entry of which image tells of it', async () => {
    const socket = { image: 'files.img', entry: 2 };
    const view = await viewSocket(await checkpoint(), '3', signal);
    assert.deepEqual(view.images, [socket, { image: 'sk-queues.img', entry: 0 }]);
    assert.deepEqual((await viewSocket(await checkpoint(), '4', signal)).images, [{ ...socket, entry: 3 }]);
  });

  test('that is on its way says to whom', async () => {
    const { passedThrough, userCount } = await viewSocket(await checkpoint(), '4', signal);
    assert.deepEqual([passedThrough.map(({ id }) => id), userCount], [[3], 0]);
  });

  test('with a long queue gives only its beginning', async () => {
    const files = fakeView({ '/contents/sockets/1003/received': 'x'.repeat(5 * QUEUE_PREVIEW) });
    const { preview } = await viewSocket(await checkpoint({ files }), '3', signal);
    assert.equal(preview.received?.length, QUEUE_PREVIEW);
  });

  test('whose queue cannot be read is shown all the same', async () => {
    const files = { ...fakeView({}), open: () => Promise.reject(new Error('The disk is gone.')) };
    const { preview, socket } = await viewSocket(await checkpoint({ files }), '3', signal);
    assert.deepEqual([preview, socket?.received?.bytes], [{}, 5]);
  });

  test('that is only remembered by the kernel is found by its row', async () => {
    const view = await viewSocket(await checkpoint(), 'tracked checkpoint/netns-ct-1.img 64', signal);
    assert.deepEqual([view.socket, view.tracked], [undefined, tracked]);
  });

  test('that is not there is a sentence', async () => {
    for (const id of ['99', 'tracked x 1', ''])
      await assert.rejects(viewSocket(await checkpoint(), id, signal), /There is no socket .* in this checkpoint/);
  });
});
