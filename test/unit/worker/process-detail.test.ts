import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { describeProcess } from '../../../src/worker/process-detail.ts';
import { archiveOf } from '../support/fixtures.ts';
import { repack } from '../support/repack.ts';

const never = new AbortController().signal;
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-detail-'));
});
after(() => rmSync(folder, { recursive: true }));

test('a process whose mappings are lost still says how much of it is here, and where its threads stood', async () => {
  const damaged = join(folder, 'damaged.tar');
  await repack(archiveOf('podman-webapp-host'), damaged, ({ content }, name) =>
    name === 'checkpoint/mm-2.img' ? content.subarray(0, 500) : content,
  );
  const of = async (locator: string) => {
    const checkpoint = await openCheckpoint({ locator, spill: { directory: join(folder, 'spill'), limit: 2 ** 30 } });
    await checkpoint.completed;
    try {
      return await describeProcess(checkpoint, 2, false, never);
    } finally {
      await checkpoint.close();
    }
  };
  const whole = await of(archiveOf('podman-webapp-host'));
  const lost = await of(damaged);
  assert.equal(lost.process.arguments, undefined);
  assert.equal(lost.process.dumpedBytes, whole.process.dumpedBytes);
  assert.ok(lost.notes.some(({ where }) => where === 'checkpoint/mm-2.img'));
  const [position] = whole.positions;
  assert.deepEqual(
    [position?.instruction?.target?.name, position?.stack?.target?.name],
    ['/usr/lib/x86_64-linux-gnu/libc.so.6', '[stack]'],
  );
  // The stack was dumped; the program was not, because it stands in its file.
  assert.deepEqual(lost.positions, [
    {
      tid: 2,
      instruction: { address: position?.instruction?.address },
      stack: { address: position?.stack?.address, target: { name: '', permissions: '????', offset: 0n } },
    },
  ]);
});
