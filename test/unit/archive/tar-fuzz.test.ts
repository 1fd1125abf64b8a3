import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openTar } from '../../../src/core/archive/tar-file-set.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { END, file, header, names, index, padded, paxHeader, seal } from './tar-support.ts';

/** Milliseconds for each property. */
const BOUND = 2500;

const ARCHIVE = Buffer.concat([
  paxHeader({ comment: 'global' }, 'g'),
  file('a', 'a'.repeat(700)),
  header({ name: '././@LongLink', type: 'L', size: 200, magic: 'ustar  \0' }),
  padded('l'.repeat(200)),
  file('short', 'x'),
  paxHeader({ path: 'pax/name', mtime: '1.5', 'SCHILY.xattr.user.x': 'y', size: '3' }),
  file('other', 'abc'),
  header({ name: 'link', type: '2', link: 'a' }),
  header({ name: 'hard', type: '1', link: 'a', size: 700 }),
  header({ name: 'sparse', type: 'S', magic: 'ustar  \0', edit: (block) => block.writeUInt8(1, 482) }),
  padded(Buffer.alloc(512)),
  file('last', 'z'.repeat(2000)),
  END,
]);

/** Opens it, reads all of it, and wants nothing but sentences. */
async function survives(archive: Buffer): Promise<void> {
  const files = openTar(memorySource(archive, 'fuzz.tar'));
  try {
    await files.completed;
  } catch (error) {
    assert.ok(error instanceof CheckpointError);
  }
  for (const [path, entry] of files.entries) {
    assert.equal(path, entry.path);
    assert.ok(Number.isSafeInteger(entry.size) && entry.size >= 0);
    assert.ok(entry.mode >= 0 && entry.mode <= 0o7777);
    const source = files.open(entry);
    try {
      assert.ok((await source.read(0, Math.min(source.size ?? 0, 4096))).length <= 4096);
    } catch (error) {
      assert.ok(error instanceof CheckpointError);
    }
  }
  await files.close();
}

describe('a mutated archive', () => {
  test('gives entries and notes, never anything else', async () => {
    const mutation = fc.record({
      at: fc.nat(ARCHIVE.length - 1),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 24 }),
      /** With a checksum that fits again, the mutation gets past the first look. */
      seals: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        fc.nat(ARCHIVE.length),
        async (mutations, cut) => {
          const archive = Buffer.from(ARCHIVE);
          for (const { at, bytes, seals } of mutations) {
            archive.set(bytes.subarray(0, archive.length - at), at);
            const block = archive.subarray(at - (at % 512), at - (at % 512) + 512);
            if (seals && block.length === 512) seal(block);
          }
          await survives(cut % 3 === 0 ? archive.subarray(0, cut) : archive);
        },
      ),
      { interruptAfterTimeLimit: BOUND, numRuns: 100_000, markInterruptAsFailure: false },
    );
  });

  test('loses nothing but the damaged header’s own entry when one header is overwritten', async () => {
    const entries = Array.from({ length: 12 }, (_, at) => file(`file-${String(at)}`, 'x'.repeat(at * 300)));
    await fc.assert(
      fc.asyncProperty(fc.nat(11), fc.uint8Array({ minLength: 512, maxLength: 512 }), async (victim, noise) => {
        const copies = entries.map((entry) => Buffer.from(entry));
        copies[victim]?.set(noise);
        const expected = entries.map((_, at) => `file-${String(at)}`).filter((_, at) => at !== victim);
        const tar = await index(Buffer.concat([...copies, END]));
        assert.deepEqual(names(tar), expected);
        assert.equal(tar.notes.length, 1);
      }),
      { interruptAfterTimeLimit: BOUND, numRuns: 2000, markInterruptAsFailure: false },
    );
  });
});
