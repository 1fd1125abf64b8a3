import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { spillRoot } from '../../../src/cli/spill.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, program } from './support.ts';

test('decompressed copies go to the chosen folder, or below the cache folder of the system', () => {
  const home = process.env['HOME'] ?? '';
  assert.equal(spillRoot({ CHECKPOINT_EXPLORER_SPILL: '/spill' }, 'linux'), '/spill');
  assert.equal(
    spillRoot({ CHECKPOINT_EXPLORER_SPILL: '', XDG_CACHE_HOME: '/cache' }, 'linux'),
    '/cache/checkpoint-explorer/spill',
  );
  assert.equal(spillRoot({ XDG_CACHE_HOME: 'relative' }, 'linux'), join(home, '.cache/checkpoint-explorer/spill'));
  assert.equal(spillRoot({}, 'darwin'), join(home, 'Library/Caches/checkpoint-explorer/spill'));
});

test('a run removes its copy, unless it is asked to keep it; a kept one stays', async () => {
  await inFolder(async (folder) => {
    const spill = join(folder, 'spill');
    const env = { CHECKPOINT_EXPLORER_SPILL: spill };
    const copies = () => (existsSync(spill) ? readdirSync(spill).filter((name) => name.endsWith('.data')).length : 0);
    const archive = archiveOf('podman-counter-zstd');
    assert.equal((await program(['show', archive], { env })).code, 0);
    assert.deepEqual(existsSync(spill) ? readdirSync(spill) : [], []);
    assert.equal((await program(['show', '--keep-spill', archive], { env })).code, 0);
    assert.equal(copies(), 1);
    assert.equal((await program(['show', archive], { env })).code, 0);
    assert.equal(copies(), 1);
  });
});

test('an archive that needs no decompression makes no folder', async () => {
  await inFolder(async (folder) => {
    const spill = join(folder, 'spill');
    assert.equal(
      (
        await program(['inspect', '--all', archiveOf('podman-counter-none')], {
          env: { CHECKPOINT_EXPLORER_SPILL: spill },
        })
      ).code,
      0,
    );
    assert.ok(!existsSync(spill));
  });
});
