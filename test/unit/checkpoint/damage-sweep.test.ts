import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { isDecodable } from '../../../src/core/criu/kinds.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { writeImageJson } from '../../../src/core/criu/to-json.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { Note } from '../../../src/protocol/note.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members } from '../support/repack.ts';

/** Longer by CHECKPOINT_EXPLORER_FUZZ_SECONDS: 120 are enough for all places of all images. */
const seconds = Number(process.env['CHECKPOINT_EXPLORER_FUZZ_SECONDS'] ?? 6);

/** Without these there is no list of processes, or none of their files and sockets, to compare. */
const central = /\/(pstree|inventory|files)\.img$/;

interface Seen {
  readonly name: string;
  readonly processes: ReadonlyMap<number, ProcessFacts>;
  readonly notes: readonly Note[];
}

async function look(folder: string, image: string): Promise<Seen> {
  const checkpoint = await openCheckpoint({ locator: folder, spill: { directory: `${folder}-spill`, limit: 2 ** 30 } });
  try {
    await checkpoint.completed;
    const { container } = await checkpoint.overview();
    const processes = new Map((await checkpoint.processes()).map((process) => [process.pid, process]));
    await checkpoint.mounts();
    await readAll(() => checkpoint.files.open(`/images/${image}.json`));
    for (const { name } of await checkpoint.files.list('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      for (const file of ['cmdline', 'maps', 'status', 'mountinfo']) {
        await readAll(() => checkpoint.files.open(`/proc/${name}/${file}`));
      }
    }
    return { name: container.name ?? '', processes, notes: await checkpoint.notes() };
  } finally {
    await checkpoint.close();
  }
}

async function readAll(open: () => Promise<ByteSource>): Promise<void> {
  try {
    const source = await open();
    await source.read(0, 1 << 16).finally(() => source.close());
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
  }
}

test(`a rich checkpoint with one image damaged shows the others, for ${String(seconds)} s`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-sweep-'));
  try {
    const images = new Map<string, Buffer>();
    for (const { header, content } of await members(archiveOf('podman-webapp-host'))) {
      const path = join(folder, header.name);
      if (header.type === 'directory') continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      const name = header.name.replace(/^\.\//, '');
      if (/^checkpoint\/.*\.img$/.test(name) && isDecodable(name.slice(11)) && content.length > 8)
        images.set(name, content);
    }
    const sound = await look(folder, 'pstree.img');
    assert.equal(sound.name, 'webapp');
    const before = new Set(sound.notes.map((note) => JSON.stringify(note)));
    const end = performance.now() + seconds * 1000;
    let tried = 0;
    for (const { name, content, what, damaged } of damages(images)) {
      if (tried > 5 && performance.now() > end) break;
      writeFileSync(join(folder, name), damaged);
      const seen = await look(folder, name.slice('checkpoint/'.length));
      writeFileSync(join(folder, name), content);
      const place = `${name} ${what}`;
      assert.equal(seen.name, sound.name, place);
      const notes = seen.notes.filter((note) => note.where === name && !before.has(JSON.stringify(note)));
      // Whoever cuts between two entries leaves a whole image.
      const { notes: expected } = await writeImageJson(memorySource(damaged, name), name, () => undefined);
      for (const { kind } of expected)
        assert.ok(
          notes.some((note) => note.kind === kind),
          `${place} is not told`,
        );
      for (const { offset } of notes) {
        assert.ok(offset === undefined || offset <= content.length || name.endsWith('.tar.gz.img'), place);
      }
      if (!central.test(name)) {
        const own = /^checkpoint\/(?:core|mm|pagemap|fs|ids)-(\d+)\.img$/.exec(name)?.[1];
        if (own !== undefined) compareOthers(seen, sound, Number(own), place);
        assert.deepEqual([...seen.processes.keys()], [...sound.processes.keys()], place);
      }
      tried++;
    }
    assert.ok(tried > 5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}-spill`, { recursive: true, force: true });
  }
});

/** The processes to whom an image does not belong are as they were. */
function compareOthers(seen: Seen, sound: Seen, own: number, place: string): void {
  for (const [pid, facts] of sound.processes) {
    if (pid !== own && !facts.threads.some(({ tid }) => tid === own)) {
      assert.deepEqual(seen.processes.get(pid), facts, `${place}: process ${String(pid)}`);
    }
  }
}

/** In an order that tries every image before it tries one again: cut off in its middle, at its head, bytes flipped. */
function* damages(images: ReadonlyMap<string, Buffer>) {
  for (let round = 0; round < 4096; round++) {
    for (const [name, content] of images) {
      const place = 64 * Math.floor(round / 2);
      if (round > 1 && place >= content.length) continue;
      if (round % 2 === 0) {
        const length = round === 0 ? 9 + Math.floor((content.length - 9) / 2) : place;
        if (length >= 9 && length < content.length && !isContent(name)) {
          yield { name, content, what: `cut off at ${String(length)}`, damaged: content.subarray(0, length) };
        }
      } else {
        const damaged = Buffer.from(content);
        const at = Math.min(place, content.length - 1);
        damaged[at] = (damaged[at] ?? 0) ^ 0xff;
        yield { name, content, what: `flipped at ${String(at)}`, damaged };
      }
    }
  }
}

/** What has no length of its own: a cut is not to be seen in the image. */
function isContent(name: string): boolean {
  return name.includes('/ghost-file-');
}
