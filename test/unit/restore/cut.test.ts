/** A restore that is cut at any of its steps, in any way, leaves nothing that is not written down and can be removed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import type { CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { CrioSandbox } from '../../../src/core/restore/sandbox/crio.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { PodmanSandbox } from '../../../src/core/restore/sandbox/podman.ts';
import type { Sandbox, Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { fakeCheckpoint } from '../worker/fake-checkpoint.ts';
import { CUTS, ModelMachine, type Cut } from './model-machine.ts';
import { inFolder } from './support.ts';

const VOLUME = { destination: '/data', kind: 'volume', volume: 'data', isFile: false } as const;
const FILE = { destination: '/etc/hosts', kind: 'bind', source: '/x', isFile: true } as const;
const subject: Subject = {
  locator: 'node://somewhere/else.tar',
  facts: {
    engine: 'cri-o',
    containerName: 'app',
    connections: [],
    mounts: [VOLUME, FILE],
    isTerminal: false,
    hasFileLocks: false,
  } as unknown as CheckpointFacts,
  checkpoint: fakeCheckpoint({ openArchive: () => Promise.resolve(memorySource(Buffer.from('bytes'), 'archive')) }),
};

interface Scene {
  readonly machine: ModelMachine;
  readonly journal: SandboxJournal;
  readonly sandbox: Sandbox;
}

const PLACES: Readonly<Record<string, (machine: ModelMachine, journal: SandboxJournal) => Sandbox>> = {
  podman: (machine, journal) => new PodmanSandbox({ machine, journal }),
  crictl: (machine, journal) => new CrioSandbox({ machine, journal }),
};

/** More than any of them does: the walk ends where nothing is cut any more. */
const MOST_STEPS = 40;

for (const [name, place] of Object.entries(PLACES)) {
  const scene = <T>(use: (scene: Scene) => Promise<T>): Promise<T> =>
    inFolder((folder) => {
      const machine = new ModelMachine(['ssh', 'host']);
      machine.broughtVolumes = ['data'];
      const journal = new SandboxJournal(join(folder, 'journal'));
      return use({ machine, journal, sandbox: place(machine, journal) });
    });

  describe(`a restore with ${name} that is cut at each of its steps`, () => {
    for (const kind of CUTS) {
      test(kind, async () => {
        const steps = await walk((step) => scene((one) => cutRestore(one, kind, step)));
        assert.ok(steps > 3, String(steps));
      });
    }
  });

  describe(`a removal of what ${name} restored that is cut at each of its steps`, () => {
    for (const kind of ['fails', 'dies', 'cancelled-before', 'cancelled-after'] as const) {
      test(kind, async () => {
        const steps = await walk((step) => scene((one) => cutRemoval(one, kind, step)));
        assert.ok(steps > 0, String(steps));
      });
    }
  });
}

/** Cuts step after step until there is none left. @returns how many there were */
async function walk(cut: (step: number) => Promise<boolean>): Promise<number> {
  for (let step = 0; step < MOST_STEPS; step++) if (!(await cut(step))) return step;
  throw new Error(`There are more than ${String(MOST_STEPS)} steps.`);
}

/** @returns whether there was a step to be cut */
async function cutRestore({ machine, journal, sandbox }: Scene, kind: Cut, step: number): Promise<boolean> {
  const stop = new AbortController();
  const plan = sandbox.plan(subject, { kind: sandbox.kind }, {});
  machine.cut(kind, step, stop);
  const record = await sandbox.run(plan, subject, { signal: stop.signal }).catch(() => undefined);
  const left = kind === 'dies' ? [] : machine.everything();
  if (record === undefined) assert.deepEqual(left, [], `after step ${String(step)}`);
  const happened = machine.recover();
  assert.ok(happened || record !== undefined);
  const there = machine.everything();
  const records = await journal.list();
  if (there.length > 0) assert.equal(records.length, 1, `after step ${String(step)}: ${there.join(', ')}`);
  for (const one of records) await sandbox.remove(one);
  assert.deepEqual([machine.everything(), await journal.list()], [[], []], `after step ${String(step)}`);
  return happened;
}

/** @returns whether there was a step to be cut */
async function cutRemoval({ machine, journal, sandbox }: Scene, kind: Cut, step: number): Promise<boolean> {
  const record = await sandbox.run(sandbox.plan(subject, { kind: sandbox.kind }, {}), subject);
  assert.ok(machine.everything().length > 0);
  const stop = new AbortController();
  machine.cut(kind, step, stop);
  const failed = await sandbox.remove(record, stop.signal).then(
    () => false,
    () => true,
  );
  const happened = machine.recover();
  if (happened && failed) {
    assert.deepEqual(await journal.list(), [record]);
    await sandbox.remove(record);
  }
  assert.deepEqual([machine.everything(), await journal.list()], [[], []]);
  return happened;
}

test('a volume that appears while Podman restores is not taken for the sandbox’s own', () =>
  inFolder(async (folder) => {
    const machine = new ModelMachine();
    machine.broughtVolumes = ['data'];
    const journal = new SandboxJournal(join(folder, 'journal'));
    const podman = new PodmanSandbox({ machine, journal });
    const plan = podman.plan(subject, { kind: 'podman' }, {});
    const work = podman.run(plan, subject, {
      onProgress: ({ template }) => template === 'Restoring' && machine.volumes.add('data'),
    });
    await assert.rejects(work, /A volume of that name is there already/);
    assert.deepEqual([machine.everything(), await journal.list()], [['data'], []]);
  }));
