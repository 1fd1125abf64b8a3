import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatFdinfo } from '../../../../src/core/checkpoint/open-files/fdinfo.ts';
import { FD_TYPE } from '../../../../src/core/checkpoint/descriptors/split-files.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import { entry, image } from '../../criu/build-image.ts';
import { fdinfoImage, filesImage, fown, openFilesOf, processImages, type MadeUpFile } from './made-up.ts';

/** Few numbers, so that things refer to each other, also in rings, and to what is not there. */
const id = fc.integer({ min: 1, max: 6 });
const word = fc.oneof(id, fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff));
const long = fc
  .oneof(fc.bigInt({ min: 0n, max: 8n }), fc.constantFrom(2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n))
  .map(String);
const name = fc.constantFrom('/a', '/tmp/x', '..', '', '/proc/1/fd/3', '\u202E', 'a/b\0c');

const makers: Readonly<Record<string, fc.Arbitrary<Readonly<Record<string, unknown>>>>> = {
  reg: fc.record({ flags: word, pos: long, name, mnt_id: id, size: long, mode: word }),
  pipe: fc.record({ pipe_id: id, flags: word }),
  fifo: fc.record({ pipe_id: id, regf_id: id }),
  eventfd: fc.record({ flags: word, counter: long }),
  eventpoll: fc.record({
    flags: word,
    tfd: fc.array(fc.record({ id: word, tfd: id, events: word, data: long, inode: long, dev: word, pos: long }), {
      maxLength: 4,
    }),
  }),
  inotify: fc.record({
    flags: word,
    wd: fc.array(
      fc.record({
        id: word,
        i_ino: long,
        mask: word,
        ignored_mask: word,
        s_dev: word,
        wd: word,
        f_handle: fc.record({ bytes: word, type: word, handle: fc.array(long, { maxLength: 3 }) }),
      }),
      { maxLength: 3 },
    ),
  }),
  signalfd: fc.record({ flags: word, sigmask: long }),
  timerfd: fc.record({
    flags: word,
    clockid: word,
    ticks: long,
    settime_flags: word,
    vsec: long,
    vnsec: long,
    isec: long,
    insec: long,
  }),
  tty: fc.record({ tty_info_id: id, flags: word, regf_id: id }),
  ns: fc.record({ ns_id: id, ns_cflag: word, flags: word }),
  memfd: fc.record({ flags: word, pos: long, inode_id: id }),
  pidfd: fc.record({ ino: word, flags: word, nspid: fc.integer({ min: -2, max: 4 }) }),
  tunfile: fc.record({ netdev: name }),
  ext: fc.record({}),
};
const file: fc.Arbitrary<MadeUpFile> = fc
  .constantFrom(...Object.keys(makers))
  .chain((type) =>
    fc
      .tuple(id, makers[type] as fc.Arbitrary<object>)
      .map(([own, message]) => [type as keyof typeof FD_TYPE, { id: own, fown, ...message }]),
  );
const slots = fc.dictionary(
  fc.integer({ min: 0, max: 7 }).map(String),
  fc.tuple(id, fc.constantFrom(...(Object.keys(FD_TYPE) as (keyof typeof FD_TYPE)[]))),
);
const images = fc.record({
  files: fc.array(file, { maxLength: 8 }),
  tables: fc.tuple(slots, slots),
  sharers: fc.tuple(id, id, id),
  remaps: fc.array(fc.record({ orig_id: id, remap_id: word, remap_type: fc.constantFrom(0, 1, 2) }), { maxLength: 4 }),
  locks: fc.array(
    fc.record({
      flag: word,
      type: word,
      pid: id,
      fd: id,
      start: fc.constantFrom(-1, 0, 8),
      len: fc.constantFrom(-9, 0, 8),
    }),
    { maxLength: 3 },
  ),
  pipeData: fc.array(fc.record({ pipe_id: id, bytes: word, size: word }), { maxLength: 2 }),
  inodes: fc.array(fc.record({ name, uid: word, gid: word, size: long, shmid: id, seals: word, inode_id: long }), {
    maxLength: 3,
  }),
  ghost: fc.array(fc.record({ off: long, len: long }), { maxLength: 3 }),
  cut: fc.integer({ min: 0, max: 40 }),
});

test('whatever ids lead to, every question has an answer or a sentence', async () => {
  await fc.assert(
    fc.asyncProperty(images, async (made) => {
      const whole: Readonly<Record<string, Uint8Array>> = {
        ...processImages(...made.sharers.map((filesId, index) => ({ pid: index + 1, filesId }))),
        'fdinfo-1.img': fdinfoImage(made.tables[0]),
        'fdinfo-2.img': fdinfoImage(made.tables[1]),
        'files.img': filesImage(...made.files),
        'remap-fpath.img': image('REMAP_FPATH', ...made.remaps.map((fields) => entry('remap_file_path_entry', fields))),
        'filelocks.img': image('FILE_LOCKS', ...made.locks.map((fields) => entry('file_lock_entry', fields))),
        'pipes-data.img': image(
          'PIPES_DATA',
          ...made.pipeData.map((fields) => entry('pipe_data_entry', fields)),
          'abc',
        ),
        'memfd.img': image('MEMFD_INODE', ...made.inodes.map((fields) => entry('memfd_inode_entry', fields))),
        'pagemap-shmem-1.img': image(
          'PAGEMAP',
          entry('pagemap_head', { pages_id: 1 }),
          entry('pagemap_entry', { vaddr: 0, compat_nr_pages: 0, nr_pages: 1, flags: 4 }),
        ),
        'ghost-file-1.img': image(
          'GHOST_FILE',
          entry('ghost_file_entry', { uid: 0, gid: 0, mode: 0o100644, chunks: true, size: 100 }),
          ...made.ghost.map((fields) => entry('ghost_chunk_entry', fields)),
        ),
      };
      // The last bytes of every image but the tree of processes are lost.
      const cut = Object.entries(whole).map(([path, content]) => [
        path,
        /^(?:pstree|core)/.test(path) ? content : content.subarray(0, Math.max(0, content.length - made.cut)),
      ]);
      for (const given of [whole, Object.fromEntries(cut) as typeof whole]) await askOpenFiles(given);
    }),
    { numRuns: 150 },
  );
});

async function askOpenFiles(given: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const { files, notebook } = openFilesOf(given);
  const index = await files.index();
  for (const { pid, fd, target } of await files.list()) {
    const detail = await files.detail(pid, fd);
    assert.equal(detail?.file.target, target);
    const descriptor = index.descriptor(pid, fd);
    assert.ok(descriptor);
    assert.doesNotMatch(formatFdinfo(pid, descriptor, index, []), /undefined|NaN|\[object/);
  }
  for (const content of await files.allContents()) {
    const { path, size } = content;
    assert.match(path, /^\/contents\/[a-z-]+\/[^/]+(?:\/[^/]+)?$/);
    assert.ok(Number.isSafeInteger(size) && size >= 0, path);
    try {
      const source = await content.open();
      for (const offset of [0, Math.max(0, size - 10), size]) {
        const bytes = await source?.read(offset, 20);
        assert.ok((bytes?.length ?? 0) <= Math.min(20, size - offset), path);
      }
      await source?.close();
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
    }
  }
  for (const { text } of notebook.list()) assert.doesNotMatch(text.args.join(), /undefined|NaN|\[object/);
}
