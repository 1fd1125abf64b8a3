import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { machineOf } from '../../../src/core/checkpoint/descriptors/machine.ts';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../src/core/checkpoint/processes.ts';
import { MACHINE } from '../../../src/core/criu/architectures.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { memoryFiles } from '../support/memory-files.ts';
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
