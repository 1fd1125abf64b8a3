/**
 * Brings a checkpoint that containerd just made of a container in a pod back to life through its CRI plugin, by the same
 * words and files as on a node: the counter goes on. CHECKPOINT_EXPLORER_LAB_OUT names the folder of the checkpoints,
 * CHECKPOINT_EXPLORER_LAB_SCRIPT the lab's script.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { checkRestore } from '../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts } from '../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf } from '../../src/core/restore/compatibility/finding.ts';
import { Machine } from '../../src/core/restore/sandbox/command.ts';
import { checkpointAgain } from '../../src/core/restore/sandbox/checkpoint-again.ts';
import { CrioSandbox } from '../../src/core/restore/sandbox/crio.ts';
import { SandboxJournal } from '../../src/core/restore/sandbox/journal.ts';
import type { RunOptions, SandboxRecord, Subject } from '../../src/core/restore/sandbox/sandbox.ts';
import { RestoreFailed } from '../../src/core/restore/sandbox/why-it-failed.ts';
import { inFolder, withCheckpoint } from '../unit/restore/support.ts';
import { goesOnFrom } from './goes-on.ts';
import { cancelHalfWay } from './half-way.ts';

const out = process.env['CHECKPOINT_EXPLORER_LAB_OUT'] ?? '';
const script = process.env['CHECKPOINT_EXPLORER_LAB_SCRIPT'] ?? join(import.meta.dirname, 'lab.sh');
const archive = join(out, 'containerd.tar');
const machine = new Machine(['bash', script, 'exec']);
const folder = mkdtempSync(join(tmpdir(), 'lab-cri-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const journal = new SandboxJournal(folder);
const sandbox = new CrioSandbox({ machine, journal });

function restore(path: string, options: RunOptions = {}, standing: readonly string[] = []): Promise<SandboxRecord> {
  return inFolder((_, spill) =>
    withCheckpoint(path, spill, async (checkpoint) => {
      const subject: Subject = { locator: path, path, facts: await readCheckpointFacts(checkpoint), checkpoint };
      const target = await sandbox.detect(subject);
      assert.equal(target.engine, 'containerd');
      assert.ok(target.criuVersion !== undefined && (target.memory ?? 0) > 0);
      const findings = checkRestore(subject.facts, target);
      assert.deepEqual(
        blockersOf(findings).map(({ id }) => id),
        standing,
      );
      return sandbox.run(sandbox.plan(subject, target, {}), subject, options);
    }),
  );
}

async function count(record: SandboxRecord): Promise<number> {
  const { containers } = JSON.parse(
    await machine.expect(['crictl', 'ps', '--output', 'json', '--label', `checkpoint-explorer/sandbox=${record.id}`]),
  ) as { containers: readonly { id: string }[] };
  const words = ['crictl', 'exec', '--sync', containers[0]?.id ?? '', 'cat', '/tmp/count'];
  return Number((await machine.expect(words)).trim());
}

/** Other tests restore with Podman at the same time, and keep files where these keep folders. */
async function nothingIsLeft(): Promise<void> {
  assert.deepEqual(await journal.list(), []);
  assert.equal((await machine.expect(['crictl', 'pods', '--quiet'])).trim(), '');
  assert.equal((await machine.expect(['crictl', 'ps', '--all', '--quiet'])).trim(), '');
  assert.equal((await machine.expect(['find', '/var/tmp', '-type', 'd', '-name', 'checkpoint-*'])).trim(), '');
}

describe('in a pod of containerd', { skip: !existsSync(archive) && 'containerd made no checkpoint here' }, () => {
  test('a counter goes on, twice side by side, and what it prints can be read', async () => {
    const before = Number(readFileSync(join(out, 'containerd.count'), 'utf8'));
    assert.ok(before > 0);
    const [one, two] = [await restore(archive), await restore(archive)];
    const first = await goesOnFrom(before - 1, () => count(one));
    await goesOnFrom(first, () => count(one));
    await goesOnFrom(before - 1, () => count(two));
    assert.match(await sandbox.logs(one), new RegExp(`tick ${String(before + 1)}`));
    assert.equal(await sandbox.state(one), 'running');
    await sandbox.remove(one);
    assert.equal(await sandbox.state(one), 'gone');
    assert.equal(await sandbox.state(two), 'running');
    // What became of it meanwhile is a checkpoint again, which restores as the first did.
    const again = join(folder, 'again.tar');
    const meanwhile = await goesOnFrom(before, () => count(two));
    await checkpointAgain(two, again);
    const three = await restore(again);
    await goesOnFrom(meanwhile - 1, () => count(three));
    await sandbox.remove(two);
    await sandbox.remove(three);
    await nothingIsLeft();
  });

  test('what cannot be restored leaves nothing, and says why', async () => {
    const broken = join(folder, 'broken.tar');
    const bytes = readFileSync(archive);
    const at = bytes.indexOf('checkpoint/inventory.img');
    assert.ok(at >= 0 && at % 512 === 0);
    // Its magic is the first word of the member's content.
    bytes.writeUInt32LE(0x12345678, at + 512 + 4);
    writeFileSync(broken, bytes);
    await assert.rejects(restore(broken, {}, ['complete']), (error) => {
      assert.ok(error instanceof RestoreFailed, String(error));
      assert.match(error.message, /^containerd could not restore it/);
      assert.match(error.log, /OCI runtime restore failed[\s\S]*Error \(criu\//);
      assert.match(error.causes[0]?.line ?? '', /inventory\.img/);
      return true;
    });
    await nothingIsLeft();
  });

  test('what is cancelled half way leaves nothing', async () => {
    for (const pause of [0, 1500]) {
      await cancelHalfWay(
        pause,
        (options) => restore(archive, options),
        (record) => sandbox.remove(record),
      );
      await nothingIsLeft();
    }
  });
});
