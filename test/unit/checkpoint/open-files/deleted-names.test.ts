import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entry, image } from '../../criu/build-image.ts';
import { fdinfoImage, filesImage, openFilesOf, processImages, reg, type MadeUpFile } from './made-up.ts';

const one = processImages({ pid: 1, comm: 'main', filesId: 5 });

describe('names of what is deleted', () => {
  const list = async (remaps: readonly Readonly<Record<string, unknown>>[], ...files: readonly MadeUpFile[]) => {
    const opened = openFilesOf({
      ...one,
      'fdinfo-5.img': fdinfoImage({ 3: [9, 'reg'] }),
      'files.img': filesImage(...files),
      'remap-fpath.img': image('REMAP_FPATH', ...remaps.map((remap) => entry('remap_file_path_entry', remap))),
    });
    return { ...opened, file: (await opened.files.list())[0] };
  };

  test('a file that has another name left', async () => {
    const { file } = await list(
      [{ orig_id: 9, remap_id: 20, remap_type: 0 }],
      reg(9, '/tmp/a'),
      reg(20, '/tmp/link_remap.20'),
    );
    assert.equal(file?.target, '/tmp/a (deleted)');
    assert.deepEqual(file.deleted, { how: 'linked', linkedAs: '/tmp/link_remap.20' });
  });

  test('a name that an NFS client made up is not marked', async () => {
    const name = '/mnt/.nfs000000000003c5e700000001';
    const { file } = await list(
      [{ orig_id: 9, remap_id: 20, remap_type: 0 }],
      reg(9, name),
      reg(20, '/mnt/link_remap.20'),
    );
    assert.equal(file?.target, name);
    assert.equal(file.deleted?.how, 'linked');
  });

  test('a file of /proc whose process is gone', async () => {
    const { file } = await list([{ orig_id: 9, remap_id: 321, remap_type: 2 }], reg(9, '/proc/321/maps'));
    assert.equal(file?.target, '/proc/321/maps');
    assert.deepEqual(file.deleted, { how: 'process', pid: 321 });
  });

  test('dumps without a type say it in the highest bit', async () => {
    const ghost = await list([{ orig_id: 9, remap_id: 0x80000002 }], reg(9, '/tmp/a'));
    assert.equal(ghost.file?.deleted?.how, 'ghost');
    assert.match(
      ghost.notebook
        .list()
        .map(({ where }) => where)
        .join(),
      /ghost-file-2\.img/,
    );
    const linked = await list([{ orig_id: 9, remap_id: 20 }], reg(9, '/tmp/a'), reg(20, '/tmp/b'));
    assert.equal(linked.file?.deleted?.linkedAs, '/tmp/b');
  });

  test('a kind of remap that is not known is shown as such', async () => {
    // orig_id 9, remap_id 20, remap_type 7: no schema knows it.
    const opened = openFilesOf({
      ...one,
      'fdinfo-5.img': fdinfoImage({ 3: [9, 'reg'] }),
      'files.img': filesImage(reg(9, '/tmp/a')),
      'remap-fpath.img': image('REMAP_FPATH', [6, 0, 0, 0, 8, 9, 16, 20, 24, 7]),
    });
    assert.deepEqual((await opened.files.list())[0]?.deleted, { how: 'unknown' });
  });
});
