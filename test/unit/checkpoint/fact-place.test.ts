import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { placeOfFact } from '../../../src/core/checkpoint/raw/fact-place.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import type { FactRef } from '../../../src/protocol/raw.ts';
import { archiveOf, expectedJson } from '../support/fixtures.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { entry, image } from '../criu/build-image.ts';

type Crit = Readonly<Record<string, { readonly decoded?: { readonly entries: readonly Json[] } }>>;
interface Json {
  readonly [name: string]: Json;
}

describe('where the images tell of a fact', () => {
  const name = 'podman-webapp-host';
  const crit = expectedJson(name, 'crit.json') as Crit;
  let folder: string;
  let checkpoint: Checkpoint;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fact-place-'));
    checkpoint = await openCheckpoint({ locator: archiveOf(name), spill: { directory: folder, limit: 2 ** 30 } });
    await checkpoint.completed;
  });
  after(async () => {
    await checkpoint.close();
    rmSync(folder, { recursive: true });
  });

  /** What crit has at the place. */
  async function told(fact: FactRef): Promise<Json> {
    const place = await checkpoint.raw.place(fact);
    assert.ok(place);
    const entries = crit[place.image.slice('checkpoint/'.length)]?.decoded?.entries;
    const path = place.field?.split('.') ?? [];
    const start = entries?.[place.entry ?? 0];
    assert.ok(start);
    return path.reduce((value, key) => value[key] as Json, start);
  }

  test('processes stand in the tree, threads in images of their own', async () => {
    for (const { pid, threads } of await checkpoint.processes()) {
      assert.deepEqual((await told({ of: 'process', pid }))['pid'], pid);
      for (const { tid } of threads) {
        const place = await checkpoint.raw.place({ of: 'thread', tid });
        assert.deepEqual(place, { image: `checkpoint/core-${String(tid)}.img`, entry: 0 });
      }
    }
    assert.equal(await checkpoint.raw.place({ of: 'process', pid: 99 }), undefined);
    assert.equal(await checkpoint.raw.place({ of: 'thread', tid: 99 }), undefined);
  });

  test('identities in the images of threads', async () => {
    for (const { pid, uids } of await checkpoint.processes()) {
      const credentials = await told({ of: 'identity', pid });
      assert.deepEqual([credentials['uid'], credentials['fsuid']], [uids?.[0], uids?.[3]]);
    }
  });

  test('mappings in those of address spaces', async () => {
    for (const { pid } of await checkpoint.processes()) {
      for (const { start } of (await checkpoint.memory.map(pid)).regions) {
        const address = `0x${start.toString(16)}` as const;
        assert.deepEqual((await told({ of: 'mapping', pid, start: address }))['start'], address);
      }
    }
    assert.equal(await checkpoint.raw.place({ of: 'mapping', pid: 1, start: '0x1' }), undefined);
  });

  test('mounts in those of mount namespaces', async () => {
    const mounts = (await checkpoint.mounts()).filter(({ seenIn }) => seenIn === 'both' || seenIn === 'image');
    assert.ok(mounts.length > 10);
    for (const { id } of mounts) assert.deepEqual((await told({ of: 'mount', id }))['mnt_id'], id);
    assert.equal(await checkpoint.raw.place({ of: 'mount', id: -1 }), undefined);
  });

  test('of old dumps, credentials and mappings have images of their own', async () => {
    const ids = { uid: 1, gid: 1, euid: 1, egid: 1, suid: 1, sgid: 1, fsuid: 1, fsgid: 1, secbits: 0 };
    const vma = { end: 0x9000n, pgoff: 0n, shmid: 0n, prot: 1, flags: 2, status: 1, fd: -1n };
    const images = new ImageDirectory(
      memoryFiles({
        'creds-5.img': image('CREDS', entry('creds_entry', ids)),
        'vmas-5.img': image(
          'VMAS',
          entry('vma_entry', { ...vma, start: 0x1000n }),
          entry('vma_entry', { ...vma, start: 0x8000n }),
        ),
      }),
      '',
    );
    assert.deepEqual(await placeOfFact(images, { of: 'identity', pid: 5 }), { image: 'creds-5.img', entry: 0 });
    const mapping = { of: 'mapping', pid: 5, start: '0x8000' } as const;
    assert.deepEqual(await placeOfFact(images, mapping), { image: 'vmas-5.img', entry: 1 });
  });
});
