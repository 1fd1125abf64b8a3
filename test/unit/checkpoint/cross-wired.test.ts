import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { kindOfFile } from '../../../src/core/criu/kinds.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { archiveOf } from '../support/fixtures.ts';
import { mutateMessage } from '../support/mutate-message.ts';
import { questionsOf } from '../support/questions.ts';
import { generator, type Random } from '../support/random.ts';
import { members, writeTar, type Member } from '../support/repack.ts';

/** FUZZ_RUNS=1000 looks further; the seed of a failure is in its message. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12);
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
/** A machine with much else to do gets no further than it can in this time, ms; that is no failure. */
const LIMIT = 45_000 * Math.max(1, RUNS / 12);
const FIXTURES = ['crio-rich', 'podman-counter-exec', 'podman-webapp-host', 'containerd-webapp'];

/** The image's magic words. */
const HEAD = 8;

test(`images that are whole and say the wrong things give answers or a sentence (FUZZ_SEED=${String(FIRST_SEED)})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cross-wired-'));
  const archives = await Promise.all(FIXTURES.map((name) => members(archiveOf(name))));
  const end = performance.now() + LIMIT;
  try {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS && performance.now() < end; seed++) {
      const random = generator(seed);
      const { list, changed } = crossWire(archives[random(archives.length)] ?? [], random);
      const path = join(folder, 'mutant.tar');
      await writeTar(path, list);
      await askAll(path, changed, join(folder, 'spill'), `seed ${String(seed)}, ${changed}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function askAll(locator: string, image: string, spill: string, what: string): Promise<void> {
  const checkpoint = await openCheckpoint({ locator, spill: { directory: spill, limit: 2 ** 30 } });
  try {
    await checkpoint.completed;
    const questions = await answered(questionsOf(checkpoint, image), what);
    for (const { name, ask } of questions ?? []) await answered(ask(), `${what}, ${name}`);
  } finally {
    await checkpoint.close();
  }
}

async function answered<T>(answer: Promise<T>, what: string): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    assert.ok(CheckpointError.is(error), `${what}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
    assert.doesNotMatch(error.message, /undefined|\[object|NaN/, what);
    return undefined;
  }
}

/** The archive with a few messages changed, doubled, lost, or in each other's place. */
function crossWire(
  archive: readonly Member[],
  random: Random,
): { readonly list: readonly Member[]; readonly changed: string } {
  const list = [...archive];
  const images = list.flatMap((member, index) => {
    const row = kindOfFile(member.header.name.replace(/^.*\//, ''))?.row;
    return row?.framing === 'common' && row.message !== undefined ? [index] : [];
  });
  let changed = '';
  for (let count = 1 + random(4); count > 0; count--) {
    const index = images[random(images.length)] ?? 0;
    const member = list[index] as Member;
    const messages = readMessages(member.content);
    if (!messages || messages.length === 0) continue;
    const at = random(messages.length);
    const other = messages[random(messages.length)] as Buffer;
    const how = random(8);
    if (how === 0) messages.splice(at, 1);
    else if (how === 1) messages.splice(at, 0, other);
    else messages[at] = mutateMessage(how === 2 ? other : (messages[at] as Buffer), random);
    list[index] = { ...member, content: writeMessages(member.content.subarray(0, HEAD), messages) };
    changed = member.header.name;
  }
  return { list, changed };
}

/** Undefined where something else stands between them. */
function readMessages(image: Buffer): Buffer[] | undefined {
  const messages: Buffer[] = [];
  let at = HEAD;
  while (at + 4 <= image.length) {
    const next = at + 4 + image.readUInt32LE(at);
    messages.push(image.subarray(at + 4, next));
    at = next;
  }
  return at === image.length ? messages : undefined;
}

function writeMessages(head: Buffer, messages: readonly Buffer[]): Buffer {
  const framed = messages.flatMap((message) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(message.length);
    return [length, message];
  });
  return Buffer.concat([head, ...framed]);
}
