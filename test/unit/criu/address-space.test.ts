import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { AddressSpace } from '../../../src/core/criu/address-space.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { Dump, page, present } from './build-dump.ts';
import { bytes, entry, image } from './build-image.ts';
import { compressLz4 } from './lz4-encoder.ts';
import { fixtureFolders, fixtures, openFixture } from './memory-file-set.ts';

const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };

interface Truth {
  readonly memoryNeedlesLive?: readonly {
    readonly pid: number;
    readonly hits: readonly { readonly needle: string; readonly vaddr: string; readonly vma: string }[];
  }[];
  readonly memoryDecodedIndependently?:
    | { readonly pagemaps: number }
    | readonly {
        readonly pagemap: string;
        readonly pagesPresent: number;
        readonly pagesFileSize: number;
        readonly consumed: number;
        readonly hits: readonly { readonly needle: string; readonly vaddr: string }[];
      }[];
}

function truthOf(folder: string): Truth {
  const plain = join(fixtures, folder, 'truth.json');
  const text = existsSync(plain) ? readFileSync(plain, 'utf8') : gunzipSync(readFileSync(`${plain}.gz`)).toString();
  return JSON.parse(text) as Truth;
}

async function textAt(space: AddressSpace, address: bigint, length: number): Promise<string> {
  const { bytes: content, missing } = await space.read(address, length);
  assert.deepEqual(missing, []);
  return Buffer.from(content).toString();
}

suite('memory of the fixtures', () => {
  for (const folder of fixtureFolders) {
    const { memoryNeedlesLive = [], memoryDecodedIndependently = [] } = truthOf(folder);
    test(folder, async () => {
      const images = new ImageDirectory(await openFixture(folder), 'checkpoint/');
      const decoded = 'pagemaps' in memoryDecodedIndependently ? [] : memoryDecodedIndependently;
      const dumped = new Set((await images.messages('PSTREE', 'pstree.img')).map(({ pid }) => pid));
      for (const { pagemap, pagesPresent, pagesFileSize, consumed, hits } of decoded) {
        const pid = /^pagemap-(\d+)\.img$/.exec(pagemap)?.[1];
        if (pid === undefined) continue;
        const space = await AddressSpace.open(images, Number(pid));
        assert.deepEqual([space.dumpedBytes, space.pageSize], [consumed, consumed / pagesPresent]);
        // A pagemap of an earlier dump, whose pages image was written over.
        const stale = consumed !== pagesFileSize;
        assert.deepEqual(
          space.notes.map(({ kind }) => kind),
          stale ? ['unknown'] : [],
        );
        if (stale) continue;
        for (const { needle, vaddr } of hits) assert.equal(await textAt(space, BigInt(vaddr), needle.length), needle);
      }
      for (const { pid, hits } of memoryNeedlesLive) {
        // Gone between the look at it and the dump.
        if (!dumped.has(pid)) continue;
        const space = await AddressSpace.open(images, pid);
        for (const { needle, vaddr, vma } of hits) {
          // The file itself holds the memory of a shared file mapping.
          if (vma.includes('/var/lib/')) continue;
          assert.equal(await textAt(space, BigInt(vaddr), needle.length), needle, vma);
        }
      }
      for (const pid of dumped) {
        const [mm] = await images.messages('MM', `mm-${pid}.img`);
        const space = await AddressSpace.open(images, pid);
        const { missing } = await space.read(
          mm?.mm_arg_start ?? 0n,
          Number((mm?.mm_env_end ?? 1n) - (mm?.mm_arg_start ?? 0n)),
        );
        assert.deepEqual([missing, space.notes], [[], []]);
      }
    });
  }
});

/** What was read, page by page: a letter, or `.` where it is missing. */
async function letters(space: AddressSpace, address: number, length: number, step = page): Promise<string> {
  const { bytes: content, missing } = await space.read(BigInt(address), length);
  for (const { offset, length: size } of missing)
    assert.ok(content.subarray(offset, offset + size).every((byte) => byte === 0));
  const gone = (at: number): boolean => missing.some(({ offset, length: size }) => at >= offset && at < offset + size);
  let text = '';
  for (let at = 0; at < length; at += step) text += gone(at) ? '.' : String.fromCharCode(content[at] ?? 0);
  return text;
}

