import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import type { SearchMatch } from '../../../../src/protocol/search.ts';
import { bytes, entry, image } from '../../criu/build-image.ts';
import { PAGE, writeDump } from './build-space.ts';

const folder = mkdtempSync(join(tmpdir(), 'search-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('finds what stands in the image of System V segments, as CRIU before 3.0 kept it', async () => {
  const path = join(folder, 'dump');
  writeDump(path, {
    processes: [{ pid: 1, mappings: [{ page: 0x400, pages: 1, object: 32768 }], runs: [] }],
    objects: new Map(),
  });
  const segment = (id: number, text: string): Uint8Array => {
    const desc = { key: id, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600, id };
    return bytes(entry('ipc_shm_entry', { desc, size: text.length }), text);
  };
  const content = image('IPCNS_SHM', segment(32768, '....needle..'), segment(5, 'needle..'));
  writeFileSync(join(path, 'ipcns-shm-10.img'), content);
  const checkpoint = await openCheckpoint({
    locator: path,
    spill: { directory: join(folder, 'spill'), limit: 2 ** 30 },
  });
  const matches: SearchMatch[] = [];
  for await (const { matches: found, notes } of checkpoint.search.run(
    { pattern: { kind: 'text', text: 'needle' }, limit: 10 },
    {},
  )) {
    matches.push(...found);
    assert.deepEqual(notes, []);
  }
  await checkpoint.close();
  assert.deepEqual(
    matches.map(({ pid, address, offset, region }) => [pid, address, offset, region]),
    [
      [1, BigInt(0x400 * PAGE + 4), undefined, '/dev/zero (deleted)'],
      // Nobody has attached it.
      [null, null, 0, '/SYSV00000005 (deleted)'],
    ],
  );
});
