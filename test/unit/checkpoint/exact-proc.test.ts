import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readAll } from '../../../src/core/bytes/read.ts';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { entry, image, NO_MEMORY } from '../criu/build-image.ts';
import { core, siginfo } from './isolation/support.ts';
import { filesImage, reg, terminalInfo } from './open-files/made-up.ts';

const SESSION = 1;
const STOPPED = 3;
const ZOMBIE = 6;
const JAIL = '/tmp/jail';

/** Text in a message where bytes shall stand that are not UTF-8. */
function withBytes(content: Uint8Array, text: string, bytes: readonly number[]): Uint8Array {
  const changed = Buffer.from(content);
  const at = changed.indexOf(text);
  assert.ok(at >= 0 && text.length === bytes.length);
  changed.set(bytes, at);
  return changed;
}

const ids = { vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, mnt_ns_id: 12 };
const queued = (...signals: readonly number[]) => ({
  signals: signals.map((signal) => ({ siginfo: siginfo(signal, 0, []) })),
});
const fs = (cwd: number, root: number) => image('FS', entry('fs_entry', { cwd_id: cwd, root_id: root, umask: 18 }));
const mount = (id: number, parent: number, mountpoint: string) =>
  entry('mnt_entry', {
    fstype: 5,
    mnt_id: id,
    root_dev: 0x20,
    parent_mnt_id: parent,
    flags: 0,
    root: '/',
    mountpoint,
    source: 'tmpfs',
    options: '',
  });
const terminal = (id: number, rdev: number) => terminalInfo({ id, sid: SESSION, pgrp: 2, rdev });
/** A page of a private (1) mapping of a file (1 << 6). */
const mapping = (page: number, file: number) => ({
  start: page * 4096,
  end: (page + 1) * 4096,
  pgoff: 0,
  shmid: file,
  prot: 1,
  flags: 2,
  status: 1 | (1 << 6),
  fd: -1,
});
const mm = image(
  'MM',
  entry('mm_entry', { ...NO_MEMORY, exe_file_id: 3, vmas: [mapping(16, 3), mapping(17, 4), mapping(18, 5)] }),
);

const images: Readonly<Record<string, Uint8Array>> = {
  'inventory.img': image('INVENTORY', entry('inventory_entry', { img_version: 2 })),
  'pstree.img': image(
    'PSTREE',
    ...[1, 2, 3, 4].map((pid) =>
      entry('pstree_entry', { pid, ppid: pid === 1 ? 0 : 1, pgid: pid, sid: pid === 4 ? 4 : SESSION, threads: [pid] }),
    ),
  ),
  'core-1.img': withBytes(
    core({
      task: {
        comm: 'a)\n\\?(b',
        personality: 440000,
        signals_s: queued(10, 15),
      },
      thread: { signals_p: queued(1) },
    }),
    '?(b',
    [0xff, 0x28, 0x62],
  ),
  'core-2.img': core({ task: { task_state: STOPPED, stop_signo: 19, personality: 0x0400000 } }),
  'core-3.img': core({ task: { personality: 8 } }),
  'core-4.img': core({ task: { task_state: ZOMBIE, exit_code: 9 }, thread: false }),
  'fs-1.img': fs(6, 1),
  'fs-2.img': fs(1, 1),
  'fs-3.img': fs(2, 2),
  'mm-1.img': mm,
  'mm-2.img': mm,
  'mm-3.img': mm,
  ...Object.fromEntries([1, 2, 3].map((pid) => [`ids-${pid}.img`, image('IDS', entry('task_kobj_ids_entry', ids))])),
  'files.img': withBytes(
    filesImage(
      reg(1, '/'),
      reg(2, JAIL),
      reg(3, '/app/gone'),
      reg(4, '/app/odd-?'),
      reg(5, '/app/kept (deleted)'),
      reg(6, '/tmp/no directory'),
    ),
    'odd-?',
    [0x6f, 0x64, 0x64, 0x2d, 0xfe],
  ),
  'pagemap-1.img': image('PAGEMAP', entry('pagemap_head', { pages_id: 1 })),
  'pages-1.img': new Uint8Array(),
  'ghost-file-3.img': image(
    'GHOST_FILE',
    entry('ghost_file_entry', { uid: 0, gid: 0, mode: 0o100644, size: 8 }),
    'what was',
  ),
  'remap-fpath.img': image(
    'REMAP_FPATH',
    ...[3, 4, 6].map((id) => entry('remap_file_path_entry', { orig_id: id, remap_id: id, remap_type: 1 })),
  ),
  'tty-info.img': image('TTY_INFO', terminal(1, 0x502), terminal(2, 0x8803)),
  'mountpoints-12.img': image(
    'MNTS',
    mount(20, 0, '/'),
    mount(21, 20, '/proc'),
    mount(22, 20, `${JAIL}/in`),
    mount(23, 20, `${JAIL}er`),
  ),
};

