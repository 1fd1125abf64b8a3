import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { entry } from '../../criu/build-image.ts';
import { archiveOf } from '../../support/fixtures.ts';
import { repack } from '../../support/repack.ts';

const folder = mkdtempSync(join(tmpdir(), 'deleted-mapping-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MAPPED = 0x7f0b99266000n;
const TEXT = 'MAPPED-SHARED-FILE--';

async function withCheckpoint<T>(locator: string, use: (checkpoint: Checkpoint) => Promise<T>): Promise<T> {
  const checkpoint = await openCheckpoint({ locator, spill: { directory: join(folder, 'spill'), limit: 2 ** 32 } });
  await checkpoint.completed;
  return use(checkpoint).finally(() => checkpoint.close());
}

async function seen(checkpoint: Checkpoint) {
  const sources: string[] = [];
  const query = { pattern: { kind: 'text', text: TEXT }, places: ['files'], limit: 100 } as const;
  for await (const { matches } of checkpoint.search.run(query)) {
    sources.push(...matches.map(({ source }) => source));
  }
  const { ranges } = await checkpoint.memory.read(1, MAPPED, TEXT.length);
  return { sources, ranges: ranges.map(({ present, where }) => ({ present, where })) };
}

test('a file is not taken for the deleted one that a process had mapped under its path', async () => {
  const path = '/var/lib/webapp/mapped.dat';
  const here = { present: true, where: `/rootfs${path}` };
  const id = await withCheckpoint(archiveOf('podman-webapp-host'), async (checkpoint) => {
    assert.deepEqual(await seen(checkpoint), { sources: ['file', 'mapped-file'], ranges: [here] });
    return (await checkpoint.memory.map(1)).regions.find(({ start }) => start === MAPPED)?.file?.id;
  });
  assert.ok(id);
  const archive = join(folder, 'deleted.tar');
  // It had a second name, which CRIU could not keep: there is no file of that id.
  const remap = entry('remap_file_path_entry', { orig_id: id, remap_id: 99_999, remap_type: 0 });
  await repack(archiveOf('podman-webapp-host'), archive, ({ content }, name) =>
    name === 'checkpoint/remap-fpath.img' ? Buffer.concat([content, remap]) : content,
  );
  await withCheckpoint(archive, async (checkpoint) => {
    const gone = { present: false, where: `${path} (deleted)` };
    assert.deepEqual(await seen(checkpoint), { sources: ['file'], ranges: [gone] });
  });
});
