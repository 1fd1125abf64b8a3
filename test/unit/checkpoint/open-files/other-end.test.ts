import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openCheckpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { remarksOf } from '../../../../src/protocol/open-file-words.ts';
import type { OpenFileFacts } from '../../../../src/protocol/open-files.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import { archiveOf } from '../../support/fixtures.ts';
import { fdinfoImage, filesImage, fown, openFilesOf, processImages, type MadeUpFile } from './made-up.ts';

const READ = 0;
const WRITE = 1;
const BOTH = 2;

const pipe = (id: number, flags: number): MadeUpFile => ['pipe', { id, pipe_id: 700, flags, fown }];
const reg = (id: number, flags: number): MadeUpFile => ['reg', { id, flags, pos: 0, fown, name: '/run/queue' }];
const unix = (id: number, ino: number, peer: number): MadeUpFile => [
  'unixsk',
  { id, ino, type: 1, state: 1, flags: BOTH, uflags: 0, backlog: 0, peer, fown, opts: sockOpts, name: '' },
];
const sockOpts = {
  so_sndbuf: 1,
  so_rcvbuf: 1,
  so_snd_tmo_sec: 0,
  so_snd_tmo_usec: 0,
  so_rcv_tmo_sec: 0,
  so_rcv_tmo_usec: 0,
};

/** What the rows of the list say beside each descriptor. */
function remarks(files: readonly OpenFileFacts[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    files.map((file) => [
      `${file.pid}/${file.fd}`,
      remarksOf(file)
        .map((remark) => say(remark))
        .join(', '),
    ]),
  );
}

describe('who is at the other end', () => {
  test('of a pipe that a shell made between its children', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'other-end-'));
    const checkpoint = await openCheckpoint({
      locator: archiveOf('crio-rich'),
      spill: { directory, limit: 2 ** 32 },
    });
    try {
      const said = remarks(await checkpoint.openFiles.list());
      assert.equal(said['7/1'], '→ cat 8');
      assert.equal(said['8/0'], '← sh 7, sleep 28');
      assert.equal(said['1/1'], 'the container’s standard output');
    } finally {
      await checkpoint.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('of a pipe with more processes than a row has room for', async () => {
    const processes = [1, 2, 3, 4, 5].map((pid) => ({ pid, filesId: pid }));
    const writers = Object.fromEntries([2, 3, 4, 5].map((id) => [`fdinfo-${id}.img`, fdinfoImage({ 1: [8, 'pipe'] })]));
    const { files } = openFilesOf({
      ...processImages(...processes),
      'fdinfo-1.img': fdinfoImage({ 0: [9, 'pipe'] }),
      ...writers,
      'files.img': filesImage(pipe(8, WRITE), pipe(9, READ)),
    });
    const said = remarks(await files.list());
    assert.equal(said['1/0'], '← process-2 2, process-3 3, process-4 4 +1');
    assert.equal(said['5/1'], '→ process-1 1');
  });

  test('of a pipe that very many share, without naming all of them for each', async () => {
    const count = 400;
    const processes = Array.from({ length: count }, (_, index) => ({ pid: index + 1, filesId: 1 }));
    const { files } = openFilesOf({
      ...processImages(...processes),
      'fdinfo-1.img': fdinfoImage({ 0: [9, 'pipe'], 1: [8, 'pipe'] }),
      'files.img': filesImage(pipe(8, WRITE), pipe(9, READ)),
    });
    const list = await files.list();
    assert.equal(list.length, 2 * count);
    let named = 0;
    for await (const { facts, holders, moreHolders } of files.details(list)) {
      assert.ok(facts?.of === 'pipe');
      named += facts.ends.length + holders.length;
      assert.deepEqual([facts.more, facts.missingEnd, moreHolders], [true, undefined, true]);
    }
    assert.ok(named <= 200 * list.length, `${named} descriptors were named`);
    const one = await files.detail(7, 1);
    assert.ok(one?.facts?.of === 'pipe');
    assert.deepEqual([one.facts.ends.length, one.facts.more, one.holders.length], [2 * count, undefined, count]);
  });

  test('of a UNIX socket only where the two know each other', async () => {
    const { files } = openFilesOf({
      ...processImages({ pid: 1, filesId: 1 }, { pid: 2, filesId: 2 }),
      'fdinfo-1.img': fdinfoImage({ 3: [3, 'unixsk'], 4: [5, 'unixsk'] }),
      'fdinfo-2.img': fdinfoImage({ 7: [4, 'unixsk'] }),
      'files.img': filesImage(unix(3, 30, 40), unix(4, 40, 30), unix(5, 50, 40)),
    });
    const ends = (await files.list()).map(({ pid, fd, otherEnd }) => [pid, fd, otherEnd]);
    assert.deepEqual(ends, [
      [1, 3, { direction: 'both', holders: [{ pid: 2, fd: 7, command: 'process-2' }], more: 0 }],
      [1, 4, undefined],
      [2, 7, { direction: 'both', holders: [{ pid: 1, fd: 3, command: 'process-1' }], more: 0 }],
    ]);
  });

  test('of a FIFO, also when it was opened for reading and writing', async () => {
    const fifo = (id: number): MadeUpFile => ['fifo', { id, pipe_id: 900, regf_id: id + 100 }];
    const alone = openFilesOf({
      ...processImages({ pid: 1, filesId: 1 }),
      'fdinfo-1.img': fdinfoImage({ 3: [3, 'fifo'] }),
      'files.img': filesImage(fifo(3), reg(103, BOTH)),
    });
    assert.equal((await alone.files.list())[0]?.otherEnd, undefined);
    const shared = openFilesOf({
      ...processImages({ pid: 1, filesId: 1 }, { pid: 2, filesId: 2 }),
      'fdinfo-1.img': fdinfoImage({ 3: [3, 'fifo'] }),
      'fdinfo-2.img': fdinfoImage({ 3: [4, 'fifo'] }),
      'files.img': filesImage(fifo(3), reg(103, BOTH), fifo(4), reg(104, READ)),
    });
    const said = remarks(await shared.files.list());
    assert.equal(said['2/3'], '← process-1 1');
    assert.equal(said['1/3'], '↔ process-1 1, process-2 2');
  });
});
