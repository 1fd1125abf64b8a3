import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { GridQuery, GridWindow } from '../../../src/protocol/grid.ts';
import type { OpenFileFacts } from '../../../src/protocol/open-files.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { Session } from '../../../src/worker/session.ts';
import { archiveOf } from '../support/fixtures.ts';
import { fakeCheckpoint, process } from './fake-checkpoint.ts';

const { signal } = new AbortController();

function query(parts: Partial<GridQuery> = {}): GridQuery {
  return { grid: 'files', filter: '', toggled: [], start: 0, count: 100, ...parts };
}

function openFile(facts: Partial<OpenFileFacts> & { readonly pid: number; readonly fd: number }): OpenFileFacts {
  return { kind: 'file', type: 'REG', fileId: facts.fd, target: '/a', closeOnExec: false, ...facts };
}

function gridsOf(...files: readonly OpenFileFacts[]): Grids {
  return new Grids(
    fakeCheckpoint({
      processes: () => Promise.resolve([process({ pid: 1, comm: 'init' }), process({ pid: 2, comm: 'web' })]),
      openFiles: {
        list: () => Promise.resolve(files),
        async *each() {
          yield* await Promise.resolve(files);
        },
        counts: () => Promise.resolve(new Map()),
        detail: () => Promise.resolve(undefined),
        async *details() {
          yield* await Promise.resolve([]);
        },
      },
    }),
  );
}

/** Values of a column, row by row. */
function column({ columns, rows }: GridWindow, id: string): readonly unknown[] {
  const index = columns.findIndex((candidate) => candidate.id === id);
  return rows.map(({ cells }) => cells[index]?.value);
}

describe('the table of open files', () => {
  test('says what lsof says, and what deserves the eye', async () => {
    const grids = gridsOf(
      openFile({
        pid: 1,
        fd: 3,
        target: '/tmp/a (deleted)',
        flags: 0o100002,
        flagNames: ['O_RDWR', 'O_LARGEFILE'],
        closeOnExec: true,
        position: 2n ** 40n,
        deleted: { how: 'ghost' },
        locks: [{ kind: 'POSIX', access: 'write', pid: 1, fd: 3, start: 8n, end: 23n }],
        contents: [{ what: 'content', size: 5, path: '/contents/deleted/1/a' }],
      }),
      openFile({ pid: 2, fd: 0, kind: 'pipe', target: 'pipe:[7]', unread: 27 }),
      openFile({ pid: 2, fd: 1, kind: 'unknown', type: 'TYPE_99', target: 'TYPE_99', missing: true }),
    );
    const window = await grids.window(query(), signal);
    assert.deepEqual(
      window.rows.map(({ id, path, openable }) => [id, path, openable === true]),
      [
        ['1/3', '/contents/deleted/1/a', true],
        ['2/0', '/proc/2/fdinfo/0', false],
        ['2/1', '/proc/2/fdinfo/1', false],
      ],
    );
    assert.deepEqual(column(window, 'process'), ['init 1', 'web 2', 'web 2']);
    assert.deepEqual(column(window, 'type'), ['file', 'pipe', 'TYPE_99']);
    assert.deepEqual(column(window, 'target'), ['/tmp/a (deleted)', 'pipe:[7]', 'TYPE_99']);
    assert.deepEqual(column(window, 'flags'), ['O_RDWR|O_CLOEXEC', '', '']);
    assert.deepEqual(column(window, 'position'), [2 ** 40, null, null]);
    assert.deepEqual(column(window, 'note'), ['deleted, locked (POSIX write 8-23)', '27 B unread', 'in no image']);
    const note = window.rows[0]?.cells[window.columns.findIndex(({ id }) => id === 'note')];
    assert.deepEqual(
      note?.said?.map(({ template }) => template),
      ['deleted', 'locked ({0})'],
    );
  });

  test('shows those of the process that is chosen, and finds by what is hidden', async () => {
    const grids = gridsOf(
      openFile({ pid: 1, fd: 0 }),
      openFile({ pid: 2, fd: 0, unread: 27 }),
      openFile({ pid: 2, fd: 5, closeOnExec: true, mountId: 7 }),
    );
    const ids = async (parts: Partial<GridQuery>) =>
      (await grids.window(query(parts), signal)).rows.map(({ id }) => id);
    assert.deepEqual(await ids({ pid: 2 }), ['2/0', '2/5']);
    assert.deepEqual(await ids({ filter: 'unread:>0' }), ['2/0']);
    assert.deepEqual(await ids({ filter: 'mount:7' }), ['2/5']);
    assert.deepEqual(await ids({ filter: 'pid:1' }), ['1/0']);
  });

  test('keeps rows of one id apart', async () => {
    const { rows } = await gridsOf(openFile({ pid: 1, fd: 3 }), openFile({ pid: 1, fd: 3 })).window(query(), signal);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 2);
  });
});

describe('the worker', () => {
  let spill: string;
  before(() => {
    spill = mkdtempSync(join(tmpdir(), 'files-grid-'));
  });
  after(() => rmSync(spill, { recursive: true, force: true }));

  test('answers for one descriptor, or says that there is none', async () => {
    const request = { locator: archiveOf('podman-webapp-host'), spill: { directory: spill, limit: 2 ** 30 } };
    const { promise: complete, resolve } = Promise.withResolvers<undefined>();
    const session = new Session(request, (name, value) => {
      if (name === 'changed' && (value as { complete: boolean }).complete) resolve(undefined);
    });
    const handlers = session.handlers(() => undefined);
    await complete;
    const detail = await handlers.descriptor(signal, 1, 5);
    assert.equal(detail.file.target, 'pipe:[573353]');
    assert.ok(detail.facts?.of === 'pipe');
    await assert.rejects(async () => handlers.descriptor(signal, 1, 9999), /Process 1 has no descriptor 9999\./);
    const processDetail = await handlers.process(signal, 2, false);
    assert.deepEqual(processDetail.open, { files: 5, sockets: 0 });
    const { positions, process: first } = await handlers.process(signal, 1, false);
    assert.deepEqual(
      positions.map(({ tid, instruction, stack }) => [
        tid,
        instruction?.target?.permissions,
        stack?.target?.permissions,
      ]),
      first.threads.map(({ tid }) => [tid, 'r-xp', 'rw-p']),
    );
    const { matched } = await handlers.grid(signal, query({ pid: 1, filter: 'note:deleted' }));
    assert.equal(matched, 1);
    // What knows no connections is not closed for want of one: the words of the table of sockets.
    const udp = await handlers.grid(signal, query({ pid: 1, filter: 'type:UDP' }));
    assert.deepEqual(
      column(udp, 'note').map((note) => String(note).split(' ').at(-1)),
      ['UNCONNECTED', 'UNCONNECTED', 'ESTABLISHED'],
    );
    await handlers.close(signal);
  });
});
