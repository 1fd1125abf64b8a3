import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { checkRestore } from '../../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts, type CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf } from '../../../src/core/restore/compatibility/finding.ts';
import { Machine } from '../../../src/core/restore/sandbox/command.ts';
import { containerConfig, podConfig } from '../../../src/core/restore/sandbox/cri-configs.ts';
import { CrioSandbox } from '../../../src/core/restore/sandbox/crio.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import type { Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { RestoreFailed } from '../../../src/core/restore/sandbox/why-it-failed.ts';
import { archiveOf } from '../support/fixtures.ts';
import { fakeCheckpoint } from '../worker/fake-checkpoint.ts';
import { inFolder, NO_DEMANDS, withCheckpoint } from './support.ts';

/** A crictl that keeps what it was given, as a CRI-O would. */
const CRICTL = `[ "$1" != --timeout ] || shift 2
case "$1" in
version) printf 'Version:  0.1.0\\nRuntimeName:  cri-o\\nRuntimeVersion:  1.37.0\\n' ;;
runp) cp "$2" "$FOLDER/pod"; echo 'time="x" level=warning msg="something"' >&2; printf '%064d\\n' 1 ;;
pods) [ ! -e "$FOLDER/pod" ] || printf '%064d\\n' 1 ;;
create) cp "$3" "$FOLDER/container"; CREATE; printf '%064d\\n' 2 ;;
start) printf '%064d\\n' 2 ;;
ps) echo '{"containers":[{"state":"CONTAINER_RUNNING"}]}' ;;
rmp) rm -f "$FOLDER/pod" ;;
esac`;

interface Scene {
  readonly sandbox: CrioSandbox;
  readonly journal: SandboxJournal;
  readonly folder: string;
  readonly bin: string;
  readonly kept: (name: string) => unknown;
}

async function scene(create: string, use: (scene: Scene) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'crictl'), `#!/bin/sh\n${CRICTL.replace('CREATE', create)}\n`);
    chmodSync(join(bin, 'crictl'), 0o755);
    const machine = new Machine([], { PATH: `${bin}:/usr/bin:/bin`, FOLDER: folder });
    const journal = new SandboxJournal(join(folder, 'journal'));
    const kept = (name: string): unknown =>
      existsSync(join(folder, name)) ? JSON.parse(readFileSync(join(folder, name), 'utf8')) : undefined;
    await use({ sandbox: new CrioSandbox({ machine, journal }), journal, folder, bin, kept });
  });
}

const MOUNT = { source: '/', kind: 'bind', isReadOnly: false, hasContents: false, openFiles: [] } as const;

function subject(more: Partial<CheckpointFacts> = {}): Subject {
  const facts = { containerName: 'app', mounts: [], isTerminal: false, ...more } as unknown as CheckpointFacts;
  const bytes = Buffer.from('the archive');
  const checkpoint = fakeCheckpoint({ openArchive: () => Promise.resolve(memorySource(bytes, 'archive')) });
  return { locator: 'node://x', facts, checkpoint };
}

