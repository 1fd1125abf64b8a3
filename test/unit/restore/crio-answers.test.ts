/** What CRI-O 1.37 with crictl 1.37 was seen to do and to say. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { checkRestore } from '../../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts, type CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { Machine, type CommandResult } from '../../../src/core/restore/sandbox/command.ts';
import { containerConfig, podConfig } from '../../../src/core/restore/sandbox/cri-configs.ts';
import { CrioSandbox } from '../../../src/core/restore/sandbox/crio.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { podManifest } from '../../../src/core/restore/sandbox/pod-manifests.ts';
import type { SandboxRecord, Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { findCauses } from '../../../src/core/restore/sandbox/why-it-failed.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, writeTar } from '../support/repack.ts';
import { fakeCheckpoint } from '../worker/fake-checkpoint.ts';
import { facts, inFolder, withCheckpoint } from './support.ts';

const ID = '83857f7c4f78e07ba2ae850033c80368fde6d81ec0320dbbb498c6425bd35114';
const POD = 'a'.repeat(64);
const CONTAINER = 'c'.repeat(64);
const WISHES = { id: 'a', name: 'checkpoint-a', folder: '/var/tmp/checkpoint-a', image: '/x.tar' };

const FACTS = facts('cri-o', { image: { name: 'registry.example/app:1', id: ID } });
const SUBJECT: Subject = {
  locator: 'x.tar',
  facts: FACTS,
  checkpoint: fakeCheckpoint({ openArchive: () => Promise.resolve(memorySource(Buffer.from('x'), 'archive')) }),
};

/** Answers some commands of crictl's, and keeps all that it was asked. */
class Answering extends Machine {
  readonly asked: string[] = [];
  readonly #answers: Readonly<Record<string, Partial<CommandResult>>>;

  constructor(answers: Readonly<Record<string, Partial<CommandResult>>>) {
    super();
    this.#answers = answers;
  }

  override run(command: readonly string[]): Promise<CommandResult> {
    this.asked.push(command.join(' '));
    const answer = command[0] === 'crictl' ? this.#answers[command[3] ?? ''] : undefined;
    return Promise.resolve({ code: 0, output: '', complaint: '', ...answer });
  }
}

const VERSION = { output: 'Version:  0.1.0\nRuntimeName:  cri-o\nRuntimeVersion:  1.37.0\nRuntimeApiVersion:  v1\n' };

function withSandbox<T>(
  answers: Readonly<Record<string, Partial<CommandResult>>>,
  use: (sandbox: CrioSandbox, machine: Answering) => Promise<T>,
): Promise<T> {
  return inFolder((folder) => {
    const machine = new Answering(answers);
    return use(new CrioSandbox({ machine, journal: new SandboxJournal(folder) }), machine);
  });
}

/** @param config of the image, as `crictl inspecti` shows it */
function image(config: object): Partial<CommandResult> {
  return { output: JSON.stringify({ status: { id: ID }, info: { labels: {}, imageSpec: { config } } }) };
}

describe('the container image', () => {
  for (const [name, inspecti, expected] of [
    ['is there', image({ Cmd: ['sh'] }), ['image ok']],
    ['is there and names no command', image({ Env: ['PATH=/bin'] }), ['image ok', 'command blocker']],
    [
      'is not there',
      { code: 1, complaint: `time="…" level=error msg="no such image \\"${ID}\\" present"` },
      ['image blocker'],
    ],
    ['is not told of', { code: 1, complaint: 'rpc error: code = Unavailable' }, ['image warning']],
  ] as const) {
    test(`${name}: ${expected.join(', ')}`, () =>
      withSandbox({ version: VERSION, inspecti }, async (sandbox, machine) => {
        const findings = checkRestore(FACTS, await sandbox.detect(SUBJECT));
        assert.deepEqual(
          findings.flatMap(({ id, verdict }) => (id === 'image' || id === 'command' ? `${id} ${verdict}` : [])),
          expected,
        );
        assert.ok(machine.asked.includes(`crictl --timeout 600s inspecti --output json ${ID}`), machine.asked.join());
      }));
  }
});

