import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import { InputBuffers } from '../../../src/core/bytes/input-buffers.ts';
import { memorySource, sliceSource } from '../../../src/core/bytes/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'input-buffers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'bytes');
const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 7919) >> 8));
writeFileSync(path, content);
// More than a file is read of without waiting.
const SIZE = 300 * 1024;

describe('what is read in a loop', () => {
  test('comes into few buffers, each used again once it was given back, and not before', async () => {
    const file = await openFile(path);
    const slice = sliceSource(file, 1000, 900_000, 'slice');
    const input = new InputBuffers(slice, SIZE);
    const seen = new Set<ArrayBufferLike>();
    const parts: Buffer[] = [];
    for (let at = 0, waiting: Uint8Array | undefined; ;) {
      const bytes = await input.read(at, SIZE);
      assert.notEqual(bytes.buffer, waiting?.buffer);
      if (waiting) {
        parts.push(Buffer.from(waiting));
        input.giveBack(waiting);
        input.giveBack(waiting);
      }
      if (bytes.length === 0) break;
      seen.add(bytes.buffer);
      waiting = bytes;
      at += bytes.length;
    }
    assert.deepEqual(Buffer.concat(parts), content.subarray(1000, 901_000));
    assert.equal(seen.size, 2);
    await file.close();
  });

  test('is what the source gives where it fills nobody else’s memory, and stays the source’s', async () => {
    const source = memorySource(content, 'memory');
    const input = new InputBuffers(source, SIZE);
    const first = await input.read(0, SIZE);
    input.giveBack(first);
    const second = await input.read(SIZE, SIZE);
    assert.deepEqual(Buffer.from(first), content.subarray(0, SIZE));
    assert.deepEqual(Buffer.from(second), content.subarray(SIZE, 2 * SIZE));
  });

  test('is refused where the file is another by now, and where nobody wants it any more', async () => {
    const changing = join(folder, 'changing');
    writeFileSync(changing, content);
    const file = await openFile(changing);
    const input = new InputBuffers(file, SIZE);
    await assert.rejects(input.read(0, SIZE, AbortSignal.abort()), { reason: 'cancelled' });
    writeFileSync(changing, content.subarray(0, 100));
    await assert.rejects(input.read(0, SIZE), { reason: 'changed' });
    await file.close();
  });
});
