import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { describeArchive, whoseArchive } from '../../../src/worker/metadata/describe-archive.ts';
import { PrefixSource } from '../../../src/worker/metadata/prefix-source.ts';
import { archiveOf, archives, FIXTURES } from '../support/fixtures.ts';

const { signal } = new AbortController();
const MiB = 1024 * 1024;

let scratch: string;
before(() => (scratch = mkdtempSync(join(tmpdir(), 'metadata-'))));
after(() => rmSync(scratch, { recursive: true }));

/** A compressed archive with these entries, on disk. */
async function archive(
  name: string,
  entries: Readonly<Record<string, string | Buffer>>,
  compress: (bytes: Buffer) => Buffer,
): Promise<string> {
  const tar = pack();
  for (const [path, content] of Object.entries(entries)) tar.entry({ name: path }, content);
  tar.finalize();
  const path = join(scratch, name);
  writeFileSync(path, compress(await buffer(tar)));
  return path;
}

/** Counts the bytes that are read of a source. */
function counted(source: ByteSource): ByteSource & { bytes: number; closed: boolean } {
  return {
    name: source.name,
    size: source.size,
    bytes: 0,
    closed: false,
    async read(offset, length, ...rest) {
      const result = await source.read(offset, length, ...rest);
      this.bytes += result.length;
      return result;
    },
    close() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

describe('what a list shows', () => {
  test('is there for every fixture', async () => {
    for (const name of archives) {
      const facts = await describeArchive(archiveOf(name), signal);
      assert.ok(facts?.container !== undefined && facts.image !== undefined && facts.created !== undefined, name);
      assert.ok(facts.checkpointed?.startsWith('2026-11-23T22:'), name);
      assert.equal(facts.partial, undefined, name);
    }
  });

  test('and whose it is, for a record, where the archive says so', async () => {
    const crio = await whoseArchive(archiveOf('crio-tty'), signal);
    assert.deepEqual(
      [crio?.told_by, crio?.namespace, crio?.pod, crio?.name, crio?.pod_uid?.length],
      ['archive', 'lab', 'tty', 'tty', 36],
    );
    assert.equal((await whoseArchive(archiveOf('containerd-counter'), signal))?.told_by, 'archive');
    // Podman has no pods.
    assert.equal(await whoseArchive(archiveOf('podman-counter-none'), signal), null);
    const files = { 'readme.txt': 'hello' };
    assert.equal(await whoseArchive(await archive('none.tar', files, (bytes) => bytes), signal), null);
  });

  const engineFiles = {
    'config.dump': JSON.stringify({ name: 'late', createdTime: '2026-01-01T00:00:00Z', rootfsImageName: 'img' }),
    'spec.dump': JSON.stringify({ annotations: { 'io.container.manager': 'cri-o' } }),
  };
  const memory = (size: number) => ({ 'checkpoint/inventory.img': 'x', 'checkpoint/pages-1.img': Buffer.alloc(size) });

  test('is found behind the memory of a container', async () => {
    const path = await archive('late.tar.zst', { ...memory(20 * MiB), ...engineFiles }, zstdCompressSync);
    const facts = await describeArchive(path, signal);
    assert.deepEqual([facts?.engine, facts?.container, facts?.partial], ['cri-o', 'late', undefined]);
  });

  test('is partial where too much comes before it', async () => {
    const path = await archive('deep.tar.gz', { ...memory(70 * MiB), ...engineFiles }, gzipSync);
    const facts = await describeArchive(path, signal);
    assert.deepEqual([facts?.container, facts?.partial, facts?.compression], [undefined, true, 'gzip']);
  });

  test('is what came before the damage', async () => {
    const path = await archive(
      'damaged.tar.gz',
      { ...engineFiles, 'checkpoint/inventory.img': 'x', noise: randomBytes(4 * MiB) },
      (bytes) => gzipSync(bytes).subarray(0, 2 * MiB),
    );
    assert.equal((await describeArchive(path, signal))?.container, 'late');
  });

  test('is nothing for what is no checkpoint, however compressed', async () => {
    const files = { 'readme.txt': 'hello' };
    assert.equal(await describeArchive(await archive('a.tar', files, (bytes) => bytes), signal), null);
    assert.equal(await describeArchive(await archive('a.tar.gz', files, gzipSync), signal), null);
    assert.equal(await describeArchive(await archive('a.tar.zst', files, zstdCompressSync), signal), null);
    const text = join(scratch, 'text.gz');
    writeFileSync(text, gzipSync('no tar at all'));
    assert.equal(await describeArchive(text, signal), null);
  });

  test('is there for a folder, a container image and a file address, and leaves nothing behind', async () => {
    process.env['TMPDIR'] = mkdtempSync(join(scratch, 'tmp-'));
    const images = join(FIXTURES, 'oci');
    for (const name of readdirSync(images)) {
      const facts = await describeArchive(join(images, name), signal);
      assert.ok(facts?.container !== undefined && facts.archiveSize === undefined, name);
    }
    assert.equal((await describeArchive(pathToFileURL(archiveOf('podman-redis')).href, signal))?.container, 'redis');
    await assert.rejects(describeArchive('file://elsewhere/a.tar', signal), { reason: 'usage' });
    assert.deepEqual(readdirSync(process.env['TMPDIR']), []);
  });

  test('can be given up', async () => {
    const ended = AbortSignal.abort();
    await assert.rejects(describeArchive(archiveOf('podman-redis'), ended), { reason: 'cancelled' });
  });
});

describe('the beginning of compressed bytes', () => {
  const content = Buffer.concat([Buffer.from('0123456789'), randomBytes(8 * MiB)]);
  const sources: readonly ['gzip' | 'zstd', Buffer][] = [
    ['gzip', gzipSync(content)],
    ['zstd', zstdCompressSync(content)],
  ];

  for (const [kind, bytes] of sources) {
    test(`is decompressed as far as it is read (${kind})`, async () => {
      const compressed = counted(memorySource(bytes, 'a'));
      const prefix = new PrefixSource(compressed, kind, 64 * MiB);
      assert.equal(prefix.size, undefined);
      assert.equal(Buffer.from(await prefix.read(2, 5)).toString(), '23456');
      assert.ok(compressed.bytes < 4 * MiB, `${compressed.bytes} bytes were read`);
      const parts = await Promise.all([
        prefix.read(5 * MiB, 100),
        prefix.read(3 * MiB - 7, MiB + 3),
        prefix.read(0, 3),
      ]);
      assert.deepEqual(
        parts.map((part) => Buffer.from(part)),
        [content.subarray(5 * MiB, 5 * MiB + 100), content.subarray(3 * MiB - 7, 4 * MiB - 4), content.subarray(0, 3)],
      );
      assert.equal((await prefix.read(content.length - 2, 10)).length, 2);
      assert.equal((await prefix.read(content.length + 5, 10)).length, 0);
      assert.equal(prefix.size, content.length);
      assert.equal(prefix.atLimit, false);
      await prefix.close();
      assert.equal(compressed.closed, true);
    });

    test(`ends at the limit (${kind})`, async () => {
      const prefix = new PrefixSource(memorySource(bytes, 'a'), kind, 3 * MiB + 5);
      assert.equal((await prefix.read(0, 64 * MiB)).length, 3 * MiB + 5);
      assert.deepEqual([prefix.size, prefix.atLimit], [3 * MiB + 5, true]);
      await prefix.close();
    });

    test(`ends at damage (${kind})`, async () => {
      const cutOff = bytes.subarray(0, bytes.length / 2);
      const overwritten = Buffer.concat([bytes.subarray(0, MiB), randomBytes(MiB)]);
      for (const broken of [cutOff, overwritten]) {
        const prefix = new PrefixSource(memorySource(broken, 'a'), kind, 64 * MiB);
        const read = Buffer.from(await prefix.read(0, 64 * MiB));
        // Close before the damage a decoder may take some of it for content.
        const sound = read.subarray(0, Math.min(read.length, MiB / 2));
        assert.ok(read.length < content.length && sound.equals(content.subarray(0, sound.length)));
        assert.equal(prefix.atLimit, false);
        await prefix.close();
      }
    });

    test(`ends at what the source cannot read (${kind})`, async () => {
      const failing: ByteSource = { ...memorySource(bytes, 'a'), read: () => Promise.reject(new Error('gone')) };
      const prefix = new PrefixSource(failing, kind, MiB);
      assert.equal((await prefix.read(0, 10)).length, 0);
      await prefix.close();
    });
  }
});
