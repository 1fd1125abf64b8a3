import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AddressSpace } from '../../../src/core/criu/address-space.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import type { MemorySource } from '../../../src/protocol/memory.ts';
import { Dump, page, present } from './build-dump.ts';
import { bytes, entry, image } from './build-image.ts';
import { compressLz4 } from './lz4-encoder.ts';
import { fixtureFolders, openFixture } from './memory-file-set.ts';

const letterOf: Readonly<Record<MemorySource, string>> = {
  own: 'o',
  shared: 's',
  parent: 'p',
  lazy: 'l',
  file: 'f',
  untouched: 'u',
  guard: 'g',
  kernel: 'k',
  lost: 'x',
  unmapped: '.',
  unknown: '?',
};

const anonymous = { status: 1 | (1 << 9) };
const shared = { status: 1 | (1 << 8), flags: 0x21, shmid: 77 };
const guard = { status: 1 << 16, prot: 0, flags: 0 };

/** A letter a page: where it is, capital if it is not here. */
async function drawn(space: AddressSpace, start: number, end: number, step = page): Promise<string> {
  const { extents, length } = await space.locate(BigInt(start), end - start);
  assert.equal(length, end - start);
  let at = BigInt(start);
  let text = '';
  for (const extent of extents) {
    assert.equal(extent.start, at);
    at += BigInt(extent.length);
    const letter = letterOf[extent.source];
    const isAlways = !['p', 's', 'o'].includes(letter);
    assert.ok(isAlways ? !extent.present : true);
    text += (isAlways || extent.present ? letter : letter.toUpperCase()).repeat(Math.ceil(extent.length / step));
  }
  return text;
}

