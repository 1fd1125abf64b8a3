/**
 * Brings the checkpoints that were just made back to life with the lab's Podman, as a person would: the counter goes on
 * from where it was. CHECKPOINT_EXPLORER_LAB_OUT names their folder, CHECKPOINT_EXPLORER_LAB_SCRIPT the lab's script.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { checkRestore } from '../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts } from '../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf } from '../../src/core/restore/compatibility/finding.ts';
import { Machine } from '../../src/core/restore/sandbox/command.ts';
import { SandboxJournal } from '../../src/core/restore/sandbox/journal.ts';
import { PodmanSandbox } from '../../src/core/restore/sandbox/podman.ts';
import type { SandboxRecord, Subject } from '../../src/core/restore/sandbox/sandbox.ts';
import { shellWords } from '../../src/core/restore/sandbox/shell.ts';
import { RestoreFailed } from '../../src/core/restore/sandbox/why-it-failed.ts';
import { inFolder, withCheckpoint } from '../unit/restore/support.ts';
import { goesOnFrom } from './goes-on.ts';
import { cancelHalfWay } from './half-way.ts';

const out = process.env['CHECKPOINT_EXPLORER_LAB_OUT'] ?? '';
const script = process.env['CHECKPOINT_EXPLORER_LAB_SCRIPT'] ?? join(import.meta.dirname, 'lab.sh');
const machine = new Machine(['bash', script, 'exec']);
const folder = mkdtempSync(join(tmpdir(), 'lab-restore-'));
// What the checkpoints were made with is no business of these tests.
before(() => machine.expect(['podman', 'volume', 'rm', '--all', '--force']));
after(() => rmSync(folder, { recursive: true, force: true }));
const journal = new SandboxJournal(folder);
const podman = new PodmanSandbox({ machine, journal });
// So that a sandbox which shares the lab's network is known by it.
before(() => machine.expect(['ip', 'link', 'add', 'lab-here', 'type', 'veth', 'peer', 'name', 'lab-there']));
after(() => machine.expect(['ip', 'link', 'del', 'lab-here']));
// What a failed test leaves is not held against the next.
afterEach(async () => {
  for (const record of await journal.list()) await podman.remove(record);
});

/** Opens an archive as what is to be restored. */
function subjectOf<T>(path: string, use: (subject: Subject) => Promise<T>): Promise<T> {
  return inFolder((_, spill) =>
    withCheckpoint(path, spill, async (checkpoint) =>
      use({
        locator: path,
        path,
        facts: await readCheckpointFacts(checkpoint),
        checkpoint,
      }),
    ),
  );
}

async function restored(path: string): Promise<SandboxRecord> {
  return subjectOf(path, async (subject) => {
    const target = await podman.detect(subject);
    const findings = checkRestore(subject.facts, target);
    assert.deepEqual(blockersOf(findings), [], JSON.stringify(findings));
    return podman.run(podman.plan(subject, target, {}), subject);
  });
}

async function count(record: SandboxRecord): Promise<number> {
  return Number((await machine.expect(['podman', 'exec', record.name, 'cat', '/tmp/count'])).trim());
}

async function pidOf(record: SandboxRecord): Promise<string> {
  return (await machine.expect(['podman', 'container', 'inspect', '--format', '{{.State.Pid}}', record.name])).trim();
}

/** The words that run a command in the lab as the product's terminal runs its shell there. */
async function inShell(record: SandboxRecord, ...command: readonly string[]): Promise<readonly string[]> {
  const words = (await shellWords(record)) ?? [];
  const shell = words.slice(machine.prefix.length);
  assert.deepEqual(shell.slice(-2), [record.name, 'sh']);
  return [...shell.slice(0, -1).filter((word) => word !== '--tty'), ...command];
}

/** Other tests restore through crictl at the same time, and keep folders where these keep files. */
async function nothingIsLeft(): Promise<void> {
  assert.deepEqual(await journal.list(), []);
  assert.equal((await machine.expect(['podman', 'ps', '--all', '--quiet'])).trim(), '');
  assert.equal((await machine.expect(['podman', 'volume', 'ls', '--quiet'])).trim(), '');
  assert.equal(
    (await machine.expect(['find', '/var/tmp', '-maxdepth', '1', '-type', 'f', '-name', 'checkpoint-*'])).trim(),
    '',
  );
}

describe('a counter goes on', () => {
  for (const archive of ['crun-plain.tar', 'crun-gzip.tar.gz', 'runc-zstd.tar.zst']) {
    test(`from ${archive}, twice side by side, in a network that leads nowhere`, async () => {
      const [one, two] = [await restored(join(out, archive)), await restored(join(out, archive))];
      assert.notEqual(one.name, two.name);
      const before = await goesOnFrom(0, () => count(one));
      await goesOnFrom(before, () => count(one));
      await goesOnFrom(0, () => count(two));
      assert.equal(await podman.state(one), 'running');
      assert.deepEqual((await journal.list()).map(({ name }) => name).sort(), [one.name, two.name].sort());
      for (const words of [['cat', `/proc/${await pidOf(one)}/net/dev`], await inShell(one, 'cat', '/proc/net/dev')]) {
        const network = await machine.expect(words);
        assert.deepEqual(
          network.match(/^\s*[\w-]+(?=:)/gm)?.map((name) => name.trim()),
          ['lo'],
        );
      }
      await podman.remove(one);
      assert.equal(await podman.state(one), 'gone');
      assert.equal(await podman.state(two), 'running');
      await podman.remove(two);
      await nothingIsLeft();
    });
  }
});

test('a volume comes back with its files, and goes with the sandbox', async () => {
  const record = await restored(join(out, 'odd.tar'));
  assert.deepEqual(record.things, [{ kind: 'volume', name: 'lab-volume' }]);
  assert.ok((await machine.expect(['podman', 'exec', record.name, 'cat', '/mnt/volume/kept'])).length > 0);
  await assert.rejects(
    subjectOf(join(out, 'odd.tar'), async (subject) => {
      const target = await podman.detect(subject);
      assert.deepEqual(
        blockersOf(checkRestore(subject.facts, target)).map(({ id }) => id),
        ['mount:/mnt/volume'],
      );
      return podman.run(podman.plan(subject, target, {}), subject);
    }),
    { reason: 'exists' },
  );
  assert.equal(await podman.state(record), 'running');
  await podman.remove(record);
  await nothingIsLeft();
});

test('what cannot be restored leaves nothing, and CRIU says why', async () => {
  const broken = join(folder, 'broken.tar');
  const bytes = readFileSync(join(out, 'crun-plain.tar'));
  const at = bytes.indexOf('inventory.img');
  assert.ok(at > 0);
  // Its magic is the first word of the member's content.
  const content = (Math.floor(at / 512) + 1) * 512;
  bytes.writeUInt32LE(0x12345678, content + 4);
  writeFileSync(broken, bytes);
  await subjectOf(broken, async (subject) => {
    const target = await podman.detect(subject);
    await assert.rejects(podman.run(podman.plan(subject, target, {}), subject), (error) => {
      assert.ok(error instanceof RestoreFailed, String(error));
      assert.match(error.log, /Error|CRIU/);
      assert.ok(error.causes.length > 0, error.log);
      return true;
    });
  });
  await nothingIsLeft();
});

test('what is cancelled half way leaves nothing', async () => {
  await subjectOf(join(out, 'odd.tar'), async (subject) => {
    const target = await podman.detect(subject);
    await cancelHalfWay(
      400,
      (options) => podman.run(podman.plan(subject, target, {}), subject, options),
      (record) => podman.remove(record),
    );
  });
  await nothingIsLeft();
});