suite('the memory of a process', () => {
  test('is read across entries whose addresses touch, and missing between those that do not', async () => {
    const space = await new Dump()
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x1000, nr_pages: 2, ...present },
        { vaddr: 0x3000, nr_pages: 1, ...present },
        { vaddr: 0x5000, nr_pages: 1, ...present },
      )
      .pages(3, 'abcd')
      .space();
    assert.equal(await letters(space, 0, 0x7000), '.abc.d.');
    const { bytes: content, missing } = await space.read(0x2ff0n, 0x2020);
    assert.deepEqual(missing, [{ offset: 0x1010, length: 0x1000 }]);
    assert.deepEqual(
      [content[0x0f], content[0x10], content[0x2010]].map((byte) => String.fromCharCode(byte ?? 0)),
      ['b', 'c', 'd'],
    );
    assert.deepEqual([space.dumpedBytes, space.where], [4 * page, 'checkpoint/pagemap-1.img']);
  });

  test('is nothing but missing where nothing was dumped, at both ends of 64 bits', async () => {
    const space = await new Dump()
      .pagemap('pagemap-1.img', 3, { vaddr: 0x5000, nr_pages: 1, ...present })
      .pages(3, 'a')
      .space();
    for (const address of [0n, 0x5000n - 64n, 0x6000n, 2n ** 64n - 64n]) {
      assert.deepEqual((await space.read(address, 64)).missing, [{ offset: 0, length: 64 }]);
    }
    assert.deepEqual(await space.read(0x5000n, 0), { bytes: new Uint8Array(), missing: [] });
  });

  test('does not move on in the pages image for lazy pages and those of the parent', async () => {
    const space = await new Dump()
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x1000, nr_pages: 1, ...present },
        { vaddr: 0x2000, nr_pages: 2, flags: 2 },
        { vaddr: 0x4000, nr_pages: 1, flags: 1 },
        { vaddr: 0x5000, nr_pages: 1, flags: 6 },
      )
      .pages(3, 'ab')
      .space();
    assert.equal(await letters(space, 0x1000, 0x5000), 'a...b');
    assert.deepEqual([space.dumpedBytes, space.lazyBytes, space.parentBytes], [2 * page, 2 * page, page]);
    assert.deepEqual(
      space.notes.map(({ kind }) => kind),
      ['missing'],
    );
  });

  test('reads the pages of its parent there, and of the parent of that', async () => {
    const dump = new Dump()
      .pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 1, ...present }, { vaddr: 0x2000, nr_pages: 3, flags: 1 })
      .pages(3, 'a')
      .put(
        'pagemap-1.img',
        image(
          'PAGEMAP',
          entry('pagemap_head', { pages_id: 1 }),
          entry('pagemap_entry', { vaddr: 0x2000, compat_nr_pages: 1 }),
          entry('pagemap_entry', { vaddr: 0x3000, compat_nr_pages: 1, in_parent: true }),
        ),
        'pre/two',
      )
      .put('pages-1.img', bytes('b'.repeat(page)), 'pre/two')
      .put(
        'pagemap-1.img',
        image(
          'PAGEMAP',
          entry('pagemap_head', { pages_id: 1 }),
          entry('pagemap_entry', { vaddr: 0x3000, compat_nr_pages: 1 }),
        ),
        'pre/one',
      )
      .put('pages-1.img', bytes('c'.repeat(page)), 'pre/one');
    dump.files.add('checkpoint/parent', new Uint8Array(), { type: 'symlink', linkTarget: '../pre/./two/' });
    dump.files.add('pre/two/parent', new Uint8Array(), { type: 'symlink', linkTarget: '../one' });
    const space = await dump.space();
    assert.equal(await letters(space, 0x1000, 0x4000), 'abc.');
    assert.deepEqual(space.notes, []);
  });

  for (const linkTarget of ['.', '../checkpoint', '../../../etc', '/etc', '../nowhere', '']) {
    test(`has no parent behind the link ${JSON.stringify(linkTarget)}`, async () => {
      const dump = new Dump().pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 1, flags: 1 });
      dump.files.add('checkpoint/parent', new Uint8Array(), { type: 'symlink', linkTarget });
      const space = await dump.space();
      assert.equal(await letters(space, 0x1000, 0x1000), '.');
      assert.deepEqual(
        space.notes.map(({ kind, where }) => [kind, where]),
        [['missing', 'checkpoint/pagemap-1.img']],
      );
    });
  }

  test('has shared memory behind its mappings, from their offset in it', async () => {
    const shared = { prot: 3, flags: 1, fd: -1, shmid: 77 };
    const dump = new Dump()
      .mm({
        vmas: [
          { ...shared, start: 0x10000, end: 0x12000, pgoff: 0, status: 1 | (1 << 8) },
          { ...shared, start: 0x20000, end: 0x22000, pgoff: 0x1000, status: 1 | (1 << 10) },
          // A memfd: the mapping has the id of the file, which has that of the inode, which has the memory's.
          { ...shared, start: 0x30000, end: 0x31000, pgoff: 0x2000, status: 1 | (1 << 7) | (1 << 14), shmid: 9 },
          // The shmid of a file mapping is the id of the file.
          { ...shared, start: 0x40000, end: 0x41000, pgoff: 0, status: 1 | (1 << 7) },
        ],
      })
      .put(
        'files.img',
        image('FILES', entry('file_entry', { type: 18, id: 9, memfd: { id: 9, flags: 2, pos: 0, fown, inode_id: 4 } })),
      )
      .put(
        'memfd.img',
        image(
          'MEMFD_INODE',
          entry('memfd_inode_entry', { name: 'm', uid: 0, gid: 0, size: 1, shmid: 77, seals: 0, inode_id: 4 }),
        ),
      )
      .pagemap('pagemap-1.img', 3, { vaddr: 0x11000, nr_pages: 1, ...present })
      .pages(3, 'x')
      .pagemap('pagemap-shmem-77.img', 4, { vaddr: 0, nr_pages: 3, ...present })
      .pages(4, 'abc');
    const space = await dump.space();
    assert.equal(await letters(space, 0x10000, 0x3000), 'ax.');
    assert.equal(await letters(space, 0x20000, 0x3000), 'bc.');
    assert.equal(await letters(space, 0x30000, 0x2000), 'c.');
    assert.equal(await letters(space, 0x40000, 0x1000), '.');
    assert.equal((await letters(space, 0x10000, 0x30000)).replaceAll('.', ''), 'axbcc');
  });

  test('takes mappings out of the image that older dumps have for them', async () => {
    const vma = { start: 0x10000, end: 0x11000, pgoff: 0, shmid: 5, prot: 3, flags: 1, status: 1 << 8, fd: -1 };
    const dump = new Dump()
      .pagemap('pagemap-1.img', 3)
      .put('vmas-1.img', image('VMAS', entry('vma_entry', vma)))
      .pagemap('pagemap-shmem-5.img', 4, { vaddr: 0, nr_pages: 1, ...present })
      .pages(4, 's');
    assert.equal(await letters(await dump.space(), 0x10000, 0x1000), 's');
  });

  test('has the page size of its machine', async () => {
    const large = new Dump()
      .pagemap('pagemap-1.img', 3, { vaddr: 0x10000, nr_pages: 2, ...present })
      .pages(3, 'ab', 65536);
    const derived = await large.space();
    assert.deepEqual([derived.pageSize, await letters(derived, 0x10000, 0x20000, 65536)], [65536, 'ab']);
    const told = await large.mm({ mm_saved_auxv: [33, 1, 6, 65536, 0, 0] }).space();
    assert.equal(told.pageSize, 65536);
  });

  test('is not shown where the pages cannot be told apart', async () => {
    const rows = { vaddr: 0x1000, nr_pages: 2, ...present };
    const cases = [
      new Dump().pagemap('pagemap-1.img', 3, rows).put('pages-3.img', new Uint8Array(2 * page + 1)),
      new Dump().pagemap('pagemap-1.img', 3, rows).put('pages-3.img', new Uint8Array(100)),
      new Dump()
        .mm({ mm_saved_auxv: [6, page] })
        .pagemap('pagemap-1.img', 3, rows)
        .put('pages-3.img', new Uint8Array(4 * page)),
    ];
    for (const dump of cases) {
      const space = await dump.space();
      assert.equal(await letters(space, 0x1000, 0x2000), '..');
      assert.deepEqual(
        space.notes.map(({ kind, where }) => [kind, where]),
        [['unknown', 'checkpoint/pages-3.img']],
      );
    }
  });

  test('is shown up to where its pages image ends', async () => {
    const dump = new Dump()
      .mm({ mm_saved_auxv: [6, page] })
      .pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 3, ...present });
    const space = await dump.put('pages-3.img', bytes('a'.repeat(page), 'b'.repeat(100))).space();
    const { missing } = await space.read(0x1000n, 3 * page);
    assert.deepEqual(missing, [{ offset: page + 100, length: 2 * page - 100 }]);
    assert.deepEqual(
      space.notes.map(({ kind, offset }) => [kind, offset]),
      [['truncated', page + 100]],
    );
  });

  test('is shown up to where its pagemap ends', async () => {
    const dump = new Dump()
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x1000, nr_pages: 1, ...present },
        { vaddr: 0x2000, nr_pages: 1, ...present },
      )
      .pages(3, 'ab');
    dump.put('pagemap-1.img', dump.files.content('checkpoint/pagemap-1.img').subarray(0, -1));
    const space = await dump.space();
    assert.equal(await letters(space, 0x1000, 0x2000), 'a.');
    assert.deepEqual(
      space.notes.map(({ kind }) => kind),
      ['truncated'],
    );
  });

  test('is missing without its pages image, and has none without a pagemap', async () => {
    const space = await new Dump().pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 1, ...present }).space();
    assert.equal(await letters(space, 0x1000, 0x1000), '.');
    assert.deepEqual(
      space.notes.map(({ kind, where }) => [kind, where]),
      [['missing', 'checkpoint/pages-3.img']],
    );
    await assert.rejects(new Dump().space(), (error) => CheckpointError.is(error, 'not-found'));
  });

  test('is found too where entries are out of order', async () => {
    const space = await new Dump()
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x3000, nr_pages: 1, ...present },
        { vaddr: 0x1000, nr_pages: 1, ...present },
      )
      .pages(3, 'ab')
      .space();
    assert.equal(await letters(space, 0x1000, 0x3000), 'b.a');
  });

  test('is read by range only', async () => {
    const dump = new Dump()
      .pagemap('pagemap-1.img', 3, { vaddr: 0x100000, nr_pages: 3000, ...present })
      .put('pages-3.img', new Uint8Array(3000 * page).fill(120));
    const reads: number[] = [];
    const open = dump.files.open.bind(dump.files);
    dump.files.open = (opened) => {
      const source = open(opened);
      const read = source.read.bind(source);
      source.read = (offset, length, signal) => {
        if (opened.path.endsWith('pages-3.img')) reads.push(length);
        return read(offset, length, signal);
      };
      return source;
    };
    const space = await dump.space();
    assert.deepEqual(reads, []);
    await space.read(0x100000n + 5000n, 100);
    assert.deepEqual(reads, [100]);
    await space.read(0x100000n, 3000 * page);
    assert.ok(Math.max(...reads) <= 4 * 1024 * 1024);
    await assert.rejects(space.read(0n, 2 ** 40), (error) => CheckpointError.is(error, 'too-large'));
  });

  test('stops when it is cancelled', async () => {
    const space = await new Dump()
      .pagemap('pagemap-1.img', 3, { vaddr: 0x1000, nr_pages: 1, ...present })
      .pages(3, 'a')
      .space();
    await assert.rejects(space.read(0x1000n, 10, AbortSignal.abort()), { name: 'AbortError' });
  });
});

