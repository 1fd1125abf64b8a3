/** Files that are written past the system's cache, on the file system that the tests run on and on others. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { alignedMemory } from '../../../src/core/cluster/download/aligned-memory.ts';
import { DiskFile } from '../../../src/core/cluster/download/disk-file.ts';
import { noise } from '../bytes/support.ts';
import { temporary } from './node-support.ts';

const PAGE = 4096;
const folder = temporary();
let files = 0;

function newPath(): string {
  return join(folder, `file-${String(files++)}`);
}

/** Memory that starts at a page, or just does not. */
function filled(length: number, isAligned: boolean): Buffer {
  const memory = alignedMemory(length + PAGE).subarray(isAligned ? 0 : 1, length + (isAligned ? 0 : 1));
  noise(length).copy(memory);
  return memory;
}

/** Writes parts one after the other. @returns whether it went directly up to its end */
async function written(path: string, parts: readonly Buffer[]): Promise<boolean> {
  const file = await DiskFile.open(path);
  let at = 0;
  for (const part of parts) {
    for (let done = 0; done < part.length;) {
      const count = await file.write(part.subarray(done), at);
      at += count;
      done += count;
    }
  }
  await file.sync();
  const isDirect = file.isDirect;
  assert.equal(await file.size(), at);
  await file.close();
  return isDirect;
}

/** Whether the file system of the tests can be written to past the cache. */
const canBeDirect = await written(newPath(), [filled(PAGE, true)]);

describe('a file that is written past the cache', () => {
  test('has the bytes that were written, whatever their number, their place and their memory', async () => {
    const part = fc.record({
      length: fc.integer({ min: 1, max: 5 * PAGE }),
      isWhole: fc.boolean(),
      isAligned: fc.boolean(),
    });
    const property = fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
      const path = newPath();
      const buffers = parts.map(({ length, isWhole, isAligned }) =>
        filled(isWhole ? Math.ceil(length / PAGE) * PAGE : length, isAligned),
      );
      await written(path, buffers);
      assert.ok(readFileSync(path, { flag: buffers.length > 0 ? 'r' : 'a+' }).equals(Buffer.concat(buffers)));
    });
    await fc.assert(property, { numRuns: 60, interruptAfterTimeLimit: 10_000 });
  });

  test('goes directly as long as the memory starts at a page, also after a part of one', async (context) => {
    if (!canBeDirect) {
      context.skip('the file system of the tests knows no way past the cache');
      return;
    }
    const [whole, odd] = [filled(2 * PAGE, true), filled(PAGE - 10, true)];
    assert.equal(await written(newPath(), [whole, odd, filled(10, true), whole]), true);
  });

  test('goes through the cache where the memory does not start at a page, and loses nothing', async (context) => {
    if (!canBeDirect) {
      context.skip('the file system of the tests knows no way past the cache');
      return;
    }
    const path = newPath();
    const parts = [filled(PAGE, true), filled(PAGE, false), filled(PAGE, true)];
    assert.equal(await written(path, parts), false);
    assert.ok(readFileSync(path).equals(Buffer.concat(parts)));
  });

  test('is its owner’s alone, and never what a link names', async () => {
    const [path, link] = [newPath(), newPath()];
    await written(path, [filled(10, true)]);
    assert.equal(statSync(path).mode & 0o777, process.platform === 'win32' ? 0o666 : 0o600);
    writeFileSync(path, 'evidence');
    symlinkSync(path, link);
    if (process.platform !== 'win32') await assert.rejects(DiskFile.open(link), { code: 'ELOOP' });
    assert.equal(readFileSync(path, 'utf8'), 'evidence');
  });
});

describe('memory that starts at a page', () => {
  test('is as large as asked for, and there is some where there is no WebAssembly, or too little room for it', () => {
    assert.equal(alignedMemory(3 * 1024 * 1024 + 1).length, 3 * 1024 * 1024 + 1);
    const property = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly') ?? {};
    const without = (value: unknown): number => {
      Object.defineProperty(globalThis, 'WebAssembly', { configurable: true, writable: true, value });
      try {
        return alignedMemory(100).length;
      } finally {
        Object.defineProperty(globalThis, 'WebAssembly', property);
      }
    };
    const refuse = (): never => {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    };
    class Refused {
      readonly buffer = refuse();
    }
    assert.equal(without(undefined), 100);
    assert.equal(without({ Memory: Refused }), 100);
  });
});
