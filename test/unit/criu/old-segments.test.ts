import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AddressSpace } from '../../../src/core/criu/address-space.ts';
import { Dump, page, present } from './build-dump.ts';
import { bytes, entry, image } from './build-image.ts';

const desc = { key: 7, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 };
const SYSVIPC = 1 | (1 << 10);

function segment(id: number, size: number | string, ...content: readonly string[]): Uint8Array {
  return bytes(entry('ipc_shm_entry', { desc: { ...desc, id }, size }), ...content);
}

async function sourcesOf(space: AddressSpace, address: bigint, length: number): Promise<readonly string[]> {
  const { extents } = await space.locate(address, length);
  return extents.map(({ source, length: size }) => `${source} ${size}`);
}

suite('System V shared memory of dumps before CRIU 3.0, whose bytes stand in the image of the segments', () => {
  const dump = (): Dump =>
    new Dump()
      .pagemap('pagemap-1.img', 3)
      .vmas(
        { start: 0x10000, end: 0x12000, shmid: 32768, status: SYSVIPC },
        { start: 0x20000, end: 0x21000, shmid: 5, status: SYSVIPC },
        { start: 0x30000, end: 0x31000, pgoff: page, shmid: 32768, status: SYSVIPC },
      );
  const segments = image(
    'IPCNS_SHM',
    // Padded to four bytes.
    segment(5, 6, 'short.', '\0\0'),
    segment(32768, page + 10, 'a'.repeat(page), 'b'.repeat(10), '\0\0'),
  );

  test('is read as the memory of those who map it', async () => {
    const space = await dump().put('ipcns-shm-10.img', segments).space();
    const two = await space.read(0x10000n, 2 * page);
    assert.equal(Buffer.from(two.bytes).toString().replaceAll('\0', ''), 'a'.repeat(page) + 'b'.repeat(10));
    assert.deepEqual(two.missing, [{ offset: page + 10, length: page - 10 }]);
    assert.equal(Buffer.from((await space.read(0x20000n, 6)).bytes).toString(), 'short.');
    assert.equal(Buffer.from((await space.read(0x30000n, 10)).bytes).toString(), 'b'.repeat(10));
    assert.deepEqual(await sourcesOf(space, 0x10000n, 2 * page), [`shared ${page + 10}`, `untouched ${page - 10}`]);
    const [vma] = space.mappings.all;
    assert.deepEqual(vma && (await space.count(vma)), { shared: page + 10, untouched: page - 10 });
    assert.equal(await space.shared.imageOf(32768n), 'checkpoint/ipcns-shm-10.img');
    assert.deepEqual(space.notes, []);
  });

  test('is lost as far as the image is cut', async () => {
    const space = await dump().put('ipcns-shm-10.img', segments.subarray(0, -page)).space();
    assert.deepEqual(await sourcesOf(space, 0x10000n, 2 * page), [
      'shared 12',
      `lost ${page - 2}`,
      `untouched ${page - 10}`,
    ]);
    assert.deepEqual((await space.read(0x10000n, 100)).missing, [{ offset: 12, length: 88 }]);
  });

  test('is that of its pagemap where it has one, and lost where nothing has it', async () => {
    const own = await dump()
      .put('ipcns-shm-10.img', segments)
      .pagemap('pagemap-shmem-5.img', 4, { vaddr: 0, nr_pages: 1, ...present })
      .pages(4, 'p')
      .space();
    assert.equal(Buffer.from((await own.read(0x20000n, 6)).bytes).toString(), 'pppppp');
    const paged = image('IPCNS_SHM', entry('ipc_shm_entry', { desc: { ...desc, id: 5 }, size: 6, in_pagemaps: true }));
    const gone = await dump().put('ipcns-shm-10.img', paged).space();
    assert.deepEqual(await sourcesOf(gone, 0x20000n, page), [`lost ${page}`]);
    assert.equal(await gone.shared.imageOf(5n), 'checkpoint/pagemap-shmem-5.img');
  });

  test('of a claimed size beyond all bounds takes no room', async () => {
    const huge = image('IPCNS_SHM', segment(5, '9223372036854775808', 'x'));
    const space = await dump().put('ipcns-shm-10.img', huge).space();
    assert.equal(Buffer.from((await space.read(0x20000n, 1)).bytes).toString(), 'x');
  });
});
