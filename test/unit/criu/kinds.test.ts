import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { suite, test } from 'node:test';
import {
  fileOf,
  IMG_COMMON,
  IMG_SERVICE,
  kindOf,
  kindOfFile,
  kindOfMagic,
  KINDS,
  type Kind,
} from '../../../src/core/criu/kinds.ts';
import { messageType } from '../../../src/core/criu/schema.ts';
import { fixtureFolders, openFixture } from './memory-file-set.ts';

const rows: readonly Kind[] = KINDS;

suite('the table of image kinds', () => {
  test('names each kind once, and each message exists', () => {
    assert.equal(new Set(rows.map(({ kind }) => kind)).size, rows.length);
    for (const { message, head } of rows) {
      for (const name of [message, head]) if (name) assert.ok(messageType(name).fields.length > 0, name);
    }
  });

  test('knows every file of the images in the fixtures', async () => {
    for (const folder of fixtureFolders) {
      for (const [path, { type }] of (await openFixture(folder)).entries) {
        if (type === 'file' && path.startsWith('checkpoint/')) assert.ok(kindOfFile(basename(path)), path);
      }
    }
  });

  test('reads ids out of names: decimal, hexadecimal for ghost files and TCP streams, a word for statistics', () => {
    assert.deepEqual([kindOfFile('core-12.img')?.row.kind, kindOfFile('core-12.img')?.id], ['CORE', 12]);
    assert.deepEqual(
      [kindOfFile('tcp-stream-8bfba.img')?.row.kind, kindOfFile('tcp-stream-8bfba.img')?.id],
      ['TCP_STREAM', 0x8bfba],
    );
    assert.deepEqual(
      [kindOfFile('ghost-file-10.img')?.row.kind, kindOfFile('ghost-file-10.img')?.id],
      ['GHOST_FILE', 16],
    );
    assert.deepEqual([kindOfFile('stats-restore')?.row.kind, kindOfFile('stats-restore')?.id], ['STATS', 'restore']);
    assert.equal(kindOfFile('inventory.img')?.id, undefined);
  });

  test('tells similar names apart', () => {
    const expected = {
      'pagemap-7.img': 'PAGEMAP',
      'pagemap-shmem-7.img': 'SHMEM_PAGEMAP',
      'pages-7.img': 'PAGES',
      'pages-shmem-7.img': 'SHM_PAGES_OLD',
      'pages-1.comp.img': 'COMPRESSED_PAGES',
      'netns-7.img': 'NETNS',
      'netns-ct-7.img': 'NETNF_CT',
      'tmpfs-7.tar.gz.img': 'TMPFS_IMG',
      'tmpfs-dev-7.tar.gz.img': 'TMPFS_DEV',
      'route6-7.img': 'ROUTE6',
      'tty.img': 'TTY_FILES',
      'tty-info.img': 'TTY_INFO',
      'binfmt-misc.img': 'BINFMT_MISC',
      'binfmt-misc-7.img': 'BINFMT_MISC_OLD',
      'amdgpu-pages-1-00ff.img': 'AMDGPU_PAGES',
    };
    for (const [name, kind] of Object.entries(expected)) assert.equal(kindOfFile(name)?.row.kind, kind, name);
    for (const name of ['core-.img', 'core-x.img', 'core-1.img.bak', 'xcore-1.img', 'coreA1Bimg', '']) {
      assert.equal(kindOfFile(name), undefined, name);
    }
  });

  test('gives the name of a file back', () => {
    assert.equal(fileOf('CORE', 12), 'core-12.img');
    assert.equal(fileOf('TCP_STREAM', 0x8bfba), 'tcp-stream-8bfba.img');
    assert.equal(fileOf('SHMEM_PAGEMAP', 18446744073709551615n), 'pagemap-shmem-18446744073709551615.img');
    assert.equal(fileOf('FILES'), 'files.img');
    assert.equal(fileOf('STATS', 'dump'), 'stats-dump');
  });

  test('finds a kind by its magic, and by the name where several share one', () => {
    assert.equal(kindOfMagic(0x55053847)?.kind, 'CORE');
    assert.equal(kindOfMagic(0x56084025)?.kind, 'PAGEMAP');
    assert.equal(kindOfMagic(0x56084025, 'pagemap-shmem-3.img')?.kind, 'SHMEM_PAGEMAP');
    assert.equal(kindOfMagic(0x59255647, 'signal-p-3.img')?.kind, 'PSIGNAL');
    assert.equal(kindOfMagic(0x12345678), undefined);
    for (const first of [IMG_COMMON, IMG_SERVICE]) assert.equal(kindOfMagic(first), undefined);
  });

  test('has a magic where messages are framed, and none elsewhere', () => {
    for (const { kind, framing, magic, message, status } of rows) {
      if (framing === 'common' || framing === 'service' || framing === 'inventory') assert.ok(magic, kind);
      else if (status !== 'legacy') assert.equal(magic, undefined, kind);
      assert.equal(message === undefined, framing === 'raw' || kind === 'MPTCP_STREAM', kind);
    }
    assert.equal(kindOf('INVENTORY').framing, 'inventory');
  });
});