suite('where memory is', () => {
  test('in own pages, in mapped files, nowhere, and in no mapping', async () => {
    const space = await new Dump()
      .vmas(
        { start: 0x2000, end: 0x6000, ...anonymous },
        { start: 0x6000, end: 0x8000, status: 1 | (1 << 6), flags: 2, shmid: 5, pgoff: 0x3000 },
        { start: 0x9000, end: 0xa000, status: 1 | (1 << 12) | (1 << 9) },
      )
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x3000, nr_pages: 1, ...present },
        { vaddr: 0x4000, nr_pages: 1, flags: 6 },
        { vaddr: 0x6000, nr_pages: 1, ...present },
      )
      .pages(3, 'abc')
      .space();
    assert.equal(await drawn(space, 0x1000, 0xb000), '.uoouof.k.');
    const { extents } = await space.locate(0x3800n, 0x4000);
    assert.deepEqual(extents, [
      { start: 0x3800n, length: 0x1800, source: 'own', present: true, where: 'checkpoint/pages-3.img', offset: 0x800n },
      { start: 0x5000n, length: 0x1000, source: 'untouched', present: false },
      {
        start: 0x6000n,
        length: 0x1000,
        source: 'own',
        present: true,
        where: 'checkpoint/pages-3.img',
        offset: 0x2000n,
      },
      { start: 0x7000n, length: 0x800, source: 'file', present: false, fileId: 5, offset: 0x4000n },
    ]);
  });

  test('in shared memory from the offset of the mapping on, below own pages of a private one', async () => {
    const dump = new Dump()
      .vmas(
        { start: 0x10000, end: 0x13000, ...shared, pgoff: 0x1000 },
        { start: 0x20000, end: 0x23000, ...shared, pgoff: 0, flags: 2 },
        { start: 0x30000, end: 0x31000, ...shared, shmid: 78 },
      )
      .pagemap('pagemap-1.img', 3, { vaddr: 0x21000, nr_pages: 1, ...present })
      .pages(3, 'x')
      .pagemap('pagemap-shmem-77.img', 4, { vaddr: 0, nr_pages: 2, ...present })
      .pages(4, 'ab');
    const space = await dump.space();
    assert.equal(await drawn(space, 0x10000, 0x14000), 'suu.');
    assert.equal(await drawn(space, 0x20000, 0x23000), 'sou');
    assert.equal(await drawn(space, 0x30000, 0x31000), 'x');
    const { extents } = await space.locate(0x10000n, page);
    assert.deepEqual(extents, [
      {
        start: 0x10000n,
        length: page,
        source: 'shared',
        present: true,
        where: 'checkpoint/pages-4.img',
        offset: 0x1000n,
      },
    ]);
    const [first, second, third] = await Promise.all(space.mappings.all.map((vma) => space.count(vma)));
    assert.deepEqual(first, { shared: page, untouched: 2 * page });
    assert.deepEqual(second, { shared: page, own: page, untouched: page });
    assert.deepEqual(third, { lost: page });
  });

  test('in guards, which CRIU lists behind the mappings that they lie in', async () => {
    const space = await new Dump()
      .vmas(
        { start: 0x10000, end: 0x20000, ...anonymous },
        { start: 0x20000, end: 0x22000, ...anonymous },
        { start: 0x10000, end: 0x12000, ...guard },
        { start: 0x1f000, end: 0x21000, ...guard },
      )
      .pagemap('pagemap-1.img', 3, { vaddr: 0x12000, nr_pages: 2, ...present })
      .pages(3, 'ab')
      .space();
    assert.equal(await drawn(space, 0x10000, 0x23000), `ggoo${'u'.repeat(11)}ggu.`);
    assert.equal(space.mappings.all.length, 2);
    assert.deepEqual(await space.count(space.mappings.all[0] as never), {
      own: 2 * page,
      guard: 3 * page,
      untouched: 11 * page,
    });
  });

  test('in earlier dumps, on the machine of the dump, and lost with an earlier dump that is not here', async () => {
    const dump = new Dump()
      .vmas({ start: 0x1000, end: 0x8000, ...anonymous })
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x1000, nr_pages: 3, flags: 1 },
        { vaddr: 0x5000, nr_pages: 1, flags: 2 },
        { vaddr: 0x6000, nr_pages: 1, ...present },
      )
      .pages(3, 'a');
    assert.equal(await drawn(await dump.space(), 0x1000, 0x8000), 'PPPulou');
    dump.put('pagemap-1.img', dump.files.content('checkpoint/pagemap-1.img'));
    dump.files.add('checkpoint/parent', new Uint8Array(), { type: 'symlink', linkTarget: '../pre' });
    dump
      .put(
        'pagemap-1.img',
        image(
          'PAGEMAP',
          entry('pagemap_head', { pages_id: 1 }),
          entry('pagemap_entry', { vaddr: 0x2000, compat_nr_pages: 1 }),
          entry('pagemap_entry', { vaddr: 0x3000, compat_nr_pages: 1, flags: 2 }),
        ),
        'pre',
      )
      .put('pages-1.img', bytes('b'.repeat(page)), 'pre');
    const space = await dump.space();
    assert.equal(await drawn(space, 0x1000, 0x8000), 'Pplulou');
    const { extents } = await space.locate(0x2100n, 0x100);
    assert.deepEqual(extents, [
      { start: 0x2100n, length: 0x100, source: 'parent', present: true, where: 'pre/pages-1.img', offset: 0x100n },
    ]);
    assert.deepEqual(await space.count(space.mappings.all[0] as never), {
      own: page,
      parent: 3 * page,
      lazy: page,
      untouched: 2 * page,
    });
  });

  test('lost where the pages image ends early, or cannot be understood', async () => {
    const dump = new Dump()
      .mm({
        mm_saved_auxv: [6, page],
        vmas: [{ start: 0x1000, end: 0x5000, pgoff: 0, shmid: 0, prot: 3, flags: 0x22, fd: -1, ...anonymous }],
      })
      .pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 3, ...present })
      .put('pages-3.img', bytes('a'.repeat(page), 'b'.repeat(100)));
    const short = await dump.space();
    const { extents } = await short.locate(0x1000n, 4 * page);
    assert.deepEqual(
      extents.map(({ source, length, present: here }) => [source, length, here]),
      [
        ['own', page + 100, true],
        ['lost', 2 * page - 100, false],
        ['untouched', page, false],
      ],
    );
    assert.deepEqual(await short.count(short.mappings.all[0] as never), {
      own: page + 100,
      lost: 2 * page - 100,
      untouched: page,
    });
    const strange = await dump.put('pages-3.img', new Uint8Array(5 * page)).space();
    assert.equal(await drawn(strange, 0x1000, 0x5000), 'xxxu');
    assert.deepEqual(await strange.count(strange.mappings.all[0] as never), { lost: 3 * page, untouched: page });
  });

  test('at the start of their entry where pages are compressed', async () => {
    const blocks = ['a', 'b'].map((letter) => compressLz4(Buffer.alloc(page, letter)));
    const space = await new Dump()
      .mm({ mm_saved_auxv: [6, page], vmas: [] })
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x1000, nr_pages: 1, ...present, blocks: { block_sizes: [blocks[0]?.length] } },
        { vaddr: 0x2000, nr_pages: 1, ...present, blocks: { block_sizes: [blocks[1]?.length] } },
      )
      .put('pages-3.img', bytes(...blocks))
      .space();
    const { extents } = await space.locate(0x1800n, page);
    assert.deepEqual(
      extents.map(({ offset, compressed, length }) => [offset, compressed, length]),
      [
        [0n, true, 0x800],
        [BigInt(blocks[0]?.length ?? 0), true, 0x800],
      ],
    );
  });

  test('by pages of 64 KiB', async () => {
    const big = 0x10000;
    const space = await new Dump()
      .vmas({ start: 0x100000, end: 0x140000, ...anonymous })
      .pagemap('pagemap-1.img', 3, { vaddr: 0x110000, nr_pages: 2, ...present })
      .pages(3, 'ab', big)
      .space();
    assert.equal(await drawn(space, 0x100000, 0x140000, big), 'uoou');
    assert.deepEqual(await space.count(space.mappings.all[0] as never), { own: 2 * big, untouched: 2 * big });
  });

  test('not known where nothing lists the mappings', async () => {
    const space = await new Dump()
      .pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 1, ...present })
      .pages(3, 'a')
      .space();
    assert.equal(await drawn(space, 0, 0x3000), '?o?');
  });

  test('told as far as asked, and once for what goes on', async () => {
    const entries = Array.from({ length: 300 }, (_, index) => ({
      vaddr: 0x100000 + index * page * (index < 100 ? 1 : 2),
      nr_pages: 1,
      ...present,
    }));
    const space = await new Dump()
      .vmas({ start: 0x100000, end: 0x400000, ...anonymous })
      .pagemap('pagemap-1.img', 3, ...entries)
      .pages(3, 'a'.repeat(300))
      .space();
    const whole = await space.locate(0x100000n, 0x300000);
    assert.equal(whole.extents[0]?.length, 100 * page);
    const some = await space.locate(0x100000n, 0x300000, { limit: 10 });
    assert.equal(some.extents.length, 10);
    assert.deepEqual(some.extents, whole.extents.slice(0, 10));
    const on = await space.locate(0x100000n + BigInt(some.length), 0x300000 - some.length);
    assert.deepEqual(on.extents, whole.extents.slice(10));
    const counted = await space.count(space.mappings.all[0] as never);
    assert.deepEqual(counted, { own: 300 * page, untouched: 0x300000 - 300 * page });
  });

  test('the same by address as by reading, in damaged page maps too', async () => {
    const random = (below: number): number => Math.floor(Math.random() * below);
    for (let round = 0; round < 50; round++) {
      const entries = Array.from({ length: 200 }, () => ({
        vaddr: 0x100000 + random(400) * page,
        nr_pages: 1 + random(4),
        ...present,
      }));
      const count = entries.reduce((sum, { nr_pages }) => sum + nr_pages, 0);
      const content = Buffer.concat(Array.from({ length: count }, (_, index) => Buffer.alloc(page, index % 256)));
      const space = await new Dump()
        .pagemap('pagemap-1.img', 3, ...entries)
        .put('pages-3.img', content)
        .space();
      const { bytes: read, missing } = await space.read(0x100000n, 410 * page);
      const { extents } = await space.locate(0x100000n, 410 * page);
      const gone = missing.reduce((sum, { length }) => sum + length, 0);
      assert.equal(
        extents.reduce((sum, extent) => sum + (extent.present ? 0 : extent.length), 0),
        gone,
      );
      for (const { start, length, offset, present: here } of extents) {
        if (!here) continue;
        const at = Number(start) - 0x100000;
        const from = Number(offset);
        assert.ok(content.subarray(from, from + length).equals(read.subarray(at, at + length)));
      }
    }
  });
});

suite('where the memory of the fixtures is', () => {
  for (const folder of fixtureFolders) {
    test(folder, async () => {
      const images = new ImageDirectory(await openFixture(folder), 'checkpoint/');
      for (const { pid } of (await images.messages('PSTREE', 'pstree.img')).slice(0, 20)) {
        const space = await AddressSpace.open(images, pid);
        const sums: Partial<Record<MemorySource, number>> = {};
        for (const vma of space.mappings.all) {
          const size = Number(vma.end - vma.start);
          const counted = await space.count(vma);
          const located: Partial<Record<MemorySource, number>> = {};
          const { extents, length } = await space.locate(vma.start, size);
          assert.equal(length, size);
          for (const extent of extents) located[extent.source] = (located[extent.source] ?? 0) + extent.length;
          assert.deepEqual(counted, located);
          for (const source of Object.keys(counted) as MemorySource[])
            sums[source] = (sums[source] ?? 0) + (counted[source] ?? 0);
        }
        assert.equal(sums.own, space.dumpedBytes);
        assert.deepEqual(
          [sums.lost, sums.unmapped, sums.unknown, sums.lazy],
          [undefined, undefined, undefined, undefined],
        );
      }
    });
  }
});
