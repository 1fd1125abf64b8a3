import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { openNested } from '../../../src/core/archive/nested.ts';
import { openLocator } from '../../../src/core/archive/open-locator.ts';
import { archiveOf } from '../support/fixtures.ts';
import { END, file, tarOf } from './tar-support.ts';

let folder = '';
const spill = () => ({ directory: join(folder, 'spill'), limit: 1 << 30 });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nested-'));
});
after(() => rm(folder, { recursive: true }));

async function openEntry(archive: string, name: string) {
  const opened = await openLocator(archive, { spill: spill() });
  const entry = await opened.files.find(name);
  assert.ok(entry, name);
  return { opened, entry };
}

describe('an archive inside an archive', () => {
  for (const [fixture, name, expected] of [
    ['podman-counter-none', 'rootfs-diff.tar', 'tmp/count'],
    ['containerd-counter', 'rootfs-diff.tar', 'tmp/count'],
    ['podman-counter-none', 'devshm-checkpoint.tar', undefined],
    ['podman-counter-none', 'checkpoint/tmpfs-dev-64.tar.gz.img', undefined],
    ['podman-webapp-host', 'volumes/appdata.tar', undefined],
  ] as const) {
    test(`${fixture}: ${name}`, async () => {
      const { opened, entry } = await openEntry(archiveOf(fixture), name);
      const nested = await openNested(opened.files, entry, spill());
      await nested.completed;
      assert.deepEqual(nested.notes, []);
      assert.equal(nested.name, name);
      if (expected !== undefined) assert.ok(nested.entries.has(expected));
      await nested.close();
      await opened.close();
    });
  }

  test('is decompressed once, and found again', async () => {
    const large = { name: 'b', content: randomBytes(100_000).toString('latin1') };
    const inner = zlib.gzipSync(await tarOf([{ name: 'a', content: 'inner' }, large]));
    const path = join(folder, 'outer.tar');
    writeFileSync(path, Buffer.concat([file('one.tar', inner), file('two.tar', inner), END]));
    const settings = { ...spill(), directory: join(folder, 'again') };
    for (let round = 0; round < 2; round++) {
      for (const name of ['one.tar', 'two.tar']) {
        const { opened, entry } = await openEntry(path, name);
        const nested = await openNested(opened.files, entry, settings);
        const [content] = [await nested.find('a')];
        assert.ok(content);
        assert.equal(Buffer.from(await nested.open(content).read(0, 10)).toString(), 'inner');
        await nested.completed;
        await nested.close();
        await opened.close();
      }
    }
    const copies = (await readdir(settings.directory)).filter((name) => name.endsWith('.data'));
    assert.equal(copies.length, 2, 'each entry has its own copy, made once');
  });

  test('that is small is decompressed in memory, unless something about it is odd', async () => {
    const inner = await tarOf([{ name: 'a', content: 'inner' }]);
    const packed = zlib.gzipSync(inner);
    const half = inner.length / 2;
    const zeros = await tarOf([
      { name: 'a', content: 'inner' },
      { name: 'zeros', content: '\0'.repeat(4 << 20) },
    ]);
    // Of what is damaged no copy is kept.
    const cases = {
      plain: { bytes: packed, copies: 0 },
      members: {
        bytes: Buffer.concat([zlib.gzipSync(inner.subarray(0, half)), zlib.gzipSync(inner.subarray(half))]),
        copies: 0,
      },
      'padded with zeros': { bytes: Buffer.concat([packed, Buffer.alloc(700)]), copies: 1 },
      'with more behind it': { bytes: Buffer.concat([packed, Buffer.from('more')]), copies: 0 },
      'cut short': { bytes: packed.subarray(0, -12), copies: 0 },
      'large when unpacked': { bytes: zlib.gzipSync(zeros), copies: 1 },
    };
    for (const [what, { bytes, copies }] of Object.entries(cases)) {
      const path = join(folder, `${what}.tar`);
      writeFileSync(path, Buffer.concat([file('in.tar.gz', bytes), END]));
      const settings = { ...spill(), directory: join(folder, what) };
      const { opened, entry } = await openEntry(path, 'in.tar.gz');
      const nested = await openNested(opened.files, entry, settings);
      await nested.completed;
      const content = nested.entries.get('a');
      assert.ok(content, what);
      assert.equal(Buffer.from(await nested.open(content).read(0, 10)).toString(), 'inner', what);
      const made = await readdir(settings.directory).catch(() => []);
      assert.equal(made.filter((name) => name.endsWith('.data')).length, copies, what);
      if (what === 'cut short') assert.ok(nested.notes.length > 0);
      await nested.close();
      await opened.close();
    }
  });

  test('that is empty has no entries; one that is none says so', async () => {
    const path = join(folder, 'odd.tar');
    writeFileSync(path, Buffer.concat([file('empty.tar', ''), file('text.tar', 'text'.repeat(500)), END]));
    const { opened, entry } = await openEntry(path, 'empty.tar');
    const empty = await openNested(opened.files, entry, spill());
    await empty.completed;
    assert.equal(empty.entries.size, 0);
    const text = opened.files.entries.get('text.tar');
    assert.ok(text);
    await assert.rejects(openNested(opened.files, text, spill()), {
      reason: 'damaged',
      where: 'text.tar',
      message: /text\.tar is not a tar archive/,
    });
    await opened.close();
  });
});
