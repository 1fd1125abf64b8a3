import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  PE_LAZY,
  PE_PARENT,
  PE_PRESENT,
  readPagemap,
  UNIT,
  type Pagemap,
  type PagemapResult,
} from '../../../src/core/criu/pagemap.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { bytes, encode, entry, image, uint32, varint } from './build-image.ts';
import { MemorySource } from './memory-file-set.ts';

const page = 4096;

/** An entry as CRIU 4.2 writes it. */
function mapped(address: number, pages: number, flags: number, more: object = {}): Uint8Array {
  return entry('pagemap_entry', { vaddr: address, compat_nr_pages: 0, flags, nr_pages: pages, ...more });
}

function read(...entries: readonly Uint8Array[]): Promise<PagemapResult> {
  const content = image('PAGEMAP', entry('pagemap_head', { pages_id: 7 }), ...entries);
  return readPagemap(new MemorySource(content), 'checkpoint/pagemap-1.img');
}

function rows(pagemap: Pagemap): number[][] {
  return Array.from({ length: pagemap.length }, (_, index) => [
    pagemap.start(index) * UNIT,
    pagemap.pages(index),
    pagemap.flags(index),
    pagemap.offset(index, page),
  ]);
}

suite('a pagemap', () => {
  test('has its page counts where CRIU 4.2 puts them, or where older ones did', async () => {
    const { pagemap, intact } = await read(
      mapped(0x1000, 3, PE_PRESENT),
      entry('pagemap_entry', { vaddr: 0x8000, compat_nr_pages: 2, flags: PE_PRESENT }),
      entry('pagemap_entry', { vaddr: 0xa000, compat_nr_pages: 1 }),
    );
    assert.equal(pagemap.pagesId, 7);
    assert.deepEqual(rows(pagemap), [
      [0x1000, 3, PE_PRESENT, 0],
      [0x8000, 2, PE_PRESENT, 3 * page],
      [0xa000, 1, PE_PRESENT, 5 * page],
    ]);
    assert.deepEqual([pagemap.presentPages, pagemap.end(page), intact], [6, 6 * page, true]);
  });

  test('gives room in the pages image to present pages alone', async () => {
    const { pagemap } = await read(
      mapped(0x1000, 1, PE_PRESENT | PE_LAZY),
      mapped(0x2000, 5, PE_LAZY),
      mapped(0x7000, 4, PE_PARENT),
      entry('pagemap_entry', { vaddr: 0xb000, compat_nr_pages: 2, in_parent: true }),
      mapped(0xd000, 1, PE_PRESENT),
    );
    assert.deepEqual(
      rows(pagemap).map(([, , flags, offset]) => [flags, offset]),
      [
        [PE_PRESENT | PE_LAZY, 0],
        [PE_LAZY, page],
        [PE_PARENT, page],
        [PE_PARENT, page],
        [PE_PRESENT, page],
      ],
    );
    assert.deepEqual(
      [pagemap.presentPages, pagemap.lazyPages, pagemap.parentPages, pagemap.end(page)],
      [2, 5, 6, 2 * page],
    );
  });

  test('aligns what says that it is aligned', async () => {
    const blocks = { block_sizes: [100], total_payload_size: 100, pages_per_block: 1 };
    const { pagemap } = await read(
      mapped(0x1000, 1, PE_PRESENT, { blocks }),
      mapped(0x2000, 1, PE_PRESENT),
      mapped(0x3000, 1, PE_PRESENT | 8),
    );
    assert.deepEqual(
      rows(pagemap).map(([, , , offset]) => offset),
      [0, 100, 2 * page],
    );
    assert.deepEqual([pagemap.compressed, pagemap.aligned], [true, true]);
  });

  test('has compressed blocks in the final form and in the earlier one', async () => {
    const flat = bytes(
      encode('pagemap_entry', {
        vaddr: 0x9000,
        compat_nr_pages: 0,
        flags: PE_PRESENT,
        nr_pages: 8,
        total_compressed_size: 30,
        region_pages: 4,
      }),
      [0x30],
      varint(10),
      [0x30],
      varint(20),
    );
    const { pagemap } = await read(
      mapped(0x1000, 8, PE_PRESENT, {
        blocks: { block_sizes: [100, 0, 4096], total_payload_size: 4196, pages_per_block: 3 },
      }),
      bytes(uint32(flat.length), flat),
    );
    assert.deepEqual(pagemap.blocks(0), { sizes: Uint32Array.of(100, 0, 4096), total: 4196, pagesPerBlock: 3 });
    assert.deepEqual(pagemap.blocks(1), { sizes: Uint32Array.of(10, 20), total: 30, pagesPerBlock: 4 });
    assert.equal(pagemap.end(page), 4226);
  });

  test('with more compressed blocks than memory should hold is read up to there', async () => {
    // An entry of a million blocks for each megabyte of zeros.
    const million = encode('pagemap_entry', {
      vaddr: 0x1000,
      compat_nr_pages: 1,
      blocks: { block_sizes: new Array<number>(1024 * 1024).fill(0) },
    });
    const one = bytes(uint32(million.length), million);
    const { pagemap, notes } = await read(...new Array<Uint8Array>(18).fill(one));
    assert.equal(pagemap.length, 16);
    assert.deepEqual([pagemap.blocks(15)?.sizes.length, pagemap.blocks(16)], [1024 * 1024, undefined]);
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['damaged'],
    );
  });

  test('finds the entry at or before an address, up to the last page of 64 bits', async () => {
    const { pagemap } = await read(
      mapped(0x1000, 1, PE_PRESENT),
      mapped(0x8000, 2, PE_PRESENT),
      entry('pagemap_entry', { vaddr: '18446744073709547520', compat_nr_pages: 1 }),
    );
    assert.deepEqual(
      [0, 1, 7, 8, 100, 2 ** 52 - 1].map((unit) => pagemap.find(unit)),
      [-1, 0, 0, 1, 1, 2],
    );
    assert.equal(pagemap.start(2), 2 ** 52 - 1);
    assert.ok(pagemap.ordered);
  });

  test('that ends within an entry keeps those before, and says up to where memory is known', async () => {
    const whole = image(
      'PAGEMAP',
      entry('pagemap_head', { pages_id: 7 }),
      mapped(0x7f0b99264000, 2, PE_PRESENT),
      mapped(0x7f0b99266000, 1, PE_PRESENT),
    );
    const { pagemap, notes, intact } = await readPagemap(
      new MemorySource(whole.subarray(0, -3)),
      'checkpoint/pagemap-3.img',
    );
    assert.deepEqual([pagemap.length, intact, notes[0]?.kind], [1, false, 'truncated']);
    assert.match(say(notes[0]?.text ?? { template: '', args: [] }), /Memory beyond 0x7f0b99266000 cannot be shown/);
  });

  test('is damaged: it says where, and keeps what stands before', async () => {
    const cases = [
      uint32(0),
      bytes(uint32(2), [0x28, 0x01]),
      bytes(uint32(3), [0x08, 0x81, 0x01]),
      bytes(uint32(3), [0x08, 0x80, 0x80]),
      entry('pagemap_entry', { vaddr: 0x2000, compat_nr_pages: 0, nr_pages: '9223372036854775808' }),
    ];
    for (const damaged of cases) {
      const { pagemap, notes, intact } = await read(
        mapped(0x1000, 1, PE_PRESENT),
        damaged,
        mapped(0x5000, 1, PE_PRESENT),
      );
      const offset = 8 + entry('pagemap_head', { pages_id: 7 }).length + mapped(0x1000, 1, PE_PRESENT).length;
      assert.deepEqual([pagemap.length, intact, notes[0]?.kind, notes[0]?.offset], [1, false, 'damaged', offset]);
    }
  });

  test('of another kind of image is none', async () => {
    const { notes } = await readPagemap(new MemorySource(image('FS')), 'pagemap-1.img');
    assert.equal(notes[0]?.kind, 'damaged');
  });

  test('without a byte lists nothing', async () => {
    const { pagemap, notes } = await readPagemap(new MemorySource(new Uint8Array()), 'pagemap-1.img');
    assert.deepEqual([pagemap.length, notes], [0, []]);
  });

  test('with an impossibly large entry allocates nothing for it', async () => {
    const content = image(
      'PAGEMAP',
      entry('pagemap_head', { pages_id: 7 }),
      uint32(0xf0000000),
      new Uint8Array(300_000),
    );
    const source = new MemorySource(content, 'pagemap', 2 ** 33);
    const { notes } = await readPagemap(source, 'pagemap-1.img');
    assert.equal(notes[0]?.kind, 'damaged');
    assert.ok(source.reads.every(({ length }) => length < 2 ** 20));
  });

  test('tells when its entries are out of order or overlap', async () => {
    assert.ok(!(await read(mapped(0x5000, 1, PE_PRESENT), mapped(0x1000, 1, PE_PRESENT))).pagemap.ordered);
    assert.ok(!(await read(mapped(0x1000, 3, PE_PRESENT), mapped(0x2000, 1, PE_PRESENT))).pagemap.ordered);
  });

  test('of a million entries is read through a small window', async () => {
    const one = mapped(0x10000000, 1, PE_PRESENT);
    const content = Buffer.alloc(one.length * 1_000_000, one);
    for (let index = 0; index < 1_000_000; index++) {
      // The address, a varint of five bytes, in place.
      content.set(varint(2 ** 28 + index * 8192), index * one.length + 5);
    }
    const source = new MemorySource(image('PAGEMAP', entry('pagemap_head', { pages_id: 7 }), content));
    const { pagemap, notes } = await readPagemap(source, 'pagemap-1.img');
    assert.deepEqual([pagemap.length, pagemap.presentPages, pagemap.ordered, notes], [1_000_000, 1_000_000, true, []]);
    assert.equal(pagemap.start(999_999) * UNIT, 2 ** 28 + 999_999 * 8192);
    assert.ok(source.reads.every(({ length }) => length <= 256 * 1024));
  });
});
