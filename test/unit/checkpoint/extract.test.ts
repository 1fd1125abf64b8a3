import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Dirent,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { extractTo } from '../../../src/core/checkpoint/extract.ts';
import { CheckpointError, isCancelled } from '../../../src/core/errors.ts';
import { say, sentence } from '../../../src/protocol/sentence.ts';
import { MemoryView, type MemoryNode } from './memory-view.ts';

let outer: string;
let target: string;

beforeEach(() => {
  outer = mkdtempSync(join(realpathSync(tmpdir()), 'extract-'));
  target = join(outer, 'target');
});

afterEach(() => {
  rmSync(outer, { recursive: true, force: true });
});

/** Everything below a folder. Node's own recursive readdir follows links, and never ends where they form a ring. */
function walk(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => [
    entry,
    ...(entry.isDirectory() ? walk(join(folder, entry.name)) : []),
  ]);
}

/** Every path below `folder`: folders end in `/`, links show where they lead. */
function listing(folder: string): string[] {
  return walk(folder)
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = relative(folder, path);
      return entry.isSymbolicLink() ? `${name} -> ${readlinkSync(path)}` : entry.isDirectory() ? `${name}/` : name;
    })
    .sort();
}

function isReason(reason: string): (error: unknown) => boolean {
  return (error) => CheckpointError.is(error) && error.reason === reason;
}

const SAMPLE: MemoryNode = {
  folder: [
    [
      'rootfs',
      {
        folder: [
          [
            'etc',
            {
              folder: [['app.conf', { file: 'x=1\n', mode: 0o640, mtime: 1_700_000_000_000 }]],
              mode: 0o750,
              mtime: 1_600_000_000_000,
            },
          ],
          ['empty', { folder: [] }],
          ['suid', { file: 'tool', mode: 0o4755 }],
        ],
      },
    ],
    ['archive', { folder: [['checkpoint', { folder: [['core-1.img', { file: 'core' }]] }]] }],
  ],
};

describe('writing a view to disk', () => {
  test('writes everything below the root into a new folder, with modes and times but without setuid', async () => {
    const result = await extractTo(new MemoryView(SAMPLE), '/', target);
    assert.deepEqual(listing(target), [
      'archive/',
      'archive/checkpoint/',
      'archive/checkpoint/core-1.img',
      'rootfs/',
      'rootfs/empty/',
      'rootfs/etc/',
      'rootfs/etc/app.conf',
      'rootfs/suid',
    ]);
    assert.deepEqual(result, { files: 3, bytes: 12, skipped: [] });
    const file = statSync(join(target, 'rootfs/etc/app.conf'));
    assert.equal(file.mode & 0o7777, 0o640);
    assert.equal(file.mtimeMs, 1_700_000_000_000);
    const folder = statSync(join(target, 'rootfs/etc'));
    assert.equal(folder.mode & 0o7777, 0o750);
    assert.equal(folder.mtimeMs, 1_600_000_000_000);
    assert.equal(statSync(join(target, 'rootfs/suid')).mode & 0o7777, 0o755);
  });

  test('folders stay usable by the one who extracts', async () => {
    await extractTo(
      new MemoryView({ folder: [['closed', { folder: [['f', { file: '', mode: 0 }]], mode: 0 }]] }),
      '/',
      target,
    );
    assert.equal(lstatSync(join(target, 'closed')).mode & 0o777, 0o700);
    assert.equal(lstatSync(join(target, 'closed/f')).mode & 0o777, 0o400);
  });

  test('what nobody recorded a time of is new, not of 1970', async () => {
    const before = Date.now() - 60_000;
    const view = new MemoryView({ folder: [['proc', { folder: [['comm', { file: 'sh' }]] }]] });
    await extractTo(view, '/', target);
    for (const path of ['', 'proc', 'proc/comm']) assert.ok(statSync(join(target, path)).mtimeMs > before, path);
  });

  test('a file goes into a folder that exists, and else becomes the target', async () => {
    mkdirSync(target);
    const view = new MemoryView(SAMPLE);
    await extractTo(view, '/rootfs/etc/app.conf', target);
    await extractTo(view, '/rootfs/etc/app.conf', join(target, 'renamed.conf'));
    assert.deepEqual(listing(target), ['app.conf', 'renamed.conf']);
    assert.equal(readFileSync(join(target, 'renamed.conf'), 'utf8'), 'x=1\n');
    assert.equal(view.openSources, 0);
  });

  test('a folder goes into a folder that exists, and else becomes the target', async () => {
    mkdirSync(target);
    await extractTo(new MemoryView(SAMPLE), '/rootfs/etc', target);
    await extractTo(new MemoryView(SAMPLE), '/rootfs/etc', join(target, 'other'));
    assert.deepEqual(listing(target), ['etc/', 'etc/app.conf', 'other/', 'other/app.conf']);
  });

  test('writes only what the patterns ask for, with the folders on the way', async () => {
    await extractTo(new MemoryView(SAMPLE), '/', target, { globs: ['/rootfs/**/*.conf', 'core-*.img'] });
    assert.deepEqual(listing(target), [
      'archive/',
      'archive/checkpoint/',
      'archive/checkpoint/core-1.img',
      'rootfs/',
      'rootfs/etc/',
      'rootfs/etc/app.conf',
    ]);
  });

  test('a file larger than a chunk arrives whole', async () => {
    const bytes = Buffer.alloc(5 * 1024 * 1024 + 17, 'abcdefg');
    await extractTo(new MemoryView({ folder: [['big', { file: bytes }]] }), '/', target);
    assert.ok(readFileSync(join(target, 'big')).equals(bytes));
  });

  test('a path that is not there is refused and makes nothing', async () => {
    await assert.rejects(extractTo(new MemoryView(SAMPLE), '/rootfs/nothing', target), isReason('not-found'));
    assert.ok(!existsSync(target));
  });
});

