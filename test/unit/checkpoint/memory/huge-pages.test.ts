import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readAll } from '../../../../src/core/bytes/read.ts';
import { openCheckpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { mapFlagWords } from '../../../../src/core/criu/map-flags.ts';
import { entry, image, NO_MEMORY } from '../../criu/build-image.ts';
import { writeDump } from '../search/build-space.ts';

const folder = mkdtempSync(join(tmpdir(), 'huge-pages-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As CRIU 4.2 dumped mappings of Linux 6.18: MAP_HUGETLB with the size of the pages, in 2 to the power of 21. */
const MAP_HUGE_2MB = 0x54040000;
const ANONYMOUS = 1 | (1 << 9);

test('memory of huge pages has the name and the page size that the kernel gives it', async () => {
  writeDump(folder, { processes: [{ pid: 1, mappings: [], runs: [] }], objects: new Map() });
  const vma = { pgoff: 0, shmid: 0, prot: 3, fd: -1, status: ANONYMOUS };
  const vmas = [
    { ...vma, start: 0x40000000, end: 0x40400000, flags: 0x22 | (MAP_HUGE_2MB | 0) },
    { ...vma, start: 0x50000000, end: 0x50001000, flags: 0x22 },
    // A segment of System V's: the mapping has the flag alone.
    { ...vma, start: 0x60000000, end: 0x60200000, shmid: 4, flags: 0x40021, status: 1 | (1 << 8) | (1 << 10) },
  ];
  const desc = { key: 0x77, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600, id: 4 };
  const segment = { desc, size: 0x200000, in_pagemaps: true, hugetlb_flag: 0x54000000 };
  writeFileSync(join(folder, 'ipcns-shm-9.img'), image('IPCNS_SHM', entry('ipc_shm_entry', segment)));
  const ids = { vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, ipc_ns_id: 9 };
  writeFileSync(join(folder, 'ids-1.img'), image('IDS', entry('task_kobj_ids_entry', ids)));
  writeFileSync(join(folder, 'mm-1.img'), image('MM', entry('mm_entry', { ...NO_MEMORY, vmas })));
  const checkpoint = await openCheckpoint({
    locator: folder,
    spill: { directory: join(folder, 'spill'), limit: 2 ** 30 },
  });
  try {
    const { regions } = await checkpoint.memory.map(1);
    assert.deepEqual(
      regions.map(({ kind, name, flags, hugePageBytes }) => [kind, name, flags, hugePageBytes]),
      [
        ['anonymous', '/anon_hugepage (deleted)', ['MAP_PRIVATE', 'MAP_ANON', 'MAP_HUGETLB', 'MAP_HUGE_2MB'], 2 ** 21],
        ['anonymous', '', ['MAP_PRIVATE', 'MAP_ANON'], undefined],
        ['shared', '/SYSV00000077 (deleted)', ['MAP_SHARED', 'MAP_ANON', 'MAP_HUGETLB'], 2 ** 21],
      ],
    );
    const smaps = Buffer.from(await readAll(await checkpoint.files.open('/proc/1/smaps'), 1 << 20)).toString();
    assert.deepEqual(smaps.match(/KernelPageSize: .*/g), [
      'KernelPageSize:     2048 kB',
      'KernelPageSize:        4 kB',
      'KernelPageSize:     2048 kB',
    ]);
  } finally {
    await checkpoint.close();
  }
});

test('sizes of huge pages have their names, on each machine where it has its bits', () => {
  const words = (power: number, bit: number, machine: number) => mapFlagWords(bit | (power << 26), machine).slice(1);
  assert.deepEqual(words(16, 0x40000, 3), ['MAP_HUGE_64KB']);
  assert.deepEqual(words(30, 0x40000, 1), ['MAP_HUGE_1GB']);
  assert.deepEqual(words(34, 0x40000, 4), ['MAP_HUGE_16GB']);
  assert.deepEqual(words(21, 0x80000, 6), ['MAP_HUGE_2MB']);
  // Without MAP_HUGETLB these bits mean something else, or nothing.
  assert.deepEqual(mapFlagWords(2 | (21 << 26), 1), ['MAP_PRIVATE', '0x54000000']);
});
