import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FileTable } from '../../../src/core/checkpoint/descriptors/file-table.ts';
import { readDescriptorTables } from '../../../src/core/checkpoint/descriptors/descriptor-tables.ts';
import { FD_TYPE } from '../../../src/core/checkpoint/descriptors/split-files.ts';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../src/core/checkpoint/processes.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { entry, image } from '../criu/build-image.ts';
import { openFixture } from '../criu/memory-file-set.ts';
import { truthOf } from '../support/fixtures.ts';
import { memoryFiles } from '../support/memory-files.ts';

const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };

function directory(files: Readonly<Record<string, Uint8Array>>, complete = true): ImageDirectory {
  return new ImageDirectory(memoryFiles(files, { complete }), '');
}

async function tablesOf(images: ImageDirectory, pids?: ReadonlySet<number>) {
  const processes = new Processes(images, new Notebook());
  return readDescriptorTables(images, processes, await FileTable.load(images), pids);
}

function task(pid: number, ppid = 0): Uint8Array {
  return entry('pstree_entry', { pid, ppid, pgid: 1, sid: 1, threads: [pid] });
}

function ids(files_id: number): Uint8Array {
  return image('IDS', entry('task_kobj_ids_entry', { vm_id: 1, files_id, fs_id: 1, sighand_id: 1 }));
}

function slot(fd: number, id: number, type: number, flags = 0): Uint8Array {
  return entry('fdinfo_entry', { id, flags, type, fd });
}

const reg = (id: number, name: string) => ({ id, flags: 0, pos: 0, fown, name });

describe('the descriptors of a real checkpoint', () => {
  test('are those of the running processes, with close-on-exec', async () => {
    const files = await openFixture('podman-webapp-host');
    const tables = await tablesOf(new ImageDirectory(files, 'checkpoint/'));
    let compared = 0;
    for (const live of truthOf('podman-webapp-host').liveBeforeDump ?? []) {
      const table = tables.find(({ pids }) => pids.includes(live.pid));
      // A short-lived sleep was another one at the dump.
      if (live.comm === 'sleep') continue;
      assert.ok(table, String(live.pid));
      assert.match(table.image, /^checkpoint\/fdinfo-\d+\.img$/);
      const expected = Object.entries(live.fds).map(([fd, { fdinfo }]) => {
        const flags = Number.parseInt(/flags:\t(\d+)/.exec(fdinfo.join('\n'))?.[1] ?? '', 8);
        return { fd: Number(fd), closeOnExec: (flags & 0o2000000) !== 0 };
      });
      assert.deepEqual(
        table.descriptors.map(({ fd, closeOnExec }) => ({ fd, closeOnExec })),
        expected.toSorted((one, other) => one.fd - other.fd),
      );
      for (const { file, type, fileId } of table.descriptors) assert.deepEqual([file?.type, file?.id], [type, fileId]);
      compared += expected.length;
    }
    assert.equal(compared, 56);
  });
});

