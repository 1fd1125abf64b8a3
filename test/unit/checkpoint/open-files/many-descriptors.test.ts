import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OpenFileDetail } from '../../../../src/protocol/open-files.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import { entry, image } from '../../criu/build-image.ts';
import { filesImage, fown, openFilesOf, processImages } from './made-up.ts';

const CLONE_NEWNET = 0x40000000;

/** fdinfo-1.img whose slots may repeat a number. */
function slots(fds: Iterable<number>, id: number, type: number): Uint8Array {
  const entries = [...fds].map((fd) => entry('fdinfo_entry', { id, flags: 0, type, fd }));
  return image('FDINFO', Buffer.concat(entries));
}

const numbers = (count: number): readonly number[] => [...Array(count).keys()];

describe('a table of descriptors that only damage or malice makes', () => {
  test('is shown with each number once, its first, and says so', async () => {
    const { files, notebook } = openFilesOf({
      ...processImages({ pid: 1, filesId: 1 }),
      'fdinfo-1.img': image(
        'FDINFO',
        ...[5, 6, 5].map((fd, index) => entry('fdinfo_entry', { id: index + 1, flags: 0, type: 'REG', fd })),
      ),
      'files.img': filesImage(
        ...['/first', '/second', '/third'].map(
          (name, index) => ['reg', { id: index + 1, flags: 0, pos: 0, fown, name }] as const,
        ),
      ),
    });
    const list = await files.list();
    assert.deepEqual(
      list.map(({ fd, target }) => [fd, target]),
      [
        [5, '/first'],
        [6, '/second'],
      ],
    );
    assert.deepEqual((await files.counts([1])).get(1), { files: 2, sockets: 0 });
    assert.deepEqual(
      notebook.list().flatMap(({ kind, where, text }) => (kind === 'damaged' ? [[where, say(text)]] : [])),
      [
        [
          'fdinfo-1.img',
          'fdinfo-1.img lists descriptors more than once, 1 in all (5). Of each only the first is shown.',
        ],
      ],
    );
  });

  test('names few holders with each of very many descriptors of one file', async () => {
    const count = 12_000;
    const { files } = openFilesOf({
      ...processImages({ pid: 1, filesId: 1 }),
      'fdinfo-1.img': slots(numbers(count), 1, 2),
      'files.img': filesImage(['pipe', { id: 1, pipe_id: 7, flags: 0, fown }]),
    });
    let named = 0;
    let rows = 0;
    let last: OpenFileDetail | undefined;
    for await (const detail of files.details(files.each())) {
      rows++;
      named += detail.holders.length + (detail.facts?.of === 'pipe' ? detail.facts.ends.length : 0);
      last = detail;
    }
    assert.equal(rows, count);
    assert.ok(named < 600_000, `${named} named`);
    assert.deepEqual([last?.holders.length, last?.moreHolders], [3, true]);
    // One that is asked for alone has them all, as far as a person would look.
    assert.equal((await files.detail(1, 5))?.holders.length, 10_000);
  });

  test('names few of the many processes of a namespace with each of its descriptors', async () => {
    const pids = numbers(200).map((index) => index + 1);
    const { files } = openFilesOf({
      ...processImages(...pids.map((pid) => ({ pid, filesId: pid === 1 ? 1 : 2, netNs: 9 }))),
      'fdinfo-1.img': slots(numbers(20), 1, 14),
      'files.img': filesImage(['ns', { id: 1, ns_id: 9, ns_cflag: CLONE_NEWNET, flags: 0 }]),
    });
    const members = (detail: OpenFileDetail | undefined) =>
      detail?.facts?.of === 'namespace' ? [detail.facts.members.length, detail.facts.more] : [];
    for await (const detail of files.details(files.each(new Set([1])))) {
      assert.deepEqual(members(detail), [100, true]);
    }
    assert.deepEqual(members(await files.detail(1, 0)), [200, undefined]);
  });

  test('does not repeat what a file watches without an end, and says so', async () => {
    const watches = numbers(1000).map((wd) => ({
      wd,
      i_ino: wd,
      mask: 1,
      s_dev: 1,
      f_handle: { bytes: 8, type: 1, handle: [1] },
      ignored_mask: 0,
    }));
    const { files, notebook } = openFilesOf({
      ...processImages({ pid: 1, filesId: 1 }),
      'fdinfo-1.img': slots(numbers(1000), 1, 8),
      'files.img': filesImage(['inotify', { id: 1, flags: 0, fown, wd: watches }]),
    });
    let told = 0;
    for await (const { facts } of files.details(files.each())) told += facts?.of === 'inotify' ? 1 : 0;
    assert.ok(told > 300 && told < 501, String(told));
    assert.equal(notebook.list().filter(({ kind }) => kind === 'may-be-incomplete').length, 1);
  });
});
