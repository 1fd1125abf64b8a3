import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ByteSource } from '../../../../src/core/bytes/byte-source.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import { bytes, entry, image, uint32 } from '../../criu/build-image.ts';
import { fdinfoImage, filesImage, fown, openFilesOf, processImages } from './made-up.ts';

const one = processImages({ pid: 1, filesId: 5 });
const remap = image('REMAP_FPATH', entry('remap_file_path_entry', { orig_id: 9, remap_id: 1, remap_type: 1 }));
const ghostFacts = { uid: 0, gid: 0, mode: 0o100644, dev: 1, ino: 2 };

/** A deleted file of process 1 whose ghost image is given. */
function deleted(ghost: Uint8Array, size?: number) {
  const reg = { id: 9, flags: 0, pos: 0, fown, name: '/var/tmp/report.json', ...(size !== undefined && { size }) };
  return openFilesOf({
    ...one,
    'fdinfo-5.img': fdinfoImage({ 3: [9, 'reg'] }),
    'files.img': filesImage(['reg', reg]),
    'remap-fpath.img': remap,
    'ghost-file-1.img': ghost,
  });
}

function chunk(off: number, content: string, len = content.length): Uint8Array {
  return bytes(entry('ghost_chunk_entry', { off, len }), content);
}

function chunked(size: number | undefined, ...chunks: readonly Uint8Array[]): Uint8Array {
  const head = { ...ghostFacts, chunks: true, ...(size !== undefined && { size }) };
  return image('GHOST_FILE', entry('ghost_file_entry', head), ...chunks);
}

async function open(files: ReturnType<typeof openFilesOf>['files']): Promise<ByteSource> {
  const [content] = await files.contents(1, 3);
  const source = await content?.open();
  assert.ok(source);
  return source;
}

async function read(source: ByteSource, offset = 0, length = source.size ?? 0): Promise<string> {
  return Buffer.from(await source.read(offset, length)).toString('latin1');
}

describe('a file that was deleted while open', () => {
  test('with holes, which are zeros, however it is read', async () => {
    const { files } = deleted(chunked(40, chunk(4, 'ABCD'), chunk(16, 'EFGHIJ')));
    const source = await open(files);
    const whole = '\0\0\0\0ABCD\0\0\0\0\0\0\0\0EFGHIJ'.padEnd(40, '\0');
    assert.equal(source.size, 40);
    assert.equal(await read(source), whole);
    for (let from = 0; from <= 40; from++) {
      for (const length of [0, 1, 3, 7, 40])
        assert.equal(await read(source, from, length), whole.slice(from, from + length));
    }
    const [file] = await files.list();
    assert.deepEqual(file?.contents, [{ what: 'content', size: 40, path: '/contents/deleted/1/report.json' }]);
  });

  test('of holes alone', async () => {
    assert.equal(await read(await open(deleted(chunked(5)).files)), '\0\0\0\0\0');
  });

  test('in chunks that overlap, as they would have been written in turn', async () => {
    const source = await open(deleted(chunked(8, chunk(2, 'xxxx'), chunk(0, 'ab'), chunk(4, 'YZ'))).files);
    assert.equal(await read(source), 'abxxYZ\0\0');
  });

  test('whose chunks reach beyond the size that is told', async () => {
    assert.equal(await read(await open(deleted(chunked(2, chunk(0, 'abcdef'))).files)), 'abcdef');
    assert.equal(await read(await open(deleted(chunked(undefined, chunk(3, 'abc'))).files)), '\0\0\0abc');
  });

  test('whose image ends within a chunk gives what is known, and no zeros for the rest', async () => {
    const whole = chunked(100, chunk(0, 'ABCD'), chunk(10, 'EFGHIJ'));
    const cut = deleted(whole.subarray(0, whole.length - 4));
    const source = await open(cut.files);
    assert.equal(source.size, 100);
    assert.equal(await read(source), 'ABCD\0\0\0\0\0\0EF');
    assert.equal(await read(source, 20, 10), '');
    assert.deepEqual(
      cut.directory.notes.map(({ kind, where }) => [kind, where]),
      [['truncated', 'ghost-file-1.img']],
    );
  });

  test('whose image is damaged between chunks is known as far as the chunks before it', async () => {
    const { files } = deleted(chunked(100, chunk(0, 'ABCD'), bytes(uint32(2), [0x08])));
    assert.equal(await read(await open(files)), 'ABCD');
  });

  test('kept as it is, and one whose image is shorter than the file was', async () => {
    const plain = image('GHOST_FILE', entry('ghost_file_entry', ghostFacts), 'hello');
    assert.equal(await read(await open(deleted(plain, 5).files)), 'hello');
    const short = await open(deleted(plain, 9).files);
    assert.equal(short.size, 9);
    assert.equal(await read(short), 'hello');
  });

  test('that was a folder has no content', async () => {
    const folder = image('GHOST_FILE', entry('ghost_file_entry', { ...ghostFacts, mode: 0o40755 }));
    const { files } = deleted(folder);
    const [file] = await files.list();
    assert.equal(file?.deleted?.how, 'ghost');
    assert.equal(file.contents, undefined);
  });

  test('of a size that no file has is a note, and the rest is shown', async () => {
    const image64 = image(
      'GHOST_FILE',
      entry('ghost_file_entry', { ...ghostFacts, chunks: true, size: '18446744073709551615' }),
    );
    const { files, notebook } = deleted(image64);
    const [file] = await files.list();
    assert.equal(file?.target, '/var/tmp/report.json (deleted)');
    assert.equal(file.contents, undefined);
    const notes = notebook.list().filter(({ where }) => where === 'ghost-file-1.img');
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['damaged'],
    );
  });

  for (const name of ['/..', '/.', '/', '', '/a\0b', '/con/\u202Eexe.txt']) {
    test(`named ${JSON.stringify(name)} has a path that leads nowhere else`, async () => {
      const { files } = openFilesOf({
        ...one,
        'fdinfo-5.img': fdinfoImage({ 3: [9, 'reg'] }),
        'files.img': filesImage(['reg', { id: 9, flags: 0, pos: 0, fown, name }]),
        'remap-fpath.img': remap,
        'ghost-file-1.img': image('GHOST_FILE', entry('ghost_file_entry', ghostFacts), 'x'),
      });
      const [file] = await files.list();
      const path = file?.contents?.[0]?.path ?? '';
      assert.match(path, /^\/contents\/deleted\/1\/[^/]+$/);
      assert.doesNotMatch(path, /\/\.\.?$|\0/);
    });
  }
});

