import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isDecodable } from '../../../src/core/criu/kinds.ts';
import { writeImageJson } from '../../../src/core/criu/to-json.ts';
import { say } from '../../../src/protocol/sentence.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { MemorySource, openFixture } from './memory-file-set.ts';
import { bytes, uint32 } from './build-image.ts';

/** Of a large image as many places as these, evenly over it. */
const maxPlaces = Number(process.env['SWEEP_PLACES'] ?? 48);
const step = 64;

interface Decoded {
  readonly entries: readonly unknown[];
  readonly notes: readonly Note[];
}

async function decode(name: string, content: Uint8Array): Promise<Decoded> {
  const pieces: string[] = [];
  const { notes } = await writeImageJson(new MemorySource(content, name), name, (text) => void pieces.push(text));
  return { entries: (JSON.parse(pieces.join('')) as { entries: unknown[] }).entries, notes };
}

/** Every 64th byte of an image, or of a large one some of these. */
function placesIn(length: number): readonly number[] {
  const all = Math.ceil(length / step);
  const count = Math.min(all, maxPlaces);
  return Array.from({ length: count }, (_, index) => Math.floor((index * all) / count) * step);
}

function checkNotes(name: string, notes: readonly Note[], length: number): void {
  for (const { where, offset, text } of notes) {
    assert.equal(where, name);
    // Of what is compressed the offset is one in what comes out.
    assert.ok(offset === undefined || offset <= length || name.endsWith('.tar.gz.img'), `${name}: ${say(text)}`);
    assert.doesNotMatch(say(text), /[{}]|undefined|NaN/);
  }
}

const files = await openFixture('podman-webapp-host');
const names = [...files.entries.keys()].filter((path) => isDecodable(path.replace(/^.*\//, '')));

suite('every image of a rich checkpoint', { timeout: 120_000 }, () => {
  test('there are many', () => assert.ok(names.length > 70, String(names.length)));

  test('cut off at every 64th byte keeps the entries before, and the end is told with its place', async () => {
    for (const name of names) {
      const content = files.content(name);
      const whole = await decode(name, content);
      assert.deepEqual(whole.notes, []);
      for (const length of placesIn(content.length)) {
        const { entries, notes } = await decode(name, content.subarray(0, length));
        checkNotes(name, notes, length);
        const isShorter = entries.length < whole.entries.length;
        // How long the content of a small ghost file is stands nowhere.
        assert.ok(notes.length > 0 || isShorter || name.includes('/ghost-file-'), `${name} of ${length} bytes`);
        entries.slice(0, -1).forEach((entry, index) => assert.deepEqual(entry, whole.entries[index]));
      }
    }
  });

  test('with a byte flipped at every 64th decodes, and entries before that stay as they are', async () => {
    for (const name of names) {
      const content = Buffer.from(files.content(name));
      const whole = await decode(name, content);
      for (const place of placesIn(content.length)) {
        for (const bits of [0xff, 0x80, 0x01]) {
          content[place] = (content[place] ?? 0) ^ bits;
          const { entries, notes } = await decode(name, content);
          checkNotes(name, notes, content.length);
          content[place] = (content[place] ?? 0) ^ bits;
          // The first entry that differs is that of the byte; without messages a byte of the head takes all of them.
          const first = entries.findIndex((entry, index) => !isSame(entry, whole.entries[index]));
          if (first === -1 && entries.length === whole.entries.length) continue;
          assert.ok(first !== -1 || notes.length > 0 || entries.length < whole.entries.length, `${name} at ${place}`);
        }
      }
    }
  });

  test('with a length made huge allocates nothing for it, and is told', async () => {
    for (const name of names.filter((path) => path.endsWith('.img') && !/tar\.gz|inventory/.test(path))) {
      const content = files.content(name);
      if (content.length < 12) continue;
      const huge = bytes(content.subarray(0, 8), uint32(0xffff_fff0), content.subarray(12));
      const { entries, notes } = await decode(name, huge);
      assert.deepEqual(entries, []);
      assert.deepEqual(
        notes.map(({ kind, offset }) => [kind, offset]),
        [['truncated', 8]],
      );
    }
  });
});

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
