import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import { sequence } from '../../../src/core/bytes/sequence.ts';
import { memorySource, sliceSource } from '../../../src/core/bytes/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'sequence-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Every byte tells where it stands. */
const bytes = Buffer.from(Uint32Array.from({ length: 1_500_000 }, (_, at) => at).buffer);
const path = join(folder, 'file');
writeFileSync(path, bytes);

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let before: Uint8Array | undefined;
  for await (const piece of pieces) {
    // What was given last is still what it was: it may be on its way into a socket.
    if (before) assert.deepEqual(before, parts.at(-1));
    before = piece;
    parts.push(Buffer.from(piece));
  }
  return Buffer.concat(parts);
}

describe('a sequence', () => {
  test('has all bytes of a file, of a part of it, and of memory', async () => {
    const file = await openFile(path);
    assert.ok(bytes.equals(await all(sequence(file, {}))));
    assert.ok(bytes.subarray(5, 3_000_001).equals(await all(sequence(file, { start: 5, end: 3_000_001 }))));
    const slice = sliceSource(file, 7, 2_000_000, 'slice');
    assert.ok(bytes.subarray(7 + 3, 2_000_007).equals(await all(sequence(slice, { start: 3 }))));
    assert.ok(bytes.equals(await all(sequence(memorySource(bytes, 'memory'), {}))));
    assert.equal((await all(sequence(file, { start: bytes.length }))).length, 0);
    await file.close();
  });

  test('says that a file was changed while it was read', async () => {
    const changing = join(folder, 'changing');
    writeFileSync(changing, bytes);
    const file = await openFile(changing);
    const work = async (): Promise<void> => {
      for await (const piece of sequence(file, {})) if (piece.length > 0) appendFileSync(changing, 'x');
    };
    await assert.rejects(work(), { reason: 'changed' });
    await file.close();
  });

  test('ends when it is cancelled, and when its reader goes', async () => {
    const file = await openFile(path);
    const stop = new AbortController();
    const work = async (): Promise<void> => {
      for await (const piece of sequence(file, { signal: stop.signal })) if (piece.length > 0) stop.abort();
    };
    await assert.rejects(work(), { reason: 'cancelled' });
    for await (const piece of sequence(file, {})) if (piece.length > 0) break;
    await file.close();
  });
});
