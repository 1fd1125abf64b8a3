import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { archiveOf } from '../support/fixtures.ts';
import { cli, inFolder } from './support.ts';

const ARCHIVE = readFileSync(archiveOf('podman-counter-none'));

/** The headers and contents other than memory, where a flipped bit has consequences. */
const PLACES = [...Array(ARCHIVE.length).keys()].filter((at) => ARCHIVE[at] !== 0);

/** FUZZ_RUNS=1000 looks further. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 20);

type Damage =
  | { readonly cut: number }
  | { readonly at: number; readonly value: number }
  | { readonly at: number; readonly word: number };

function damage(list: readonly Damage[]): Buffer {
  let bytes = Buffer.from(ARCHIVE);
  for (const one of list) {
    if ('cut' in one) bytes = bytes.subarray(0, one.cut);
    else if ('word' in one && one.at + 4 <= bytes.length) bytes.writeUInt32LE(one.word, one.at);
    else if ('value' in one && one.at < bytes.length) bytes[one.at] = one.value;
  }
  return bytes;
}

const at = fc.nat(PLACES.length - 1).map((index) => PLACES[index] ?? 0);
const damages = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ cut: fc.nat(ARCHIVE.length) }) },
    { weight: 8, arbitrary: fc.record({ at, value: fc.nat(255) }) },
    { weight: 4, arbitrary: fc.record({ at, word: fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff) }) },
  ),
  { minLength: 1, maxLength: 12 },
);

test('whatever is damaged, every command ends with a sentence or a result, and JSON stays JSON', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'damaged.tar');
    const out = join(folder, 'out');
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        writeFileSync(path, damage(list));
        rmSync(out, { recursive: true, force: true });
        for (const args of [
          ['inspect', '--all', '--format', 'json', path],
          ['inspect', '--all', path],
          ['mounts', '--format', 'json', path],
          ['changes', '--format', 'json', path],
          ['decode', path],
          ['extract', path, '-o', out],
        ]) {
          const { code, stdout, stderr } = await cli(...args);
          assert.ok([0, 1, 3].includes(code), `${args.join(' ')}: ${String(code)}`);
          assert.doesNotMatch(stderr, /mistake in checkpoint-explorer/, args.join(' '));
          if (code !== 0) assert.notEqual(stderr, '', args.join(' '));
          const isJson = args.includes('json') || args[0] === 'decode';
          if (isJson && stdout !== '') JSON.parse(stdout);
          if (code !== 1 && args[0] !== 'decode') assert.notEqual(stdout, '', args.join(' '));
        }
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: RUNS * 500 },
    );
  });
});
