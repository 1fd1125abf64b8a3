/** What is said where a dump holds no mount table. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { entry, image } from '../criu/build-image.ts';

const ids = (namespace: number) => ({ vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, mnt_ns_id: namespace });

/** @param own the mount namespace that CRIU itself ran in */
function imagesOf(own: number, process: number): Readonly<Record<string, Uint8Array>> {
  return {
    'inventory.img': image('INVENTORY', entry('inventory_entry', { img_version: 2, root_ids: ids(own) })),
    'pstree.img': image('PSTREE', entry('pstree_entry', { pid: 7, ppid: 0, pgid: 7, sid: 7, threads: [7] })),
    'ids-7.img': image('IDS', entry('task_kobj_ids_entry', ids(process))),
  };
}

describe('a dump without a mount table', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'mount-table-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function notesOf(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<readonly Note[]> {
    const path = join(folder, name);
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(join(path, file, '..'), { recursive: true });
      writeFileSync(join(path, file), content);
    }
    const checkpoint = await openCheckpoint({
      locator: path,
      spill: { directory: join(folder, 'spill'), limit: 1 << 20 },
    });
    try {
      await checkpoint.mounts();
      return await checkpoint.notes();
    } finally {
      await checkpoint.close();
    }
  }
  const aboutMounts = (notes: readonly Note[]) => notes.filter((note) => note.where.includes('mountpoints'));

  test('is whole where the processes used the mounts of the host', async () => {
    const notes = aboutMounts(await notesOf('host', imagesOf(5, 5)));
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['may-be-incomplete'],
    );
    assert.match(notes.map(({ text }) => say(text)).join(), /mounts of the host/);
  });

  test('lacks one where they had a namespace of their own', async () => {
    const notes = aboutMounts(await notesOf('own', imagesOf(5, 6)));
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['missing'],
    );
  });

  test('lacks one where its image is there and empty', async () => {
    const notes = aboutMounts(await notesOf('empty', { ...imagesOf(5, 5), 'mountpoints-5.img': image('MNTS') }));
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['missing'],
    );
  });

  test('is a pre-checkpoint where Podman wrote memory ahead, and nothing of it is missing', async () => {
    const notes = await notesOf('pre', {
      'config.dump': '{}',
      'spec.dump': '{}',
      'pre-checkpoint/inventory.img': image('INVENTORY', entry('inventory_entry', { img_version: 2 })),
      'pre-checkpoint/pagemap-1.img': image('PAGEMAP', entry('pagemap_head', { pages_id: 1 })),
    });
    assert.ok(notes.some(({ kind, text }) => kind === 'may-be-incomplete' && say(text).includes('pre-checkpoint')));
    assert.deepEqual(
      notes.filter(({ where, kind }) => kind === 'missing' && /pstree|mountpoints/.test(where)),
      [],
    );
  });
});
