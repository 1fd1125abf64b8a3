import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Entry } from '../../../src/core/archive/file-set.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { CheckpointError, isCancelled } from '../../../src/core/errors.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import { entry, image, uint32 } from './build-image.ts';
import { MemoryFileSet } from './memory-file-set.ts';

const fs = image('FS', entry('fs_entry', { cwd_id: 1, root_id: 2 }));

/** Counts how often each file is opened, and can hold back or fail what is asked. */
class WatchedFiles extends MemoryFileSet {
  readonly opened: string[] = [];
  gate: Promise<void> = Promise.resolve();
  failing = false;

  override async find(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
    await Promise.race([this.gate, aborted(signal)]);
    return super.find(path);
  }

  override open(opened: Entry): ReturnType<MemoryFileSet['open']> {
    this.opened.push(opened.path);
    const source = super.open(opened);
    if (this.failing)
      source.read = () => Promise.reject(new CheckpointError('unreadable', sentence('It cannot be read.')));
    return source;
  }
}

function aborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

suite('a folder of images', () => {
  test('names what lies in it, and not what lies below or beside', () => {
    const files = new MemoryFileSet()
      .add('checkpoint/fs-1.img', fs)
      .add('checkpoint/sub/fs-2.img', fs)
      .add('fs-3.img', fs)
      .add('checkpoint', fs);
    const images = new ImageDirectory(files, 'checkpoint/');
    assert.deepEqual(images.names(), ['fs-1.img']);
    assert.deepEqual([images.has('fs-1.img'), images.has('fs-3.img'), images.path('x')], [true, false, 'checkpoint/x']);
    assert.deepEqual(new ImageDirectory(files, '').names(), ['fs-3.img', 'checkpoint']);
  });

  test('decodes an image once, however often and at once it is asked for', async () => {
    const files = new WatchedFiles().add('fs-1.img', fs);
    const images = new ImageDirectory(files, '');
    const [first, second] = await Promise.all([images.image('fs-1.img'), images.image('fs-1.img')]);
    assert.equal(first, second);
    assert.equal(await images.image('fs-1.img'), first);
    assert.deepEqual(files.opened, ['fs-1.img']);
  });

  test('forgets what was not used for long when much was decoded', async () => {
    const files = new WatchedFiles();
    const large = image('TTY_DATA', entry('tty_data_entry', { tty_id: 1, data: new Uint8Array(1_500_000) }));
    for (const name of ['a', 'b', 'c', 'd']) files.add(name, large);
    const images = new ImageDirectory(files, '');
    for (const name of ['a', 'b', 'a', 'c', 'a']) await images.image(name);
    assert.deepEqual(files.opened, ['a', 'b', 'c']);
    await images.image('b');
    assert.deepEqual(files.opened, ['a', 'b', 'c', 'b']);
  });

  test('does not decode again what is too large to be kept while somebody works on it', async () => {
    const files = new WatchedFiles();
    const large = (id: number) =>
      image('TTY_DATA', entry('tty_data_entry', { tty_id: id, data: new Uint8Array(5_000_000) }));
    for (const [index, name] of ['a', 'b'].entries()) files.add(name, large(index));
    const images = new ImageDirectory(files, '');
    const [first] = await images.messages('TTY_DATA', 'a');
    assert.ok(first);
    assert.equal((await images.messages('TTY_DATA', 'a'))[0], first);
    assert.deepEqual(files.opened, ['a']);
    // Of frames all messages are one object, which stands for no image.
    for (const name of ['a', 'b']) await images.image(name, undefined, 'frames');
    assert.deepEqual(
      (await Promise.all(['a', 'b'].map((name) => images.messages('TTY_DATA', name)))).map(([data]) => data?.tty_id),
      [0, 1],
    );
    assert.equal(first.tty_id, 0);
  });

  test('gives the messages of a kind, and none of another or of an image that is not there', async () => {
    const files = new MemoryFileSet()
      .add('fs-1.img', fs)
      .add(
        'pagemap-1.img',
        image(
          'PAGEMAP',
          entry('pagemap_head', { pages_id: 1 }),
          entry('pagemap_entry', { vaddr: 0, compat_nr_pages: 1 }),
        ),
      );
    files.add('link.img', new Uint8Array(), { type: 'symlink', linkTarget: 'fs-1.img' });
    const images = new ImageDirectory(files, '');
    assert.deepEqual(
      (await images.messages('FS', 'fs-1.img')).map(({ cwd_id }) => cwd_id),
      [1],
    );
    assert.deepEqual(
      (await images.messages('PAGEMAP', 'pagemap-1.img')).map(({ vaddr }) => vaddr),
      [0n],
    );
    assert.deepEqual(await images.messages('MM', 'fs-1.img'), []);
    assert.deepEqual(await images.messages('FS', 'fs-2.img'), []);
    assert.deepEqual(await images.messages('FS', 'link.img'), []);
  });

  test('collects what is wrong, once for each image', async () => {
    const files = new MemoryFileSet().add('c/fs-1.img', fs.subarray(0, -1)).add('c/fs-2.img', image('FS', uint32(9)));
    const images = new ImageDirectory(files, 'c/');
    assert.deepEqual(images.notes, []);
    for (const name of ['fs-1.img', 'fs-2.img', 'fs-1.img']) await images.image(name);
    assert.deepEqual(
      images.notes.map(({ kind, where }) => [kind, where]),
      [
        ['truncated', 'c/fs-1.img'],
        ['truncated', 'c/fs-2.img'],
      ],
    );
  });

  test('tries again what could not be read', async () => {
    const files = new WatchedFiles().add('fs-1.img', fs);
    const images = new ImageDirectory(files, '');
    files.failing = true;
    await assert.rejects(images.image('fs-1.img'), (error) => CheckpointError.is(error, 'unreadable'));
    files.failing = false;
    assert.equal((await images.image('fs-1.img'))?.entries.length, 1);
  });

  test('lets one who waits go without disturbing another', async () => {
    const files = new WatchedFiles().add('fs-1.img', fs);
    let open = (): void => undefined;
    files.gate = new Promise((resolve) => {
      open = resolve;
    });
    const images = new ImageDirectory(files, '');
    const controller = new AbortController();
    const impatient = images.image('fs-1.img', controller.signal);
    const patient = images.image('fs-1.img');
    controller.abort();
    await assert.rejects(impatient, isCancelled);
    open();
    assert.equal((await patient)?.entries.length, 1);
    await assert.rejects(images.image('fs-1.img', AbortSignal.abort()), isCancelled);
  });
});
