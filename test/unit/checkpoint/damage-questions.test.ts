import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { isDecodable } from '../../../src/core/criu/kinds.ts';
import { writeImageJson } from '../../../src/core/criu/to-json.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { archiveOf } from '../support/fixtures.ts';
import { questionsOf } from '../support/questions.ts';
import { members } from '../support/repack.ts';

/**
 * FUZZ_RUNS=8000 FUZZ_SEED=0 looks at every place of FUZZ_FIXTURE; else each run looks at some others. What a failure was
 * seen with is in its message.
 */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 8);
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 8000);
const FIXTURES = ['podman-webapp-host', 'crio-rich', 'containerd-webapp'] as const;
const FIXTURE = process.env['FUZZ_FIXTURE'] ?? FIXTURES[FIRST_SEED % FIXTURES.length] ?? FIXTURES[0];
/** A machine with much else to do gets no further than it can in this time, ms; that is no failure. */
const LIMIT = 60_000 * Math.max(1, RUNS / 8);

/** One archive's folder, with images that can be damaged. */
let folder: string;
const images = new Map<string, Buffer>();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'damage-questions-'));
  for (const { header, content } of await members(archiveOf(FIXTURE))) {
    const name = header.name.replace(/^\.\//, '');
    if (header.type === 'directory' || name === 'rootfs-diff.tar') continue;
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    if (/^checkpoint\/.*\.img$/.test(name) && isDecodable(name.slice(11)) && content.length > 8) {
      images.set(name, content);
    }
  }
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(`${folder}-spill`, { recursive: true, force: true });
});

interface Seen {
  /** Answers about processes, by process and question. */
  readonly own: ReadonlyMap<number, ReadonlyMap<string, string>>;
  readonly threads: ReadonlyMap<number, readonly number[]>;
  readonly notes: readonly Note[];
}

/** Asks everything. Whatever is damaged, each question is answered, or refused in a sentence. */
async function look(image: string): Promise<Seen> {
  const checkpoint = await openCheckpoint({ locator: folder, spill: { directory: `${folder}-spill`, limit: 2 ** 30 } });
  try {
    // Where the machine has much else to do, answers are given before all of the folder is listed.
    await checkpoint.completed;
    const own = new Map<number, Map<string, string>>();
    for (const { name, pid, ask } of await questionsOf(checkpoint, image)) {
      const answer = await ask().catch((error: unknown) => {
        assert.ok(
          CheckpointError.is(error),
          `${name}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
        assert.doesNotMatch(error.message, /undefined|\[object|NaN/, name);
        return error.message;
      });
      if (pid === undefined) continue;
      const answers = own.get(pid) ?? new Map<string, string>();
      own.set(pid, answers.set(name, plain(answer)));
    }
    const processes = await checkpoint.processes();
    const threads = new Map(processes.map((process) => [process.pid, process.threads.map(({ tid }) => tid)]));
    return { own, threads, notes: await checkpoint.notes() };
  } finally {
    await checkpoint.close();
  }
}

/** Names of processes stand beside descriptors that are shared with them: those of a damaged one are gone there too. */
function plain(answer: unknown): string {
  const replace = (key: string, value: unknown): unknown =>
    key === 'command' ? undefined : typeof value === 'bigint' ? `${value}n` : value;
  return JSON.stringify([answer], replace);
}

test(`damaged images leave every other question its answer, and are named (${String(RUNS)} of ${FIXTURE})`, async () => {
  const end = performance.now() + LIMIT;
  const sound = await look('checkpoint/pstree.img');
  const before = new Set(sound.notes.map(plain));
  let tried = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS && (tried < 3 || performance.now() < end); seed++, tried++) {
    const { name, content, what, damaged } = damageOf(seed);
    const place = `FUZZ_FIXTURE=${FIXTURE} FUZZ_SEED=${String(seed)}: ${name} ${what}`;
    writeFileSync(join(folder, name), damaged);
    const seen = await look(name).catch((error: unknown) => {
      throw new Error(place, { cause: error });
    });
    writeFileSync(join(folder, name), content);
    const told = seen.notes.filter((note) => note.where === name && !before.has(plain(note)));
    const { notes: expected } = await writeImageJson(memorySource(damaged, name), name, () => undefined);
    for (const { kind, text } of expected) {
      assert.ok(
        told.some((note) => note.kind === kind),
        `${place} is not told: ${text.template}`,
      );
    }
    // In an archive that is compressed, places are those of what it unpacks to.
    const isPacked = name.includes('.tar.gz');
    for (const { offset = 0 } of told) assert.ok(isPacked || offset <= content.length, place);
    // Sets of processes, and what they share, may look otherwise now (`ids` leads to a table of descriptors); an image of
    // one process is nobody else's.
    const tid = Number(/^checkpoint\/(?:core|mm|pagemap|fs)-(\d+)\.img$/.exec(name)?.[1]);
    if (Number.isNaN(tid)) continue;
    for (const [pid, answers] of sound.own) {
      if (pid !== tid && !sound.threads.get(pid)?.includes(tid)) {
        for (const [question, answer] of answers) assert.equal(seen.own.get(pid)?.get(question), answer, place);
      }
    }
  }
});

/** Cut off, or bytes flipped or filled, at one of the places 64 bytes apart; by its seed. */
function damageOf(seed: number) {
  const names = [...images.keys()];
  const name = names[seed % names.length] ?? '';
  const content = images.get(name) ?? Buffer.alloc(0);
  const round = Math.floor(seed / names.length);
  const at = (Math.floor(round / 3) * 64) % content.length;
  const damaged = Buffer.from(content);
  switch (round % 3) {
    case 0:
      return { name, content, what: `cut off at ${String(at)}`, damaged: damaged.subarray(0, at) };
    case 1:
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      return { name, content, what: `flipped at ${String(at)}`, damaged };
    default:
      return {
        name,
        content,
        what: `filled at ${String(at)}`,
        damaged: damaged.fill(0xff, at, Math.min(at + 8, damaged.length)),
      };
  }
}