describe('dumps before files.img', () => {
  const old = {
    'pstree.img': image('PSTREE', task(1), task(2, 1), task(3, 1)),
    'ids-1.img': ids(7),
    'ids-2.img': ids(7),
    'ids-3.img': ids(9),
    'fdinfo-7.img': image(
      'FDINFO',
      slot(4, 0x21, FD_TYPE.fifo, 1),
      slot(0, 0x20, FD_TYPE.reg),
      slot(5, 0x22, FD_TYPE.eventpoll),
      slot(6, 0x23, FD_TYPE.inotify),
    ),
    // The second by hand: id 0x24, no flags, type 77, descriptor 2.
    'fdinfo-9.img': image('FDINFO', slot(1, 0x99, FD_TYPE.pipe), [8, 0, 0, 0, 8, 0x24, 16, 0, 24, 77, 32, 2]),
    'reg-files.img': image(
      'REG_FILES',
      entry('reg_file_entry', reg(0x20, '/etc/hosts')),
      entry('reg_file_entry', reg(0x21, '/run/fifo')),
    ),
    'fifo.img': image('FIFO', entry('fifo_entry', { id: 0x21, pipe_id: 5 })),
    'eventpoll.img': image('EVENTPOLL_FILE', entry('eventpoll_file_entry', { id: 0x22, flags: 2, fown })),
    'eventpoll-tfd.img': image(
      'EVENTPOLL_TFD',
      entry('eventpoll_tfd_entry', { id: 0x22, tfd: 4, events: 1, data: 8 }),
      entry('eventpoll_tfd_entry', { id: 0x77, tfd: 9, events: 1, data: 8 }),
    ),
    'inotify.img': image('INOTIFY_FILE', entry('inotify_file_entry', { id: 0x23, flags: 0, fown })),
    'inotify-wd.img': image(
      'INOTIFY_WD',
      entry('inotify_wd_entry', {
        id: 0x23,
        i_ino: 12,
        mask: 3,
        ignored_mask: 0,
        s_dev: 1,
        wd: 2,
        f_handle: { bytes: 8, type: 1, handle: [1] },
      }),
    ),
  };

  test('have the same table, whatever image a file lies in', async () => {
    const [first] = await tablesOf(directory(old));
    assert.deepEqual(
      first?.descriptors.map(({ fd, closeOnExec, file }) => [fd, closeOnExec, file?.type]),
      [
        [0, false, FD_TYPE.reg],
        [4, true, FD_TYPE.fifo],
        [5, false, FD_TYPE.eventpoll],
        [6, false, FD_TYPE.inotify],
      ],
    );
    const byFd = new Map(first.descriptors.map(({ fd, file }) => [fd, file]));
    assert.equal(byFd.get(4)?.fifo?.pipe_id, 5);
    assert.deepEqual(
      byFd.get(5)?.epfd?.tfd.map(({ tfd }) => tfd),
      [4],
    );
    assert.deepEqual(
      byFd.get(6)?.ify?.wd.map(({ wd }) => wd),
      [2],
    );
  });

  test('tell a FIFO from the regular file of the same id, which is its path', async () => {
    const files = await FileTable.load(directory(old));
    assert.equal(files.entry(0x21, FD_TYPE.fifo)?.fifo?.pipe_id, 5);
    assert.equal(files.entry(0x21, FD_TYPE.reg)?.reg?.name, '/run/fifo');
    assert.equal(files.path(0x21), '/run/fifo');
    assert.equal(files.path(0x20), '/etc/hosts');
    assert.equal(files.path(0x55), undefined);
  });

  test('a shared table is there once, with all its processes', async () => {
    const tables = await tablesOf(directory(old));
    assert.deepEqual(
      tables.map(({ filesId, pids }) => [filesId, pids]),
      [
        [7, [1, 2]],
        [9, [3]],
      ],
    );
    assert.deepEqual(
      (await tablesOf(directory(old), new Set([2]))).map(({ filesId }) => filesId),
      [7],
    );
  });

  test('a descriptor of no file, or of a type that is not known, stays', async () => {
    const tables = await tablesOf(directory(old));
    assert.deepEqual(
      tables[1]?.descriptors.map(({ fd, type, fileId, file }) => [fd, type, fileId, file]),
      [
        [1, FD_TYPE.pipe, 0x99, undefined],
        [2, 77, 0x24, undefined],
      ],
    );
  });

  test('a message that lacks what it must have keeps its zeros when watches are put into it', async () => {
    // An eventpoll file of which only the id is there.
    const broken = { ...old, 'eventpoll.img': image('EVENTPOLL_FILE', [2, 0, 0, 0, 8, 0x22]) };
    const files = await FileTable.load(directory(broken));
    const epfd = files.entry(0x22)?.epfd;
    assert.deepEqual([epfd?.flags, epfd?.fown.uid, epfd?.tfd.length], [0, 0, 1]);
  });
});

test('while the archive is still being read there is what is known so far', async () => {
  const images = directory({ 'pstree.img': image('PSTREE', task(1)), 'ids-1.img': ids(7) }, false);
  assert.deepEqual(await tablesOf(images), []);
});

test('the files are decoded once for all who ask, but not from an archive that is still being read', async () => {
  const images = { 'files.img': image('FILES', entry('file_entry', { type: FD_TYPE.reg, id: 1, reg: reg(1, '/a') })) };
  const whole = directory(images);
  assert.equal(await FileTable.load(whole), await FileTable.load(whole));
  const growing = directory(images, false);
  assert.notEqual(await FileTable.load(growing), await FileTable.load(growing));
});
