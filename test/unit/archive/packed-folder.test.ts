import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openFolder } from '../../../src/core/archive/folder-file-set.ts';
import { packFolder } from '../../../src/core/archive/packed-folder.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { sequence } from '../../../src/core/bytes/sequence.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { archiveOf } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'packed-folder-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function folder(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path);
  return path;
}

async function withPacked(path: string, use: (source: ByteSource, bytes: Buffer) => Promise<void>): Promise<void> {
  const files = openFolder(path);
  const source = await packFolder(files);
  try {
    const parts: Buffer[] = [];
    for await (const part of sequence(source, {})) parts.push(Buffer.from(part));
    await use(source, Buffer.concat(parts));
  } finally {
    await source.close();
    await files.close();
  }
}

/** What GNU tar makes of an archive. */
function extracted(bytes: Buffer, name: string): string {
  const target = folder(name);
  const file = join(scratch, `${name}.tar`);
  writeFileSync(file, bytes);
  execFileSync('tar', ['-xf', file, '-C', target, '--no-same-owner']);
  return target;
}

describe('a folder as the archive that it would be', { skip: process.platform === 'win32' }, () => {
  test('holds what tar takes out of it again: long names, links, modes and times', async () => {
    const source = folder('odd');
    const long = join(source, 'a'.repeat(90), 'b'.repeat(120));
    mkdirSync(long, { recursive: true });
    writeFileSync(join(long, 'c'.repeat(100)), 'deep');
    writeFileSync(join(source, 'empty'), '');
    writeFileSync(join(source, 'block'), Buffer.alloc(512, 7), { mode: 0o751 });
    writeFileSync(join(source, 'more'), Buffer.alloc(513, 8));
    writeFileSync(join(source, 'größe'), 'ü');
    symlinkSync('x'.repeat(200), join(source, 'link'));
    execFileSync('touch', ['-d', '2001-02-03T04:05:06Z', join(source, 'more')]);
    await withPacked(source, async (packed, bytes) => {
      assert.equal(packed.size, bytes.length);
      assert.equal(bytes.length % 512, 0);
      const target = extracted(bytes, 'odd-again');
      execFileSync('diff', ['--recursive', '--no-dereference', source, target]);
      const list = (path: string): string =>
        execFileSync('find', ['.', '-not', '-type', 'l', '-not', '-path', '.', '-printf', '%P %m %Ts %s\n'], {
          cwd: path,
          encoding: 'utf8',
        })
          .split('\n')
          .sort()
          .join('\n');
      // Folders' own sizes are those of the file system.
      assert.equal(list(target).replaceAll(/ \d+$/gm, ''), list(source).replaceAll(/ \d+$/gm, ''));
      return Promise.resolve();
    });
  });

  test('gives the same bytes wherever one reads', async () => {
    const source = folder('parts');
    for (const [name, size] of [
      ['one', 1000],
      ['two', 0],
      ['three', 5000],
    ] as const) {
      writeFileSync(join(source, name), Buffer.from(Array.from({ length: size }, (_, at) => (at * 31) % 251)));
    }
    await withPacked(source, async (packed, bytes) => {
      let seed = 1;
      const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
      for (let round = 0; round < 300; round++) {
        const [offset, length] = [random(bytes.length + 600), random(2500)];
        assert.deepEqual(Buffer.from(await packed.read(offset, length)), bytes.subarray(offset, offset + length));
      }
    });
  });

  test('is the checkpoint that it was made from', async () => {
    const source = folder('checkpoint');
    execFileSync('tar', ['-xf', archiveOf('podman-counter-none'), '-C', source, '--no-same-owner']);
    const spill = { directory: join(scratch, 'spill'), limit: 2 ** 30 };
    const archive = join(scratch, 'again.tar');
    await withPacked(source, (_, bytes) => {
      writeFileSync(archive, bytes);
      return Promise.resolve();
    });
    const [before, now] = [
      await openCheckpoint({ locator: archiveOf('podman-counter-none'), spill }),
      await openCheckpoint({ locator: archive, spill }),
    ];
    try {
      assert.deepEqual(await now.processes(), await before.processes());
      assert.deepEqual((await now.overview()).container, (await before.overview()).container);
      assert.deepEqual(await now.notes(), await before.notes());
    } finally {
      await before.close();
      await now.close();
    }
    // Twice the same.
    await withPacked(source, (_, bytes) => {
      assert.deepEqual(bytes, readFileSync(archive));
      return Promise.resolve();
    });
  });

  test('says which file is not as it was', async () => {
    const source = folder('changing');
    writeFileSync(join(source, 'file'), Buffer.alloc(10_000, 1));
    const files = openFolder(source);
    const packed = await packFolder(files);
    truncateSync(join(source, 'file'), 100);
    await assert.rejects(packed.read(0, packed.size ?? 0), { reason: 'changed' });
    await packed.close();
    await files.close();
    assert.deepEqual(readdirSync(source), ['file']);
  });
});