describe('/proc of a checkpoint has the bytes of the kernel’s', () => {
  let folder: string;
  let checkpoint: Checkpoint;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exact-proc-'));
    for (const [name, content] of Object.entries(images)) writeFileSync(join(folder, name), content);
    checkpoint = await openCheckpoint({ locator: folder, spill: { directory: `${folder}-spill`, limit: 1 << 20 } });
    await checkpoint.completed;
  });
  after(async () => {
    await checkpoint.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}-spill`, { recursive: true, force: true });
  });

  /** Each byte a character. */
  const read = async (path: string): Promise<string> =>
    Buffer.from(await readAll(await checkpoint.files.open(path), 1 << 16)).toString('latin1');
  const target = async (path: string) => (await checkpoint.files.stat(path)).linkTarget;
  const status = async (pid: number) =>
    new Map((await read(`/proc/${pid}/status`)).split('\n').map((line) => line.split(':\t') as [string, string]));
  /** Counted from 1 as in proc(5). */
  const stat = async (pid: number) => {
    const line = await read(`/proc/${pid}/stat`);
    const fields = line
      .trimEnd()
      .slice(line.lastIndexOf(') ') + 2)
      .split(' ');
    return (number: number) => fields[number - 3];
  };

  test('a name that is not UTF-8', async () => {
    assert.equal(await read('/proc/1/comm'), 'a)\n\\\xff(b\n');
    assert.equal(await read('/proc/1/task/1/comm'), 'a)\n\\\xff(b\n');
    assert.equal((await status(1)).get('Name'), 'a)\\n\\\\\xff(b');
    assert.ok((await read('/proc/1/stat')).startsWith('1 (a)\n\\\xff(b) R 0 1 1 '));
  });

  test('links and mappings say what is deleted, and only that', async () => {
    assert.equal(await target('/proc/1/cwd'), '/tmp/no directory (deleted)');
    assert.equal(await target('/proc/1/exe'), '/app/gone (deleted)');
    assert.equal(await target('/proc/2/cwd'), '/');
    const names = (await read('/proc/1/maps')).trimEnd().split('\n');
    assert.deepEqual(
      names.map((line) => line.slice(73)),
      ['/app/gone (deleted)', '/app/odd-\xfe (deleted)', '/app/kept (deleted)'],
    );
  });

  test('what was mapped of a deleted file is read from its ghost', async () => {
    const { bytes, ranges } = await checkpoint.memory.read(1, 16n * 4096n, 16);
    assert.equal(Buffer.from(bytes.subarray(0, 8)).toString(), 'what was');
    assert.deepEqual(
      ranges.map(({ length, present, where }) => ({ length, present, where })),
      [
        { length: 8, present: true, where: '/contents/deleted/3/gone' },
        { length: 8, present: false, where: '/app/gone (deleted)' },
      ],
    );
  });

  test('the process list says it too', async () => {
    const [first] = await checkpoint.processes();
    assert.equal(first?.executable, '/app/gone (deleted)');
    assert.equal(first.workingDirectory, '/tmp/no directory (deleted)');
  });

  test('mounts are seen from the root of the process', async () => {
    assert.equal(await read('/proc/3/mountinfo'), '22 20 0:32 / /in rw - tmpfs tmpfs rw\n');
    assert.equal(await read('/proc/3/mounts'), 'tmpfs /in tmpfs rw 0 0\n');
    assert.equal((await read('/proc/1/mountinfo')).split('\n').length, 5);
  });

  test('signals that wait, the terminal and the signal that stopped it', async () => {
    const first = await stat(1);
    assert.equal(first(31), '1', 'only those of the thread');
    assert.equal((await status(1)).get('ShdPnd'), '0000000000004200');
    assert.deepEqual([first(7), first(8), first(52)], [String(0x8803), '2', '0']);
    const stopped = await stat(2);
    assert.deepEqual([stopped(3), stopped(52)], ['T', '19']);
    const other = await stat(4);
    assert.deepEqual([other(7), other(8), other(52)], ['0', '-1', '9']);
  });

  test('of a zombie nothing is said that no image has', async () => {
    const lines = await status(4);
    assert.equal(lines.get('State'), 'Z (zombie)');
    for (const name of ['SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt', 'CapEff']) assert.ok(!lines.has(name), name);
  });

  test('a personality whose digits CRIU took for a decimal number, and one that it did not', async () => {
    assert.equal(await read('/proc/1/personality'), '00440000\n');
    assert.equal(await read('/proc/2/personality'), '00400000\n');
    assert.equal(await read('/proc/3/personality'), '00000008\n');
    assert.deepEqual((await checkpoint.isolation.process(1))?.settings?.personality, [
      'PER_LINUX',
      'ADDR_NO_RANDOMIZE',
      'READ_IMPLIES_EXEC',
    ]);
  });
});
