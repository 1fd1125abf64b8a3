import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AddressSpace } from '../../../src/core/criu/address-space.ts';
import { decodeImage } from '../../../src/core/criu/image.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { kindOfFile } from '../../../src/core/criu/kinds.ts';
import { imageToJson } from '../../../src/core/criu/to-json.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { MemoryFileSet, MemorySource, openFixture } from './memory-file-set.ts';
import { generator } from '../support/random.ts';

/** Milliseconds for each part: as many mutations as fit. */
const budget = 2000;
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

suite(`mutated images (FUZZ_SEED=${seed})`, () => {
  test('decode to something, with notes that name their place, and never throw', async () => {
    const random = generator(seed);
    const files = await openFixture('podman-webapp-host');
    const names = [...files.entries.keys()].filter((path) => kindOfFile(path.replace(/^.*\//, ''))?.row.message);
    assert.ok(names.length > 50);
    await forAWhile(async () => {
      const name = names[random(names.length)] as string;
      const content = mutate(files.content(name), random);
      const source = new MemorySource(content, name);
      const decoded = await decodeImage(source, name);
      for (const { where, offset, text } of decoded.notes) {
        assert.equal(where, name);
        assert.ok(offset === undefined || offset <= content.length, `${name}: ${say(text)}`);
        assert.ok(!say(text).includes('{'), say(text));
      }
      for (const { offset, length } of source.reads)
        assert.ok(offset + length <= content.length, `${name} ${offset} ${length}`);
      if (content.length < 100_000)
        JSON.parse(await imageToJson(new MemorySource(content, name), name, { pretty: true }));
    });
  });

  test('leave memory readable, or missing, and never throw', async () => {
    const random = generator(seed + 1);
    const files = await openFixture('podman-counter-none');
    const touched = ['pagemap-1.img', 'mm-1.img', 'pages-1.img', 'files.img'].map((name) => `checkpoint/${name}`);
    await forAWhile(async () => {
      const mutated = new MemoryFileSet();
      const victim = touched[random(touched.length)];
      for (const path of files.entries.keys())
        mutated.add(path, path === victim ? mutate(files.content(path), random) : files.content(path));
      const images = new ImageDirectory(mutated, 'checkpoint/');
      try {
        const space = await AddressSpace.open(images, 1);
        for (const address of [
          0n,
          0x400000n,
          2n ** 47n - 8192n,
          2n ** 64n - 1n,
          ...space.mappings.all.map(({ start }) => start - 100n),
        ]) {
          const { bytes, missing } = await space.read(address < 0n ? 0n : address, 20_000);
          assert.equal(bytes.length, 20_000);
          for (const { offset, length } of missing) assert.ok(length > 0 && offset >= 0 && offset + length <= 20_000);
          const located = await space.locate(address < 0n ? 0n : address, 20_000);
          assert.equal(located.length, 20_000);
          assert.equal(
            located.extents.reduce((sum, extent) => sum + extent.length, 0),
            20_000,
          );
        }
        for (const vma of space.mappings.all) {
          const bytes = Object.values(await space.count(vma));
          const size = vma.end > vma.start ? Number(vma.end - vma.start) : 0;
          assert.equal(
            bytes.reduce((sum, count) => sum + count, 0),
            size,
          );
        }
        assert.ok(space.dumpedBytes >= 0 && space.notes.length < 200);
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
      }
    });
  });
});

async function forAWhile(once: () => Promise<void>): Promise<void> {
  const end = performance.now() + budget;
  while (performance.now() < end) await once();
}

/** A few bytes changed, a length made huge, a piece cut out or repeated, or the end cut off. */
function mutate(content: Uint8Array, random: (below: number) => number): Uint8Array {
  const mutated = Buffer.from(content);
  if (mutated.length === 0) return mutated;
  const at = random(mutated.length);
  switch (random(5)) {
    case 0:
      return mutated.subarray(0, at);
    case 1:
      return Buffer.concat([mutated.subarray(0, at), mutated.subarray(Math.min(mutated.length, at + 1 + random(16)))]);
    case 2:
      return Buffer.concat([mutated.subarray(0, at), mutated.subarray(random(at + 1))]);
    case 3:
      mutated.fill(0xff, at, Math.min(mutated.length, at + 1 + random(9)));
      return mutated;
    default:
      for (let count = 1 + random(8); count > 0; count--) mutated[random(mutated.length)] = random(256);
      return mutated;
  }
}
