import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { machineOf } from '../../../src/core/checkpoint/machine.ts';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import { openRaw } from '../../../src/core/checkpoint/raw/raw.ts';
import { Processes } from '../../../src/core/checkpoint/processes.ts';
import { MACHINE } from '../../../src/core/criu/architectures.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { jsonText } from '../../../src/core/criu/json-text.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { entry, image, NO_MEMORY } from '../criu/build-image.ts';
import { core, pstree } from './isolation/support.ts';

/** Two processes. @param complete whether the archive is read to its end */
function dump(images: Readonly<Record<string, Uint8Array>>, complete = true) {
  const files = memoryFiles({ 'pstree.img': pstree({ pid: 1 }, { pid: 2 }), ...images }, { complete });
  const directory = new ImageDirectory(files, '');
  const asked = mock.method(directory, 'messages').mock;
  const processes = new Processes(directory, new Notebook());
  return { asked, machine: () => machineOf(directory, processes) };
}

test('the machine is that of the first process whose core image is there', async () => {
  assert.equal(await dump({ 'core-2.img': core({ machine: MACHINE.mips }) }).machine(), MACHINE.mips);
});

test('it is looked up once, also where no process has a core image, but again before all images are known', async () => {
  const damaged = { 'core-1.img': new Uint8Array(3), 'core-2.img': new Uint8Array(3) };
  for (const complete of [true, false]) {
    const { asked, machine } = dump(damaged, complete);
    assert.equal(await machine(), undefined);
    const once = asked.callCount();
    assert.ok(once >= 2);
    assert.equal(await machine(), undefined);
    assert.equal(asked.callCount() > once, !complete);
  }
});

test('an image that was opened before the machine was known has the words of the machine afterwards', async () => {
  const vmas = [{ start: 0, end: 4096, pgoff: 0, shmid: 0, prot: 3, flags: 0x802, status: 513, fd: -1 }];
  const files = memoryFiles({ 'mm-1.img': image('MM', entry('mm_entry', { ...NO_MEMORY, vmas })) });
  const told: { machine?: number } = {};
  const raw = openRaw({
    ...{ files, imagesPrefix: '', images: new ImageDirectory(files, ''), notebook: new Notebook() },
    machine: () => Promise.resolve(told.machine),
  });
  const flags = async () => {
    const [mm] = await (await raw.image('mm-1.img')).read([0]);
    return /"flags":"(MAP_[^"]*)"/.exec(jsonText(mm?.json() ?? null))?.[1];
  };
  assert.equal(await flags(), 'MAP_PRIVATE | 0x800');
  told.machine = MACHINE.mips;
  assert.equal(await flags(), 'MAP_PRIVATE | MAP_ANON');
});
