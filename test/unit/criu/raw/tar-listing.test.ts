import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { openFixture } from '../memory-file-set.ts';
import { at, readRaw } from './support.ts';

const mtime = new Date('2026-11-23T22:22:36.000Z');

async function tar(size: number): Promise<Buffer> {
  const stream = pack();
  stream.entry({ name: './', type: 'directory', mode: 0o1777, mtime });
  stream.entry({ name: './socket dir/', type: 'directory', mode: 0o755, mtime });
  stream.entry({ name: `./${'long'.repeat(60)}`, mode: 0o4755, uid: 70_000, mtime }, 'x'.repeat(size));
  stream.entry({ name: './link', type: 'symlink', linkname: '../etc/passwd', mtime });
  stream.entry({ name: './null', type: 'character-device', devmajor: 1, devminor: 3, mtime });
  stream.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

suite('the image of a tmpfs', () => {
  test('lists its entries, without their contents', async () => {
    for (const content of [await tar(100), gzipSync(await tar(3_000_000))]) {
      const { entries, notes } = await readRaw('tmpfs-dev-65.tar.gz.img', content, true);
      assert.deepEqual(notes, []);
      assert.deepEqual(
        entries.map((entry) => [at(entry, 'path'), at(entry, 'type'), at(entry, 'mode')]),
        [
          ['', 'directory', '01777'],
          ['socket dir', 'directory', '0755'],
          ['long'.repeat(60), 'file', '04755'],
          ['link', 'symlink', '0644'],
          ['null', 'character-device', '0644'],
        ],
      );
      assert.deepEqual([at(entries[2], 'uid'), at(entries[2], 'mtime')], [70_000, mtime.toISOString()]);
      assert.equal(at(entries[3], 'link_target'), '../etc/passwd');
      assert.equal(at(entries[4], 'device'), '1:3');
    }
  });

  test('of a real dump is what its mount held', async () => {
    const files = await openFixture('podman-webapp-host');
    const names = [...files.entries.keys()].filter((path) => path.endsWith('.tar.gz.img'));
    const listed: string[] = [];
    for (const path of names) {
      const { entries, notes } = await readRaw(path.replace('checkpoint/', ''), files.content(path));
      assert.deepEqual(notes, []);
      listed.push(...entries.map((entry) => at(entry, 'path') as string));
    }
    assert.ok(names.length > 0);
    assert.ok(listed.includes('in-tmpfs.txt'), listed.join(' '));
  });

  test('of no byte is empty', async () => {
    assert.deepEqual(await readRaw('tmpfs-dev-65.tar.gz.img', ''), { entries: [], notes: [] });
  });

  test('that is cut off lists what came before, and tells where', async () => {
    const packed = gzipSync(await tar(3_000_000), { level: 0 });
    const { entries, notes } = await readRaw('tmpfs-dev-65.tar.gz.img', packed.subarray(0, 1_500_000));
    assert.equal(entries.length, 3);
    assert.equal(at(entries[2], 'truncated'), true);
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['truncated', 'truncated'],
    );
  });

  test('that is no archive is told as such', async () => {
    const { entries, notes } = await readRaw('tmpfs-7.tar.gz.img', Buffer.alloc(2048, 'no archive'));
    assert.deepEqual([entries, notes.map(({ kind }) => kind)], [[], ['damaged']]);
  });
});
