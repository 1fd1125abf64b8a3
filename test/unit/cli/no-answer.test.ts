import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveOf } from '../support/fixtures.ts';
import { repack } from '../support/repack.ts';
import { cli, inFolder } from './support.ts';

test('where there is no answer the damage that may be why is told too', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'no-processes.tar');
    await repack(archiveOf('podman-counter-none'), path, ({ content }, name) =>
      name === 'checkpoint/pstree.img' ? Buffer.alloc(0) : content,
    );
    const { code, stdout, stderr } = await cli('proc', path, '1', 'maps');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /There is no \/proc\/1\/maps in this checkpoint\./);
    assert.match(stderr, /checkpoint\/pstree\.img is empty/);
    const sound = await cli('proc', archiveOf('podman-counter-none'), '99', 'maps');
    assert.equal(sound.stderr.trimEnd().split('\n').length, 1);
  }));