suite('compressed memory', () => {
  const content = Buffer.concat(['a', 'b', 'c', 'd', 'e'].map((letter) => Buffer.alloc(page, `${letter}--`)));

  test('in blocks of some pages, the last one short, with blocks of zeros and blocks stored as they are', async () => {
    const first = compressLz4(content.subarray(0, 2 * page));
    const last = compressLz4(content.subarray(4 * page));
    const stored = content.subarray(2 * page, 4 * page);
    const block_sizes = [first.length, 0, stored.length, last.length];
    const space = await new Dump()
      .mm({ mm_saved_auxv: [6, page] })
      .pagemap(
        'pagemap-1.img',
        3,
        { vaddr: 0x1000, nr_pages: 7, ...present, blocks: { block_sizes, pages_per_block: 2 } },
        { vaddr: 0x9000, nr_pages: 1, flags: 4 | 8 },
      )
      .put(
        'pages-3.img',
        bytes(first, stored, last, new Uint8Array(page - ((first.length + last.length) % page)), 'z'.repeat(page)),
      )
      .space();
    assert.deepEqual(space.notes, []);
    assert.equal(await letters(space, 0x1000, 0x9000), 'ab\0\0cde.z');
    for (const at of [0, 1, page - 1, 2 * page - 1, 4 * page, 5 * page + 17, 7 * page - 3]) {
      const { bytes: some } = await space.read(0x1000n + BigInt(at), 2);
      const whole = Buffer.concat([content.subarray(0, 2 * page), Buffer.alloc(2 * page), content.subarray(2 * page)]);
      assert.deepEqual(Buffer.from(some), whole.subarray(at, at + 2));
    }
  });

  test('page by page', async () => {
    const blocks = [0, 1, 2].map((index) => compressLz4(content.subarray(index * page, (index + 1) * page)));
    const space = await new Dump()
      .pagemap('pagemap-1.img', 3, {
        vaddr: 0x1000,
        nr_pages: 3,
        ...present,
        blocks: { block_sizes: blocks.map(({ length }) => length) },
      })
      .put('pages-3.img', bytes(...blocks))
      .space();
    assert.equal(await letters(space, 0x1000, 0x3000), 'abc');
  });

  test('that is damaged is missing, and told once', async () => {
    const blocks = [0, 1, 2].map((index) => compressLz4(content.subarray(index * page, (index + 1) * page)));
    (blocks[1] as Uint8Array).fill(0xff);
    const space = await new Dump()
      .pagemap('pagemap-1.img', 3, {
        vaddr: 0x1000,
        nr_pages: 3,
        ...present,
        blocks: { block_sizes: blocks.map(({ length }) => length) },
      })
      .put('pages-3.img', bytes(...blocks))
      .space();
    assert.equal(await letters(space, 0x1000, 0x3000), 'a.c');
    assert.equal(await letters(space, 0x2000, 0x1000), '.');
    assert.deepEqual(
      space.notes.map(({ kind, where }) => [kind, where]),
      [['damaged', 'checkpoint/pages-3.img']],
    );
  });
});