describe('a memfd', () => {
  const inode = {
    name: 'cache',
    uid: 0,
    gid: 0,
    size: 3 * 4096 + 10,
    shmid: 50,
    seals: 2 | 8,
    inode_id: 4,
    mode: 0o100777,
  };
  const pages = (...entries: readonly Readonly<Record<string, unknown>>[]) =>
    image(
      'PAGEMAP',
      entry('pagemap_head', { pages_id: 1 }),
      ...entries.map((fields) => entry('pagemap_entry', fields)),
    );
  const page = (letter: string) => letter.repeat(4096);
  const memfd = (more: Readonly<Record<string, Uint8Array>>) =>
    openFilesOf({
      ...one,
      'fdinfo-5.img': fdinfoImage({ 3: [9, 'memfd'] }),
      'files.img': filesImage(['memfd', { id: 9, flags: 2, pos: 7, fown, inode_id: 4 }]),
      'memfd.img': image('MEMFD_INODE', entry('memfd_inode_entry', inode)),
      ...more,
    });

  test('has zeros where nothing was written, and ends where it ended', async () => {
    const { files } = memfd({
      'pagemap-shmem-50.img': pages(
        { vaddr: 0, nr_pages: 1, compat_nr_pages: 0, flags: 4 },
        { vaddr: 3 * 4096, nr_pages: 1, compat_nr_pages: 0, flags: 4 },
      ),
      'pages-1.img': Buffer.from(page('a') + page('d')),
    });
    const source = await open(files);
    assert.equal(await read(source), page('a') + page('\0') + page('\0') + 'd'.repeat(10));
    assert.equal(await read(source, 4090, 12), 'aaaaaa\0\0\0\0\0\0');
    const [file] = await files.list();
    assert.deepEqual([file?.target, file?.size, file?.inode], ['/memfd:cache (deleted)', BigInt(inode.size), 50n]);
    const facts = (await files.detail(1, 3))?.facts;
    assert.ok(facts?.of === 'memfd');
    assert.deepEqual(facts.seals, ['F_SEAL_SHRINK', 'F_SEAL_WRITE']);
  });

  test('refuses to show pages that are listed and not there', async () => {
    const { files, notebook } = memfd({
      'pagemap-shmem-50.img': pages({ vaddr: 0, nr_pages: 2, compat_nr_pages: 0, flags: 4 }),
    });
    const source = await open(files);
    await assert.rejects(source.read(0, 10), (error) => CheckpointError.is(error, 'truncated'));
    assert.equal(await read(source, 2 * 4096, 4), '\0\0\0\0');
    assert.ok(notebook.list().some(({ where }) => where === 'pages-1.img'));
  });

  test('without an image of its pages has no content', async () => {
    const { files, notebook } = memfd({});
    assert.equal((await files.list())[0]?.contents, undefined);
    assert.ok(notebook.list().some(({ where, kind }) => where === 'pagemap-shmem-50.img' && kind === 'missing'));
  });
});

test('shared memory that has no descriptor is a content too', async () => {
  const { files } = openFilesOf({
    ...one,
    'fdinfo-5.img': fdinfoImage({}),
    'files.img': filesImage(['memfd', { id: 9, flags: 2, pos: 0, fown, inode_id: 4 }]),
    'memfd.img': image(
      'MEMFD_INODE',
      entry('memfd_inode_entry', { name: '/dev/zero', uid: 0, gid: 0, size: 4096, shmid: 50, seals: 1, inode_id: 4 }),
    ),
    'pagemap-shmem-50.img': image('PAGEMAP', entry('pagemap_head', { pages_id: 1 })),
  });
  assert.deepEqual(
    (await files.allContents()).map(({ path, size }) => [path, size]),
    [['/contents/memfd/4/zero', 4096]],
  );
});

test('unread bytes that the image does not hold are not made up', async () => {
  const { files } = openFilesOf({
    ...one,
    'fdinfo-5.img': fdinfoImage({ 3: [9, 'pipe'] }),
    'files.img': filesImage(['pipe', { id: 9, pipe_id: 6, flags: 0, fown }]),
    'pipes-data.img': image('PIPES_DATA', entry('pipe_data_entry', { pipe_id: 6, bytes: 100 }), 'only this'),
  });
  const [file] = await files.list();
  assert.equal(file?.unread, 100);
  const source = await open(files);
  assert.equal(source.size, 100);
  assert.equal(await read(source), 'only this');
});