describe('what is there already', () => {
  test('is not overwritten, and nothing else is written either', async () => {
    mkdirSync(join(target, 'rootfs'), { recursive: true });
    writeFileSync(join(target, 'rootfs/suid'), 'mine');
    await assert.rejects(extractTo(new MemoryView(SAMPLE), '/', target), isReason('exists'));
    assert.deepEqual(listing(target), ['rootfs/', 'rootfs/suid']);
    assert.equal(readFileSync(join(target, 'rootfs/suid'), 'utf8'), 'mine');
  });

  test('is replaced with force: the name, not what a link or another name of the file leads to', async () => {
    mkdirSync(join(target, 'rootfs/etc'), { recursive: true });
    writeFileSync(join(outer, 'linked'), 'mine');
    writeFileSync(join(outer, 'other-name'), 'mine');
    symlinkSync(join(outer, 'linked'), join(target, 'rootfs/suid'));
    linkSync(join(outer, 'other-name'), join(target, 'rootfs/etc/app.conf'));
    await extractTo(new MemoryView(SAMPLE), '/', target, { force: true });
    assert.equal(readFileSync(join(target, 'rootfs/suid'), 'utf8'), 'tool');
    assert.equal(readFileSync(join(target, 'rootfs/etc/app.conf'), 'utf8'), 'x=1\n');
    assert.equal(readFileSync(join(outer, 'linked'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(outer, 'other-name'), 'utf8'), 'mine');
  });

  test('a link in the place of a folder is not followed, even with force', async () => {
    mkdirSync(join(outer, 'elsewhere'));
    mkdirSync(target);
    symlinkSync('../elsewhere', join(target, 'rootfs'));
    await assert.rejects(extractTo(new MemoryView(SAMPLE), '/', target, { force: true }), isReason('exists'));
    assert.deepEqual(listing(join(outer, 'elsewhere')), []);
  });

  test('a folder in the place of a file is never replaced', async () => {
    mkdirSync(join(target, 'rootfs/suid'), { recursive: true });
    await assert.rejects(extractTo(new MemoryView(SAMPLE), '/', target, { force: true }), isReason('exists'));
  });

  test('the target itself may be a link of the person', async () => {
    mkdirSync(join(outer, 'real'));
    symlinkSync('real', target);
    await extractTo(new MemoryView(SAMPLE), '/archive', target);
    assert.deepEqual(listing(join(outer, 'real')), [
      'archive/',
      'archive/checkpoint/',
      'archive/checkpoint/core-1.img',
    ]);
  });
});

describe('hostile names and links', () => {
  test('names that climb, are absolute or hold a NUL stay inside', async () => {
    const view = new MemoryView({
      folder: [
        ['..', { folder: [['escaped', { file: 'a' }]] }],
        ['../../climbs', { file: 'b' }],
        ['/etc/passwd', { file: 'c' }],
        ['nul\0name', { file: 'd' }],
        ['.', { file: 'e' }],
        ['', { file: 'f' }],
        ['a', { folder: [['', { folder: [['', { folder: [] }]] }]] }],
      ],
    });
    const result = await extractTo(view, '/', target);
    assert.deepEqual(readdirSync(outer), ['target']);
    assert.deepEqual(listing(target), ['a/', 'nul%00name']);
    assert.equal(result.skipped.length, 6);
  });

  test('a link planted under the name of a folder is not passed through', async () => {
    const view = new MemoryView({
      folder: [
        ['a', { link: '..' }],
        ['a', { folder: [['planted', { file: 'x' }]] }],
      ],
    });
    const result = await extractTo(view, '/', target);
    assert.deepEqual(readdirSync(outer), ['target']);
    assert.deepEqual(listing(target), ['a/', 'a/planted']);
    assert.equal(result.skipped.length, 1);
  });

  test('links are made where they lead inside, and told otherwise', async () => {
    const links: Record<string, string> = {
      inside: 'b/file',
      climbs: '../b/file',
      absolute: '/etc/passwd',
      out: '../../x',
      'through-a-link': 'climbs/../..',
      nothing: '',
    };
    const view = new MemoryView({
      folder: [['a', { folder: Object.entries(links).map(([name, link]) => [name, { link }]) }]],
    });
    const result = await extractTo(view, '/', target);
    assert.deepEqual(listing(target), ['a/', 'a/climbs -> ../b/file', 'a/inside -> b/file']);
    assert.deepEqual(
      result.skipped.map((note) => [note.kind, note.where]),
      [
        ['may-be-incomplete', '/a/absolute'],
        ['may-be-incomplete', '/a/out'],
        ['may-be-incomplete', '/a/through-a-link'],
        ['may-be-incomplete', '/a/nothing'],
      ],
    );
  });

  test('devices, pipes and sockets are not made', async () => {
    const result = await extractTo(new MemoryView({ folder: [['null', { device: true }]] }), '/', target);
    assert.deepEqual(listing(target), []);
    assert.match(say(result.skipped[0]?.text ?? sentence('')), /^\/null was left out: it is a device/);
  });

  test('of two files that get the same name the first is kept, with force too', async () => {
    const view = new MemoryView({
      folder: [
        ['a\0b', { file: 'first' }],
        ['a%00b', { file: 'second' }],
      ],
    });
    for (const force of [false, true]) {
      const into = join(target, String(force));
      const result = await extractTo(view, '/', into, { force });
      assert.equal(readFileSync(join(into, 'a%00b'), 'utf8'), 'first');
      assert.deepEqual(
        result.skipped.map((note) => note.where),
        ['/a%00b'],
      );
    }
  });

  test('a name and a path longer than the disk takes are left out, the rest is written', async () => {
    let deep: MemoryNode = { folder: [['end', { file: 'x' }]] };
    for (let level = 0; level < 60; level++) deep = { folder: [['d'.repeat(100), deep]] };
    const view = new MemoryView({
      folder: [
        ['n'.repeat(300), { file: 'x' }],
        ['deep', deep],
        ['kept', { file: 'x' }],
      ],
    });
    const result = await extractTo(view, '/', target);
    assert.ok(existsSync(join(target, 'kept')));
    assert.equal(result.skipped.length, 2);
  });

  test('no tree of names and links, however odd, makes anything outside the target', async () => {
    const name = fc.oneof(
      fc.constantFrom('..', '.', '', '/', '../x', 'a', 'b', 'a/b', '/etc', 'C:\\x', '\0'),
      fc.string({ maxLength: 8 }),
    );
    const { node } = fc.letrec<{ node: MemoryNode }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.record({ file: fc.string({ maxLength: 5 }) }),
        fc.record({
          link: fc.oneof(fc.constantFrom('..', '../..', 'a/../..', '/tmp', 'a', 'b/..'), fc.string({ maxLength: 6 })),
        }),
        fc.record({ folder: fc.uniqueArray(fc.tuple(name, tie('node')), { maxLength: 4, selector: ([own]) => own }) }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(node, async (made) => {
        const into = join(outer, 'property');
        await extractTo(new MemoryView({ folder: [['top', made]] }), '/', into, { force: true });
        assert.deepEqual(readdirSync(outer), ['property']);
        for (const entry of walk(into)) {
          if (!entry.isSymbolicLink()) continue;
          const path = join(entry.parentPath, entry.name);
          if (existsSync(path))
            assert.ok(`${realpathSync(path)}/`.startsWith(`${into}/`), `${path} -> ${readlinkSync(path)}`);
        }
        rmSync(into, { recursive: true });
      }),
      { numRuns: 300, interruptAfterTimeLimit: 20_000 },
    );
  });
});

describe('damage and interruption', () => {
  test('a file that cannot be read leaves nothing behind, is told, and the rest goes on', async () => {
    const error = new CheckpointError('damaged', sentence('{0} is damaged.', 'bad'), { where: 'bad' });
    const view = new MemoryView({
      folder: [
        ['bad', { file: Buffer.alloc(3 * 1024 * 1024), fails: { at: 2 * 1024 * 1024, error } }],
        ['good', { file: 'ok' }],
      ],
    });
    const result = await extractTo(view, '/', target);
    assert.deepEqual(listing(target), ['good']);
    assert.deepEqual(result, {
      files: 1,
      bytes: 2,
      skipped: [{ kind: 'damaged', where: '/bad', text: error.sentence }],
    });
    assert.equal(view.openSources, 0);
  });

  test('a file whose archive ends early is kept as far as it goes, and told', async () => {
    const result = await extractTo(new MemoryView({ folder: [['cut', { file: 'half', size: 8 }]] }), '/', target);
    assert.equal(readFileSync(join(target, 'cut'), 'utf8'), 'half');
    assert.deepEqual(
      result.skipped.map((note) => [note.kind, say(note.text)]),
      [['truncated', '/cut holds only 4 of 8 bytes: the archive ends early.']],
    );
  });

  test('a cancelled extraction removes the file it was at', async () => {
    const controller = new AbortController();
    const view = new MemoryView({
      folder: [
        ['done', { file: 'ok' }],
        ['half', { file: Buffer.alloc(64 * 1024 * 1024) }],
      ],
    });
    const running = extractTo(view, '/', target, { signal: controller.signal, onProgress: () => controller.abort() });
    await assert.rejects(running, isCancelled);
    assert.deepEqual(listing(target), ['done']);
    assert.equal(view.openSources, 0);
  });

  test('what concerns all that follows ends it', async () => {
    const error = new CheckpointError('changed', sentence('The archive was changed.'));
    const view = new MemoryView({ folder: [['bad', { file: 'abc', fails: { at: 0, error } }]] });
    await assert.rejects(extractTo(view, '/', target), error);
  });

  test('a target that cannot be made is one sentence', async () => {
    writeFileSync(target, '');
    await assert.rejects(extractTo(new MemoryView(SAMPLE), '/', join(target, 'below')), isReason('unwritable'));
  });
});
