import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CheckpointError } from '../../../src/core/errors.ts';
import { askEverything } from '../support/ask.ts';
import { archiveOf } from '../support/fixtures.ts';
import { generator, type Random } from '../support/random.ts';

/** FUZZ_RUNS=1000 looks further; the seed of a failure is in its message. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 24);
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
/** A machine with much else to do gets no further than it can in this time, ms; that is no failure. */
const LIMIT = 45_000 * Math.max(1, RUNS / 24);

const bases = ['podman-counter-none', 'podman-counter-zstd', 'podman-counter-gzip', 'crio-tty', 'containerd-counter'];

test(`mutated archives give answers or a sentence (${String(RUNS)} of them)`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-fuzz-'));
  const archives = bases.map((name) => readFileSync(archiveOf(name)));
  const end = performance.now() + LIMIT;
  const path = join(folder, 'mutant.tar');
  try {
    // What is refused below is refused for its damage and for nothing else.
    writeFileSync(path, archives[0] as Buffer);
    await askEverything(path, join(folder, 'spill'));
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS && performance.now() < end; seed++) {
      const random = generator(seed);
      writeFileSync(path, mutate(archives[random(archives.length)] as Buffer, random));
      try {
        await askEverything(path, join(folder, 'spill'));
      } catch (error) {
        assert.ok(
          error instanceof CheckpointError,
          `seed ${String(seed)}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
        assert.doesNotMatch(error.message, /undefined|\[object|NaN/, `seed ${String(seed)}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Bytes flipped, runs overwritten with values that lengths break on, pieces cut out, doubled, or the end cut off. */
function mutate(original: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(original);
  const changes = 1 + random(8);
  for (let change = 0; change < changes; change++) {
    const at = random(bytes.length);
    switch (random(7)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random(2048)))]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + random(1024)), bytes.subarray(at)]);
        break;
      case 3:
        bytes.subarray(at, at + 1 + random(16)).fill(0xff);
        break;
      case 4:
        bytes.subarray(at, at + 1 + random(8)).fill(0x80);
        break;
      default:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}
