import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { IMG_COMMON } from '../../../src/core/criu/kinds.ts';
import { bytes, entry, image, uint32 } from '../criu/build-image.ts';
import { archiveOf } from '../support/fixtures.ts';
import { cli, inFolder } from './support.ts';

type Decoded = Record<string, { magic: string; entries: unknown[]; raw?: string }>;

const recorded = join(import.meta.dirname, '../criu/netlink/recorded');
const rules = join(import.meta.dirname, '../criu/raw/recorded');
const added = ['ifaddr', 'route', 'route6', 'rule', 'netns-ct'].map((name) => join(recorded, `${name}-10.img`));

/** A folder of images of a real dump, and what a container in a network namespace of its own has beside them. */
async function inImages(use: (images: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    assert.equal((await cli('extract', archiveOf('podman-counter-none'), '--path', 'checkpoint/*', '-o', out)).code, 0);
    const images = join(out, 'archive/checkpoint');
    for (const file of added) copyFileSync(file, join(images, basename(file)));
    for (const file of ['nftables-10.img', 'iptables-10.img']) copyFileSync(join(rules, file), join(images, file));
    await use(images);
  });
}

describe('decode of images without messages', () => {
  test('gives what they hold, among the others, and nothing of pages, logs and other files', async () => {
    await inImages(async (images) => {
      writeFileSync(join(images, 'dump.log'), '(00.000001) a line\n');
      writeFileSync(join(images, 'disk.img'), Buffer.alloc(4096, 'disk'));
      const { code, stdout, stderr } = await cli('decode', '--pretty', images);
      assert.equal(code, 0, stderr);
      const decoded = JSON.parse(stdout) as Decoded;
      const of = (name: string): Decoded[string] | undefined => decoded[name];
      assert.equal(of('ifaddr-10.img')?.magic, 'IFADDR');
      assert.equal(of('netns-ct-10.img')?.entries.length, 10);
      assert.equal(of('nftables-10.img')?.entries.length, 3);
      assert.equal(of('iptables-10.img')?.entries.length, 2);
      assert.equal(of('descriptors.json')?.entries.length, 3);
      assert.ok(Object.values(decoded).some(({ magic, entries }) => magic === 'TMPFS_DEV' && entries.length > 0));
      for (const name of ['pages-1.img', 'dump.log', 'disk.img']) assert.equal(of(name), undefined, name);
    });
  });

  test('gives a log line by line where it is asked for, and says why pages are not decoded', async () => {
    await inImages(async (images) => {
      writeFileSync(join(images, 'dump.log'), '(00.000001) a line\n(00.000002) another\n');
      for (const args of [[images, 'dump.log'], [join(images, 'dump.log')]]) {
        const { code, stdout } = await cli('decode', ...args);
        assert.equal(code, 0);
        assert.deepEqual(Object.values(JSON.parse(stdout) as Decoded)[0]?.entries, [
          '(00.000001) a line',
          '(00.000002) another',
        ]);
      }
      for (const args of [[images, 'pages-1.img'], [join(images, 'pages-1.img')]]) {
        const { code, stdout, stderr } = await cli('decode', ...args);
        assert.deepEqual([code, stdout], [1, '']);
        assert.match(stderr, /pages-1\.img is not an image that can be decoded/);
      }
    });
  });

  test('gives single files of them as they lie on disk', async () => {
    const { code, stdout, stderr } = await cli('decode', ...added);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      Object.values(JSON.parse(stdout) as Decoded).map(({ magic, entries }) => [magic, entries.length]),
      [
        ['IFADDR', 5],
        ['ROUTE', 5],
        ['ROUTE6', 3],
        ['RULE', 6],
        ['NETNF_CT', 10],
      ],
    );
  });

  test('tells damage, with exit code 3, and gives the rest', async () => {
    await inImages(async (images) => {
      const whole = bytes(uint32(0x47361222), new Uint8Array(20));
      writeFileSync(join(images, 'ifaddr-10.img'), whole);
      const { code, stdout, stderr } = await cli('decode', images, 'ifaddr-10.img', 'route-10.img');
      assert.equal(code, 3);
      assert.match(stderr, /ifaddr-10\.img holds a netlink message of 0 bytes at offset 4/);
      assert.equal((JSON.parse(stdout) as Decoded)['route-10.img']?.entries.length, 5);
    });
  });
});

describe('decode of what is not known', () => {
  test('gives an image of an unknown kind with its bytes', async () => {
    await inImages(async (images) => {
      const content = bytes(uint32(IMG_COMMON), uint32(0x12345678), 'whatever');
      writeFileSync(join(images, 'news-1.img'), content);
      const { code, stdout } = await cli('decode', images);
      assert.equal(code, 0);
      const { magic, entries, raw } = (JSON.parse(stdout) as Decoded)['news-1.img'] ?? {};
      assert.deepEqual([magic, entries], ['0x12345678', []]);
      assert.deepEqual(Buffer.from(raw ?? '', 'base64'), Buffer.from(content));
    });
  });

  test('gives a known kind by its head, whatever its name', async () => {
    await inImages(async (images) => {
      copyFileSync(join(images, 'fs-1.img'), join(images, 'renamed.img'));
      const decoded = JSON.parse((await cli('decode', images)).stdout) as Decoded;
      assert.deepEqual(decoded['renamed.img'], decoded['fs-1.img']);
    });
  });

  test('tells of an encrypted dump that it is one, and gives the bytes', async () => {
    await inImages(async (images) => {
      const ciphertext = bytes(uint32(5), [0xff, 0xff, 0xff, 0xff, 0xff], new Uint8Array(28));
      writeFileSync(join(images, 'cipher.img'), image('CIPHER', entry('cipher_entry', { token: Buffer.from('key') })));
      writeFileSync(join(images, 'fs-1.img'), image('FS', ciphertext));
      for (const args of [[images, 'cipher.img', 'fs-1.img'], [join(images, 'fs-1.img')]]) {
        const { code, stdout, stderr } = await cli('decode', ...args);
        assert.equal(code, 3);
        assert.match(stderr, /fs-1\.img is encrypted/);
        const fs = Object.values(JSON.parse(stdout) as Decoded).at(-1);
        assert.deepEqual([fs?.magic, fs?.entries], ['FS', []]);
        assert.deepEqual(Buffer.from(fs?.raw ?? '', 'base64'), Buffer.from(image('FS', ciphertext)));
      }
    });
  });
});
