import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { GridQuery } from '../../../src/protocol/grid.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { memoryOutline, memoryProcesses, readAddress } from '../../../src/worker/memory.ts';
import { repack } from '../support/repack.ts';
import { archiveOf } from '../support/fixtures.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'worker-memory-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function open(locator: string): Promise<Checkpoint> {
  return openCheckpoint({ locator, spill: { directory: join(folder, 'spill'), limit: 2 ** 32 } });
}

suite('what the page is told of memory', () => {
  let checkpoint: Checkpoint;
  before(async () => {
    checkpoint = await open(archiveOf('podman-webapp-host'));
    await checkpoint.completed;
  });
  after(() => checkpoint.close());

  test('the processes that had memory', async () => {
    const processes = await memoryProcesses(checkpoint, signal);
    assert.deepEqual(processes.map(({ pid, comm }) => [pid, comm]).slice(0, 3), [
      [1, 'web-master'],
      [2, 'web-worker-1'],
      [4, 'sh'],
    ]);
    assert.equal(processes[0]?.dumpedBytes, 10878976);
  });

  test('an address space in short', async () => {
    const outline = await memoryOutline(checkpoint, 1, signal);
    assert.deepEqual(
      [outline.pid, outline.pageSize, outline.pointerBytes, outline.byteOrder, outline.regions.length],
      [1, 4096, 8, 'little', 82],
    );
    assert.deepEqual(
      outline.threads.map(({ tid }) => tid),
      [1, 6, 9, 10, 11, 12],
    );
    assert.deepEqual(Object.keys(outline.regions[0] ?? {}).sort(), [
      'bytes',
      'end',
      'kind',
      'name',
      'offset',
      'permissions',
      'start',
    ]);
    await assert.rejects(memoryOutline(checkpoint, 99, signal), (error) => CheckpointError.is(error, 'not-found'));
  });

  test('rows of mappings, by address, by size and by what is looked for', async () => {
    const grids = new Grids(checkpoint);
    const rows = async (query: Partial<GridQuery>) => {
      const window = await grids.window(
        { grid: 'memory', of: '1', filter: '', toggled: [], start: 0, count: 100, ...query },
        signal,
      );
      return window.rows;
    };
    const all = await rows({});
    assert.equal(all.length, 82);
    assert.deepEqual([all[0]?.id, all.at(-1)?.id], ['0x400000', '0xffffffffff600000']);
    // Digits and letters are not sorted as words.
    const down = await rows({ sort: { column: 'address', descending: true } });
    assert.deepEqual(
      down.map(({ id }) => BigInt(id)),
      all.map(({ id }) => BigInt(id)).reverse(),
    );
    const largest = await rows({ sort: { column: 'dumped', descending: true }, count: 1 });
    assert.equal(largest[0]?.cells[4]?.value, '[heap]');
    assert.deepEqual(
      (await rows({ filter: 'kind:stack' })).map(({ id }) => id),
      ['0x7ffe20aee000'],
    );
    assert.equal((await rows({ filter: 'missing:guard' })).length, 5);
    const libc = await rows({ filter: 'mapping:libc.so.6 perms:r-x' });
    assert.deepEqual(
      [libc.length, libc[0]?.cells[4]?.value, libc[0]?.cells[4]?.title],
      [1, 'libc.so.6', '/usr/lib/x86_64-linux-gnu/libc.so.6'],
    );
    assert.deepEqual(await rows({ of: '' }), []);
  });

  test('nothing of what is no address', () => {
    assert.equal(readAddress('0x7f00'), 0x7f00n);
    for (const text of ['', '7f00', '0x', '0x1g', '-0x1', '0x11111111111111111']) {
      assert.throws(
        () => readAddress(text),
        (error) => CheckpointError.is(error, 'usage'),
      );
    }
  });
});

test('where no image lists the mappings, what was dumped is there to be seen', async () => {
  const locator = join(folder, 'no-mm.tar');
  await repack(archiveOf('podman-counter-none'), locator, ({ content }, name) =>
    name.endsWith('/mm-1.img') ? undefined : content,
  );
  const checkpoint = await open(locator);
  try {
    await checkpoint.completed;
    const { regions, pageSize } = await memoryOutline(checkpoint, 1, signal);
    assert.ok(
      regions.length > 1 &&
        regions.every(({ kind, bytes, start, end }) => kind === 'other' && BigInt(bytes.own ?? 0) === end - start),
    );
    assert.equal(pageSize, 4096);
    const [first] = regions;
    const window = await checkpoint.memory.read(1, first?.start ?? 0n, 16);
    assert.equal(window.ranges[0]?.source, 'own');
    const beside = await checkpoint.memory.read(1, 0x1000n, 16);
    assert.equal(beside.ranges[0]?.source, 'unknown');
  } finally {
    await checkpoint.close();
  }
});
