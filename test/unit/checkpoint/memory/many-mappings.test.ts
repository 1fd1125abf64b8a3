import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import { entry, image, NO_MEMORY } from '../../criu/build-image.ts';
import { writeDump } from '../search/build-space.ts';

const MANY = 100_000;
const folder = mkdtempSync(join(tmpdir(), 'many-mappings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('who goes through very many mappings lets others have their turn, and can be stopped by them', async () => {
  writeDump(folder, { processes: [{ pid: 1, mappings: [], runs: [] }], objects: new Map() });
  const vmas = Array.from({ length: MANY }, (_, index) => {
    const start = 0x10000000 + index * 0x2000;
    return { start, end: start + 0x1000, pgoff: 0, shmid: 0, prot: 3, flags: 0x22, status: 1 | (1 << 9), fd: -1 };
  });
  writeFileSync(join(folder, 'mm-1.img'), image('MM', entry('mm_entry', { ...NO_MEMORY, vmas })));
  const spill = { directory: join(folder, 'spill'), limit: 2 ** 30 };
  const checkpoint = await openCheckpoint({ locator: folder, spill });
  try {
    const given = new AbortController();
    const mappings = await checkpoint.memory.mappings(1, given.signal);
    assert.ok(mappings);
    let passed = 0;
    setImmediate(() => given.abort());
    await assert.rejects(
      async () => {
        for await (const mapping of mappings) passed += mapping.permissions === 'rw-p' ? 1 : 0;
      },
      (error) => CheckpointError.is(error, 'cancelled'),
    );
    assert.ok(passed > 0 && passed < MANY, String(passed));
  } finally {
    await checkpoint.close();
  }
});
