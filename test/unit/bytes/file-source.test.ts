import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openFile, openSameFile } from '../../../src/core/bytes/file-source.ts';
import { sliceSource } from '../../../src/core/bytes/sources.ts';
import { inFolder, noise, text } from './support.ts';

const onWindows = process.platform === 'win32';
const isRoot = process.getuid?.() === 0;

describe('a file', () => {
  test('is read by position, shorter only at its end', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, '0123456789');
      const file = await openFile(path);
      assert.equal(file.size, 10);
      assert.equal(await text(file, 3, 4), '3456');
      assert.equal(await text(file, 8, 100), '89');
      assert.equal(await text(file, 10, 5), '');
      assert.equal(await text(file, 1e9, 5), '');
      await file.close();
    }));

  test('is read into memory of the reader, as much as fits there and no more', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, '0123456789');
      const file = await openFile(path);
      const target = Buffer.alloc(4, '.');
      assert.equal(file.fillNow?.(target, 8), 2);
      assert.equal(target.toString(), '89..');
      assert.equal(sliceSource(file, 2, 3, 'slice').fillNow?.(target, 1), 2);
      assert.equal(target.toString(), '34..');
      assert.equal(file.fillNow(target, 10), 0);
      truncateSync(path, 5);
      assert.throws(() => file.fillNow?.(target, 0), { reason: 'changed' });
      await file.close();
      assert.throws(() => file.fillNow?.(target, 0));
    }));

  test('is read in large windows as in small ones', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      const content = noise(3_000_000);
      writeFileSync(path, content);
      const file = await openFile(path);
      assert.ok(content.equals(await file.read(0, content.length)));
      assert.ok(content.subarray(1_000_001, 2_500_000).equals(await file.read(1_000_001, 1_499_999)));
      await file.close();
    }));

  test('has an identity that follows its content and not its name', () =>
    inFolder(async (folder) => {
      const identityOf = async (path: string) => {
        const file = await openFile(path);
        await file.close();
        return file.identity;
      };
      const path = join(folder, 'file');
      writeFileSync(path, 'a');
      const before = await identityOf(path);
      renameSync(path, join(folder, 'renamed'));
      assert.equal(await identityOf(join(folder, 'renamed')), before);
      utimesSync(join(folder, 'renamed'), 1, 1);
      assert.notEqual(await identityOf(join(folder, 'renamed')), before);
    }));

  for (const [how, change] of [
    ['shrinks', (path: string) => truncateSync(path, 3)],
    ['grows', (path: string) => writeFileSync(path, 'more', { flag: 'a' })],
    [
      'is written into',
      (path: string) => {
        writeFileSync(path, 'X', { flag: 'r+' });
        utimesSync(path, 9, 9);
      },
    ],
  ] as const) {
    test(`that ${how} while it is open is not read on`, () =>
      inFolder(async (folder) => {
        const path = join(folder, 'file.tar');
        writeFileSync(path, noise(100_000));
        const file = await openFile(path);
        change(path);
        for (const length of [10, 90_000]) {
          await assert.rejects(file.read(0, length), {
            reason: 'changed',
            where: path,
            message: `${path} was changed by another program while it was open, so what it showed may no longer be true. Open it again.`,
          });
        }
        await file.close();
      }));
  }

  test('is opened again only as what it was', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'old');
      const file = await openFile(path);
      const again = await openSameFile(path, file.identity);
      assert.equal(await text(again, 0, 3), 'old');
      await again.close();
      writeFileSync(join(folder, 'new'), 'new');
      renameSync(join(folder, 'new'), path);
      await assert.rejects(openSameFile(path, file.identity), { reason: 'changed', where: path });
      await file.close();
    }));

  test('that is replaced or removed while it is open stays as it was', { skip: onWindows }, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'old');
      const file = await openFile(path);
      writeFileSync(join(folder, 'new'), 'new');
      renameSync(join(folder, 'new'), path);
      assert.equal(await text(file, 0, 3), 'old');
      rmSync(path);
      assert.equal(await text(file, 0, 3), 'old');
      await file.close();
    }),
  );

  test('that was closed, or whose reader was cancelled, is not read', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, noise(1_000_000));
      const file = await openFile(path);
      await assert.rejects(file.read(0, 10, AbortSignal.abort()), { reason: 'cancelled' });
      await file.close();
      await file.close();
      await assert.rejects(file.read(0, 10), { reason: 'unreadable' });
    }));
});

describe('what is not a regular file', { skip: onWindows }, () => {
  test('is refused by what it is, without waiting for it', () =>
    inFolder(async (folder) => {
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      mkdirSync(join(folder, 'folder'));
      const server = createServer().listen(join(folder, 'socket'));
      await new Promise((resolve) => server.once('listening', resolve));
      for (const [path, what] of [
        [join(folder, 'pipe'), 'a pipe'],
        [join(folder, 'folder'), 'a folder'],
        [join(folder, 'socket'), 'a socket'],
        ['/dev/null', 'a device'],
      ] as const) {
        await assert.rejects(openFile(path), {
          reason: 'unsupported',
          message: `${path} is ${what}, not a file. Only regular files and folders can be opened.`,
        });
      }
      await new Promise((resolve) => server.close(resolve));
    }));

  test('is followed if it is a link to a file, unless that is not wanted', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'file'), 'content');
      symlinkSync('file', join(folder, 'link'));
      symlinkSync('loop', join(folder, 'loop'));
      const file = await openFile(join(folder, 'link'));
      assert.equal(await text(file, 0, 7), 'content');
      await file.close();
      await assert.rejects(openFile(join(folder, 'link'), 'link', { follow: false }), { reason: 'unsupported' });
      await assert.rejects(openFile(join(folder, 'loop')), { reason: 'unreadable', message: /go round in a circle/ });
    }));

  test('or may not be read, or is not there, has a sentence', () =>
    inFolder(async (folder) => {
      await assert.rejects(openFile(join(folder, 'none')), {
        reason: 'not-found',
        message: /There is no file or folder/,
      });
      writeFileSync(join(folder, 'secret'), 'x');
      chmodSync(join(folder, 'secret'), 0);
      if (!isRoot)
        await assert.rejects(openFile(join(folder, 'secret')), { reason: 'unreadable', message: /permission denied/ });
    }));
});
