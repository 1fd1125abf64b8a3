import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openTar } from '../../../src/core/archive/tar-file-set.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { BLOCK, END, file, header, inFolder, index, padded, paxHeader } from './tar-support.ts';

interface Counted extends ByteSource {
  reads: number;
  bytes: number;
}

/** Counts what the index reads. `at` gives the bytes of an archive too large to be made. */
function counted(size: number, at: (offset: number, length: number) => Uint8Array): Counted {
  const source: Counted = {
    name: 'counted.tar',
    size,
    reads: 0,
    bytes: 0,
    read(offset, length) {
      const bytes = at(offset, Math.max(0, Math.min(length, size - offset)));
      source.reads++;
      source.bytes += bytes.length;
      return Promise.resolve(bytes);
    },
    close: () => Promise.resolve(),
  };
  return source;
}

function ofBuffer(archive: Buffer): Counted {
  return counted(archive.length, (offset, length) => archive.subarray(offset, offset + length));
}

async function text(source: ByteSource): Promise<string> {
  return Buffer.from(await source.read(0, source.size ?? 0)).toString();
}

describe('what the index reads', () => {
  for (const size of [0, 700, 3000]) {
    test(`20,000 entries of ${String(size)} bytes cost a few hundred reads`, async () => {
      const content = Buffer.alloc(size, 1);
      const entries = Array.from({ length: 20_000 }, (_, number) => file(`d/${String(number)}`, content));
      const source = ofBuffer(Buffer.concat([...entries, END]));
      const files = openTar(source);
      await files.completed;
      assert.equal(files.entries.size, 20_000);
      assert.ok(source.reads < 400, `${String(source.reads)} reads`);
    });
  }

  test('300 large entries cost about 4 KiB each, wherever they are', async () => {
    const contentSize = 32 * 1024 * 1024;
    const stride = BLOCK + contentSize;
    const headers = Array.from({ length: 300 }, (_, at) =>
      header({ name: `pages-${String(at)}.img`, size: contentSize }),
    );
    const end = 300 * stride;
    const source = counted(end + END.length, (offset, length) => {
      const bytes = Buffer.alloc(length, 7);
      for (let number = Math.floor(offset / stride); number * stride < offset + length; number++) {
        const block = headers[number] ?? END;
        block.copy(bytes, Math.max(0, number * stride - offset), Math.max(0, offset - number * stride));
      }
      return bytes;
    });
    const files = openTar(source);
    await files.completed;
    assert.equal(files.entries.size, 300);
    assert.deepEqual(files.notes, []);
    assert.ok(source.bytes <= 301 * 4096 + 64 * 1024, `${String(source.bytes)} bytes`);
  });

  test('small files between large ones do not make it read the large ones', async () => {
    const parts: Buffer[] = [];
    for (let number = 0; number < 100; number++) {
      for (let small = 0; small < 20; small++) parts.push(file(`${String(number)}-${String(small)}`, 'x'.repeat(900)));
      parts.push(file(`large-${String(number)}`, Buffer.alloc(200_000, 1)));
    }
    const source = ofBuffer(Buffer.concat([...parts, END]));
    const files = openTar(source);
    await files.completed;
    const small = 100 * 20 * 1536;
    assert.ok(source.bytes < 2.5 * small, `${String(source.bytes)} bytes read, ${String(small)} in small files`);
    assert.ok(source.reads < 1000, `${String(source.reads)} reads`);
  });

  test('small files that lay between headers are not read again', async () => {
    const entries = Array.from({ length: 500 }, (_, number) =>
      file(`core-${String(number)}.img`, `content ${String(number)}`),
    );
    const source = ofBuffer(Buffer.concat([...entries, END]));
    const files = openTar(source);
    await files.completed;
    const { reads } = source;
    let again = 0;
    for (const entry of files.entries.values()) {
      const bytes = await files.open(entry).read(0, entry.size);
      assert.equal(Buffer.from(bytes).toString(), `content ${/\d+/.exec(entry.path)?.[0] ?? ''}`);
      again = source.reads - reads;
    }
    assert.ok(again < 20, `${String(again)} of 500 files were read again`);
  });

  test('small files of an archive on disk are not read again either, until the archive is changed', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'test.tar');
      const entries = Array.from({ length: 500 }, (_, number) =>
        file(`core-${String(number)}.img`, `content ${String(number)}`),
      );
      writeFileSync(path, Buffer.concat([...entries, file('large', Buffer.alloc(300_000, 1)), END]));
      const disk = await openFile(path);
      let reads = 0;
      // As it is, but for the counting.
      const source: ByteSource = {
        name: disk.name,
        size: disk.size,
        read: (...how) => (reads++, disk.read(...how)),
        readNow: (...how) => (reads++, disk.readNow?.(...how)),
        fillNow: (...how) => (reads++, disk.fillNow?.(...how)),
        confirm: () => disk.confirm?.(),
        close: () => disk.close(),
      };
      const files = openTar(source);
      await files.completed;
      const indexing = reads;
      assert.ok(indexing < 20, `${String(indexing)} reads of the index`);
      const open = (name: string) => files.open(files.entries.get(name) ?? assert.fail(name));
      for (let number = 0; number < 500; number++) {
        const bytes = open(`core-${String(number)}.img`).keptNow?.(0, 100);
        if (bytes) assert.equal(Buffer.from(bytes).toString(), `content ${String(number)}`);
        else assert.equal(await text(open(`core-${String(number)}.img`)), `content ${String(number)}`);
      }
      assert.ok(reads - indexing < 10, `${String(reads - indexing)} of 500 files were read again`);
      assert.equal(open('large').keptNow?.(299_000, 10), undefined);
      assert.equal((await open('large').read(299_000, 10)).length, 10);

      writeFileSync(path, 'X', { flag: 'a' });
      await new Promise(setImmediate);
      assert.throws(() => open('core-7.img').keptNow?.(0, 100), { reason: 'changed', where: path });
      await assert.rejects(open('core-8.img').read(0, 100), { reason: 'changed' });
      await files.close();
      assert.equal(open('core-7.img').keptNow?.(0, 100), undefined);
    }));

  test('what was read of a header stays as it is while the next ones are read over it', () =>
    inFolder(async (folder) => {
      const parts: Buffer[] = [];
      for (let number = 0; number < 700; number++) {
        const name = `${String(number)}-${'n'.repeat(number % 90)}`;
        parts.push(
          file(name, 'x'.repeat(number)),
          header({ name: '././@LongLink', type: 'L', size: 120, magic: 'ustar  \0' }),
          padded(`long/${name}`.padEnd(120, 'l')),
          file('short', name),
          paxHeader({ path: `pax/${name}`, mtime: `${String(number)}.5` }),
          file('short', name),
          file(`linked/${name}`, name, { type: '1', link: name }),
          header({ name: `damaged/${name}`, type: '5', edit: (block) => void block.write('1', 110) }).fill(
            0x37,
            148,
            150,
          ),
        );
      }
      const archive = Buffer.concat([...parts, END]);
      const path = join(folder, 'test.tar');
      writeFileSync(path, archive);
      const [ofFile, ofMemory] = [await index(await openFile(path)), await index(archive)];
      assert.deepEqual(ofFile.entries, ofMemory.entries);
      assert.equal(ofFile.entries.length, 700 * 5);
      assert.equal(ofFile.notes.length, ofMemory.notes.length);
      assert.equal(await ofFile.content(`pax/699-${'n'.repeat(699 % 90)}`), `699-${'n'.repeat(699 % 90)}`);
      await ofFile.files.close();
    }));

  test('it lets others run, and tells of growth as it goes', async () => {
    const entries = Array.from({ length: 30_000 }, (_, number) => file(String(number), 'x'));
    const files = openTar(memorySource(Buffer.concat([...entries, END]), 'many.tar'));
    const sizes: number[] = [];
    files.onGrowth(() => sizes.push(files.entries.size));
    const stop = files.onGrowth(() => assert.fail('a listener that was stopped is not called'));
    stop();
    const [early] = await Promise.all([files.find('10'), files.completed]);
    assert.equal(early?.path, '10');
    assert.ok(sizes.length > 10);
    assert.ok(sizes.every((size, at) => size >= (sizes[at - 1] ?? 0)));
    assert.equal(sizes.at(-1), 30_000);
  });
});

describe('an archive of more entries than memory should hold', () => {
  test('is listed in part, and says so', async () => {
    const nameLength = 60_000;
    const element = Buffer.concat([
      header({ name: '././@LongLink', type: 'L', size: nameLength, magic: 'ustar  \0' }),
      padded('n'.repeat(nameLength)),
      header({ name: 'short' }),
    ]);
    const stride = element.length;
    const count = 3000;
    const source = counted(count * stride + END.length, (offset, length) => {
      const bytes = Buffer.alloc(length);
      for (let number = Math.floor(offset / stride); number < count && number * stride < offset + length; number++) {
        element.write(String(number).padStart(8, '0'), BLOCK);
        element.copy(bytes, Math.max(0, number * stride - offset), Math.max(0, offset - number * stride));
      }
      return bytes;
    });
    const files = openTar(source);
    await files.completed;
    assert.ok(files.entries.size > 1000 && files.entries.size < count, String(files.entries.size));
    assert.deepEqual(
      files.notes.map(({ kind }) => kind),
      ['missing'],
    );
    assert.equal(await files.find(`${String(count - 1).padStart(8, '0')}${'n'.repeat(nameLength - 8)}`), undefined);
    await files.close();
  });
});
