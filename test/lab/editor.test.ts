/**
 * What the editor does behind its page and its view of sandboxes, with the lab's Podman: from a look at the archive to a
 * counter that goes on, also of a folder that is packed on the way. CHECKPOINT_EXPLORER_LAB_OUT names where the
 * checkpoints are.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readCheckpointFacts } from '../../src/core/restore/compatibility/checkpoint-facts.ts';
import { Machine } from '../../src/core/restore/sandbox/command.ts';
import { SandboxJournal } from '../../src/core/restore/sandbox/journal.ts';
import { shellWords } from '../../src/core/restore/sandbox/shell.ts';
import type { Subject } from '../../src/core/restore/sandbox/sandbox.ts';
import { detectPlaces, isThere, placeOf, type PlaceOptions } from '../../src/vscode/sandboxes/places.ts';
import { Restoring } from '../../src/vscode/sandboxes/restoring.ts';
import { SandboxList } from '../../src/vscode/sandboxes/sandbox-list.ts';
import { inFolder, withCheckpoint } from '../unit/restore/support.ts';

const out = process.env['CHECKPOINT_EXPLORER_LAB_OUT'] ?? '';
const script = process.env['CHECKPOINT_EXPLORER_LAB_SCRIPT'] ?? join(import.meta.dirname, 'lab.sh');
const prefix = ['bash', script, 'exec'];
const machine = new Machine(prefix);
const folder = mkdtempSync(join(tmpdir(), 'lab-editor-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const noClusters = {
  contexts: () => Promise.resolve([]),
  connect: () => Promise.reject(new Error('there are no clusters here')),
  allowHelpers: () => Promise.resolve(false),
};

const signal = AbortSignal.timeout(300_000);

describe('the editor with a real Podman', () => {
  const unpacked = join(folder, 'unpacked');
  for (const [what, locator] of [
    ['an archive', join(out, 'crun-gzip.tar.gz')],
    ['a folder', unpacked],
  ] as const) {
    test(`restores ${what}, lists it, opens a shell in it, and takes it away`, async () => {
      if (locator === unpacked) {
        mkdirSync(unpacked);
        execFileSync('tar', ['-xf', join(out, 'crun-plain.tar'), '-C', unpacked]);
      }
      const journal = new SandboxJournal(join(folder, 'journal'));
      const options: PlaceOptions = { prefix, network: 'nowhere', journal };
      const list = new SandboxList({
        journal,
        placeOf: (record) => placeOf(record, options, noClusters),
        mayLook: () => true,
        onChanged: () => undefined,
      });
      await inFolder((_, spill) =>
        withCheckpoint(locator, spill, async (checkpoint) => {
          const facts = await readCheckpointFacts(checkpoint);
          const subject: Subject = { locator, facts, checkpoint };
          const place = (await detectPlaces(options, subject, signal)).find(({ kind }) => kind === 'podman');
          assert.ok(place && isThere(place), JSON.stringify(place));
          const restoring = new Restoring(subject, place);
          const { plan, findings } = restoring.review;
          assert.deepEqual(
            findings.filter(({ verdict }) => verdict === 'blocker'),
            [],
          );
          const record = await restoring.run(plan ?? '', [], { signal });
          await list.look();
          assert.deepEqual(
            (await list.items()).map(({ record: { id }, state }) => [id, state]),
            [[record.id, 'running']],
          );
          const shell = (await shellWords(record)) ?? [];
          assert.deepEqual(shell.slice(0, prefix.length), prefix);
          const count = await machine.expect(['podman', 'exec', record.name, 'cat', '/tmp/count']);
          assert.ok(Number(count) >= 1, count);
          await machine.expect(['podman', 'kill', record.name]);
          await list.look();
          assert.deepEqual(
            (await list.items()).map(({ state }) => state),
            ['ended'],
          );
          await (await placeOf(record, options, noClusters)).remove(record, signal);
          await list.look();
          assert.deepEqual(await list.items(), []);
        }),
      );
    });
  }
});