test('what CRI-O brings for somebody whom the image does not know needs no volume', () =>
  inFolder(async (folder, spill) => {
    const userdata = `/run/containers/storage/overlay-containers/${CONTAINER}/userdata`;
    const list = (await members(archiveOf('crio-rich'))).map(({ header, content }) => {
      if (header.name.replace(/^\.\//, '') !== 'spec.dump') return { header, content };
      const spec = JSON.parse(content.toString('utf8')) as { mounts: object[] };
      for (const name of ['passwd', 'group']) {
        const options = ['rw', 'bind', 'nodev', 'nosuid', 'noexec'];
        spec.mounts.push({ destination: `/etc/${name}`, options, source: `${userdata}/${name}`, type: 'bind' });
      }
      return { header, content: Buffer.from(JSON.stringify(spec)) };
    });
    const path = join(folder, 'user.tar');
    await writeTar(path, list);
    await withCheckpoint(path, spill, async (checkpoint) => {
      const { mounts } = await readCheckpointFacts(checkpoint);
      assert.deepEqual(mounts.map(({ destination }) => destination).sort(), [
        '/data',
        '/dev/termination-log',
        '/etc/hosts',
      ]);
    });
  }));

test('a pod is removed without waiting for what runs in it: CRI-O waits as long as the request may take', () =>
  withSandbox({ pods: { output: `${POD}\n` }, ps: { output: `${CONTAINER}\n` } }, async (sandbox, machine) => {
    const record: SandboxRecord = { id: 'a', kind: 'crio', name: 'checkpoint-a', locator: '', created: '', things: [] };
    await sandbox.remove(record);
    assert.deepEqual(machine.asked.slice(-2), [
      `crictl --timeout 600s stop --timeout 0 ${CONTAINER}`,
      `crictl --timeout 30s rmp --force ${POD}`,
    ]);
  }));

test('the log is found by the id that CRI-O calls it by', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, `${CONTAINER}.log`), 'tick 1\n');
    const record: SandboxRecord = {
      ...{ id: 'a', kind: 'crio', name: 'checkpoint-a', locator: '', created: '' },
      things: [{ kind: 'folder', name: folder }],
    };
    const bin = join(folder, 'crictl');
    writeFileSync(bin, `#!/bin/sh\ncase $3 in pods) echo ${POD} ;; ps) echo ${CONTAINER} ;; esac\n`, { mode: 0o755 });
    const machine = new Machine([], { PATH: `${folder}:/usr/bin:/bin` });
    const sandbox = new CrioSandbox({ machine, journal: new SandboxJournal(join(folder, 'journal')) });
    assert.equal(await sandbox.logs(record), 'tick 1\n');
    // As containerd calls it, and CRI-O what it does not restore.
    writeFileSync(join(folder, 'restored.log'), 'tick 2\n');
    assert.equal(await sandbox.logs(record), 'tick 2\n');
  }));

describe('processes are restored among those that they were numbered with', () => {
  const modeIn = (config: object): unknown =>
    (config as { linux: { security_context: { namespace_options: { pid: number } } } }).linux.security_context
      .namespace_options.pid;
  const shares = (facts: CheckpointFacts): unknown => {
    const pod = podManifest(facts, { ...WISHES, namespace: 'n', lifetime: 1 }) as { spec: Record<string, unknown> };
    return pod.spec['shareProcessNamespace'];
  };

  test('by themselves, as in a real archive of a kubelet’s', () =>
    inFolder((_, spill) =>
      withCheckpoint(archiveOf('crio-rich'), spill, async (checkpoint) => {
        const facts = await readCheckpointFacts(checkpoint);
        assert.equal(facts.pidNamespace, 'own');
        // NamespaceMode: CONTAINER.
        assert.deepEqual([podConfig(facts, WISHES), containerConfig(facts, WISHES)].map(modeIn), [1, 1]);
        assert.equal(shares(facts), undefined);
      }),
    ));

  test('with the others of the pod', () => {
    const facts: CheckpointFacts = { ...FACTS, pidNamespace: 'of-pod' };
    // NamespaceMode: POD.
    assert.deepEqual([podConfig(facts, WISHES), containerConfig(facts, WISHES)].map(modeIn), [0, 0]);
    assert.equal(shares(facts), true);
  });
});

describe('what it says when a restore fails', () => {
  const error = `E1127 03:23:32.959537    2643 remote_runtime.go:410] "CreateContainer in sandbox from runtime service failed" err="rpc error: code = Unknown desc = `;

  test('the image names no command', () => {
    const [cause] = findCauses(`${error}no command specified" podSandboxID="x"`);
    assert.match(cause?.meaning?.template ?? '', /takes the command of what it restores from the container image/);
  });

  test('the image is not there', () => {
    const said = `${error}reading image \\"${ID}\\": locating image with ID \\"${ID}\\": image not known" podSandboxID="x"`;
    assert.match(findCauses(said)[0]?.meaning?.template ?? '', /CRI-O does not pull it/);
  });

  test('a file of the checkpoint is damaged, though the error of something before is named, too', () => {
    const line =
      '(00.010431) Error (criu/protobuf.c:93): Read 78 bytes while 2018915346 expected from /x/inventory.img: Operation not permitted';
    assert.match(findCauses(line)[0]?.meaning?.template ?? '', /is damaged or cut off/);
  });

  test('CRIU’s errors out of the lines that it shows of the log, rather than that its log is lost', () => {
    const said = [
      'time="2026-11-27T03:24:39Z" level=warning msg="340:(00.1)      1: Error (criu/files-reg.c:2353): Can\'t open file \\"data/x\\" on restore: No such file or directory"',
      'time="2026-11-27T03:24:39Z" level=warning msg=...',
      'time="2026-11-27T03:24:39Z" level=error msg="criu failed: type RESTORE errno 0"',
    ];
    const causes = findCauses(said.join('\n'));
    assert.deepEqual(
      causes.map(({ line }) => line),
      ['(00.1)      1: Error (criu/files-reg.c:2353): Can\'t open file "data/x" on restore: No such file or directory'],
    );
    assert.match(causes[0]?.meaning?.template ?? '', /A file that the container had open/);
    assert.match(findCauses(said[2] ?? '')[0]?.meaning?.template ?? '', /its log was thrown away/);
  });
});