describe('restoring with crictl', { skip: process.platform === 'win32' }, () => {
  test('does not restore another archive than the one that was looked at', () =>
    scene(':', async ({ sandbox, journal, folder }) => {
      const path = join(folder, 'archive.tar');
      writeFileSync(path, 'harmless');
      const archive = await openFile(path);
      const checked = { ...subject({ archiveState: archive.identity }), path };
      await archive.close();
      const plan = sandbox.plan(checked, { kind: 'crio' }, {});
      writeFileSync(path, 'something else');
      await assert.rejects(sandbox.run(plan, checked), { reason: 'changed', where: path });
      assert.deepEqual(await journal.list(), []);
    }));

  test('gives CRI-O what the plan shows, with something empty for each mount, and removes all of it', () =>
    scene(':', async ({ sandbox, journal, kept }) => {
      const mounts = [
        { ...MOUNT, destination: '/data', isFile: false },
        { ...MOUNT, destination: '/etc/hosts', isFile: true },
      ];
      const target = await sandbox.detect(subject());
      assert.deepEqual([target.engine, target.engineVersion], ['cri-o', '1.37.0']);
      const plan = sandbox.plan(subject({ mounts }), target, {});
      const record = await sandbox.run(plan, subject({ mounts }));
      const folder = `/var/tmp/${record.name}`;
      try {
        const shown = plan.steps.flatMap(({ manifest }) =>
          manifest === undefined ? [] : [JSON.parse(manifest) as object],
        );
        assert.deepEqual([kept('pod'), kept('container')], shown);
        const container = kept('container') as { image: { image: string }; mounts: readonly unknown[] };
        assert.equal(readFileSync(container.image.image, 'utf8'), 'the archive');
        assert.deepEqual(container.mounts, [
          { container_path: '/data', host_path: `${folder}/mount-0` },
          { container_path: '/etc/hosts', host_path: `${folder}/mount-1` },
        ]);
        assert.ok(existsSync(`${folder}/mount-0`) && existsSync(`${folder}/mount-1`));
        assert.equal(await sandbox.state(record), 'running');
        assert.deepEqual(await journal.list(), [record]);
        await sandbox.remove(record);
        assert.equal(existsSync(folder), false);
        assert.equal(await sandbox.state(record), 'gone');
        assert.deepEqual(await journal.list(), []);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }));

  test('leaves nothing where CRI-O refuses, and says why', () =>
    scene(
      'echo "restoring x expects following bind mounts defined (/data)" >&2; exit 1',
      async ({ sandbox, journal, kept }) => {
        const plan = sandbox.plan(subject(), { kind: 'crio' }, {});
        await assert.rejects(sandbox.run(plan, subject()), (error) => {
          assert.ok(error instanceof RestoreFailed, String(error));
          assert.match(error.message, /had mounts that the sandbox does not have/);
          return true;
        });
        assert.equal(kept('pod'), undefined);
        assert.equal(existsSync((plan as unknown as { wishes: { folder: string } }).wishes.folder), false);
        assert.deepEqual(await journal.list(), []);
      },
    ));

  test('removes no folder that it did not make', () =>
    scene(':', async ({ sandbox }) => {
      await inFolder(async (folder) => {
        for (const name of [folder, '/var/tmp/checkpoint-x/../..', '/var/tmp']) {
          const record = {
            id: 'x',
            kind: 'crio',
            name: 'x',
            locator: '',
            created: '',
            things: [{ kind: 'folder', name }],
          } as const;
          await sandbox.remove(record);
        }
        assert.ok(existsSync(folder) && existsSync('/var/tmp'));
      });
    }));

  test('is predicted: what a pod of Kubernetes needs, from a real archive', () =>
    scene(':', async ({ sandbox }) => {
      await inFolder((_, spill) =>
        withCheckpoint(archiveOf('crio-rich'), spill, async (checkpoint) => {
          const facts = await readCheckpointFacts(checkpoint);
          const target = await sandbox.detect({ locator: '', facts, checkpoint });
          assert.deepEqual(
            blockersOf(checkRestore(facts, target)).map(({ id }) => id),
            ['mount:/data'],
          );
          const wishes = { id: 'a', name: 'checkpoint-a', folder: '/var/tmp/checkpoint-a', image: '/x.tar' };
          const { mounts } = containerConfig(facts, wishes) as { mounts: readonly { container_path: string }[] };
          assert.deepEqual(mounts.map(({ container_path: path }) => path).sort(), [
            '/data',
            '/dev/termination-log',
            '/etc/hosts',
          ]);
          assert.ok(
            !JSON.stringify([podConfig(facts, wishes), containerConfig(facts, wishes)]).includes('/var/lib/kubelet'),
          );
        }),
      );
    }));

  test('names a command for containerd, which asks for one, and none that the archive names', () => {
    const wishes = { id: 'a', name: 'checkpoint-a', folder: '/var/tmp/checkpoint-a', image: '/x.tar' };
    const commandFor = (engine: CheckpointFacts['engine']): unknown =>
      (containerConfig(subject({ engine }).facts, wishes) as { command?: unknown }).command;
    assert.deepEqual(commandFor('containerd'), ['/not-run-but-restored']);
    assert.equal(commandFor('cri-o'), undefined);
  });

  test('tells what containerd is configured for, and asks for the time that a restore takes', () =>
    scene(':', async ({ sandbox, bin }) => {
      const config = (restore: boolean): object => ({
        enableExperimentalRestoreViaCreate: restore,
        containerd: {
          defaultRuntimeName: 'other',
          runtimes: { other: { runtimeType: 'io.containerd.runc.v2', options: { BinaryName: '/opt/bin/crun' } } },
        },
      });
      for (const restore of [true, false]) {
        writeFileSync(
          join(bin, 'crictl'),
          `#!/bin/sh\n[ "$1 $2" = "--timeout 600s" ] || exit 1\ncase $3 in
version) printf 'RuntimeName:  containerd\\nRuntimeVersion:  v2.3.4\\n' ;;
info) echo '${JSON.stringify({ config: config(restore) })}' ;;
esac\n`,
        );
        const target = await sandbox.detect(subject());
        assert.deepEqual(
          [target.engine, target.engineVersion, target.runtime, target.restoreViaCreate],
          ['containerd', 'v2.3.4', 'crun', restore],
        );
        const { facts } = subject({
          engine: 'containerd',
          connections: [],
          addresses: [],
          ports: [],
          doubts: [],
          demands: NO_DEMANDS,
        });
        const verdict = checkRestore(facts, target).find(({ id }) => id === 'restores')?.verdict;
        assert.equal(verdict, restore ? 'ok' : 'blocker');
      }
    }));

  test('explains a failure by CRIU’s own log where it is kept, and not by that of another restore', () =>
    scene(':', async ({ sandbox, bin, folder }) => {
      const log = join(folder, 'criu.log');
      const crictl = (write: string): void =>
        writeFileSync(
          join(bin, 'crictl'),
          `#!/bin/sh\nshift 2\n${CRICTL.replace('start) ', `start) ${write} echo 'OCI runtime restore failed: criu failed: type RESTORE errno 0' >&2; exit 1;;\nx) `)}\n`,
        );
      writeFileSync(join(bin, 'cat'), `#!/bin/sh\necho 'log-file=${log}'\n`);
      chmodSync(join(bin, 'cat'), 0o755);
      const line =
        "(00.1) 1: Error (criu/files-reg.c:2353): Can't open file data/x on restore: No such file or directory";
      writeFileSync(log, `${line}\n`);
      utimesSync(log, 1, 1);
      const fail = async (): Promise<RestoreFailed> => {
        const plan = sandbox.plan(subject(), { kind: 'crio', engine: 'containerd' }, {});
        const error: unknown = await sandbox.run(plan, subject()).catch((thrown: unknown) => thrown);
        assert.ok(error instanceof RestoreFailed, String(error));
        return error;
      };
      crictl('');
      assert.match((await fail()).message, /^containerd could not restore it: .*its log was thrown away/);
      crictl(`printf '%s\\n' "${line}" > ${log};`);
      const { message, log: said } = await fail();
      assert.match(message, /^containerd could not restore it: A file that the container had open/);
      assert.ok(said.includes(line));
    }));

  for (const destination of ['relative', '/a/../..', '/proc/sys', '/a\nb']) {
    test(`mounts nothing at ${JSON.stringify(destination)}`, () =>
      scene(':', ({ sandbox }) => {
        const mounts = [{ ...MOUNT, destination, isFile: false }];
        assert.throws(() => sandbox.plan(subject({ mounts }), { kind: 'crio' }, {}), { reason: 'unsupported' });
        return Promise.resolve();
      }));
  }
});
