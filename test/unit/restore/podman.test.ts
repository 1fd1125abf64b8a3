import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { commandLine, Machine, quoted } from '../../../src/core/restore/sandbox/command.ts';
import { SandboxJournal, sandboxName } from '../../../src/core/restore/sandbox/journal.ts';
import { PodmanSandbox } from '../../../src/core/restore/sandbox/podman.ts';
import type { Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { findCauses, RestoreFailed } from '../../../src/core/restore/sandbox/why-it-failed.ts';
import { fakeCheckpoint } from '../worker/fake-checkpoint.ts';
import { inFolder } from './support.ts';

const HOSTILE = '$(touch pwned)`touch pwned`; touch pwned\n"\'--privileged ../../etc';

function subject(more: Partial<CheckpointFacts> = {}, path = '/evidence/a b.tar'): Subject {
  const facts = {
    engine: 'podman',
    containerName: HOSTILE,
    runtime: HOSTILE,
    image: { name: HOSTILE },
    connections: [],
    mounts: [],
    hasFileLocks: false,
    ...more,
  } as unknown as CheckpointFacts;
  return {
    locator: path,
    path,
    facts,
    checkpoint: fakeCheckpoint({ openArchive: () => Promise.resolve(memorySource(Buffer.from('bytes'), 'archive')) }),
  };
}

/** A Podman that does what a script says, and writes down how it was called. */
async function withPodman(
  script: string,
  use: (scene: {
    podman: PodmanSandbox;
    journal: SandboxJournal;
    folder: string;
    calls: () => string[][];
  }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const log = join(folder, 'calls');
    const record = `printf '%s\\0' "$(basename "$0")" "$@" >> '${log}'; printf '\\1' >> '${log}'\n`;
    const programs = { podman: script, criu: 'echo "Version: 4.2.1"', unshare: 'shift 2; exec "$@"', ip: 'exit 0' };
    for (const [name, body] of Object.entries(programs)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${record}${body}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const machine = new Machine([], { PATH: `${bin}:/usr/bin:/bin`, FOLDER: folder });
    const journal = new SandboxJournal(join(folder, 'journal'));
    await use({
      podman: new PodmanSandbox({ machine, journal }),
      journal,
      folder,
      calls: () =>
        existsSync(log)
          ? readFileSync(log, 'utf8')
              .split('\x01')
              .filter((call) => call !== '')
              .map((call) => call.split('\0').slice(0, -1))
          : [],
    });
  });
}

const OK = `case "$1 $2" in
"volume exists") exit 1 ;;
"container inspect") [ -e "$FOLDER/there" ] && echo running || { echo "Error: no such container" >&2; exit 125; } ;;
"rm --force") rm -f "$FOLDER/there" ;;
"container restore") touch "$FOLDER/there"; echo 0123 ;;
esac`;

const TARGET = { kind: 'podman' } as const;

describe('restoring with Podman', { skip: process.platform === 'win32' }, () => {
  test('does what the plan says, and nothing that a name in the archive says', () =>
    withPodman(OK, async ({ podman, journal, folder, calls }) => {
      const plan = podman.plan(subject(), { ...TARGET, runtime: HOSTILE }, {});
      const record = await podman.run(plan, subject());
      assert.match(record.name, /^checkpoint-[a-z0-9-]+$/);
      const restore = calls().find((call) => call[0] === 'podman' && call.includes('restore')) ?? [];
      const shown = plan.steps.flatMap(({ command }) => command ?? []);
      assert.deepEqual(restore.slice(1), shown.slice(shown.indexOf('podman') + 1));
      assert.deepEqual(restore.slice(0, 7), [
        'podman',
        'container',
        'restore',
        '--import',
        '/evidence/a b.tar',
        '--name',
        record.name,
      ]);
      assert.ok(calls().every((call) => call.every((word) => !/touch pwned|privileged/.test(word))));
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.includes('pwned')),
        [],
      );
      assert.deepEqual(await journal.list(), [record]);
      assert.equal(await podman.state(record), 'running');
      await podman.remove(record);
      assert.equal(await podman.state(record), 'gone');
      assert.deepEqual(await journal.list(), []);
    }));

  test('does not restore another archive than the one that was looked at', () =>
    withPodman(OK, async ({ podman, journal, folder, calls }) => {
      const path = join(folder, 'archive.tar');
      writeFileSync(path, 'harmless');
      const archive = await openFile(path);
      const checked = subject({ archiveState: archive.identity }, path);
      await archive.close();
      const record = await podman.run(podman.plan(checked, TARGET, {}), checked);
      await podman.remove(record);
      writeFileSync(join(folder, 'evil.tar'), 'evil');
      renameSync(join(folder, 'evil.tar'), path);
      const before = calls().length;
      await assert.rejects(podman.run(podman.plan(checked, TARGET, {}), checked), { reason: 'changed', where: path });
      assert.deepEqual([calls().length, await journal.list()], [before, []]);
    }));

  test('asks for what was chosen, and for locks where there are some', () =>
    withPodman(OK, ({ podman }) => {
      const facts = { connections: ['a ↔ b'], hasFileLocks: true };
      const words = podman.plan(subject(facts), TARGET, { tcp: 'close' }).steps[0]?.command ?? [];
      assert.ok(words.includes('--tcp-close') && words.includes('--file-locks') && words.includes('unshare'));
      assert.ok(!(podman.plan(subject(), TARGET, { tcp: 'close' }).steps[0]?.command ?? []).includes('--tcp-close'));
      return Promise.resolve();
    }));

  test('refuses a volume whose name is an option', () =>
    withPodman(OK, ({ podman }) => {
      const mounts = [{ destination: '/x', kind: 'volume', volume: '--all' }] as unknown as CheckpointFacts['mounts'];
      assert.throws(() => podman.plan(subject({ mounts }), TARGET, {}), { reason: 'unsupported' });
      return Promise.resolve();
    }));

  test('leaves nothing where it fails, and says why', () =>
    withPodman(
      `${OK.replace('touch "$FOLDER/there"; echo 0123', 'touch "$FOLDER/there"; echo "Error: crun: CRIU restoring failed -52" >&2; exit 125')}
case "$1 $2" in "container inspect") [ -e "$FOLDER/there" ] || exit 0 ;; esac`,
      async ({ podman, journal, folder }) => {
        const plan = podman.plan(subject(), TARGET, {});
        await assert.rejects(podman.run(plan, subject()), (error) => {
          assert.ok(error instanceof RestoreFailed);
          assert.match(error.log, /restoring failed -52/);
          return true;
        });
        assert.equal(existsSync(join(folder, 'there')), false);
        assert.deepEqual(await journal.list(), []);
      },
    ));

  test('what cannot be removed stays written down', () =>
    withPodman(OK.replace('rm -f "$FOLDER/there"', 'echo "Error: busy" >&2; exit 1'), async ({ podman, journal }) => {
      const record = await podman.run(podman.plan(subject(), TARGET, {}), subject());
      await assert.rejects(podman.remove(record), /busy/);
      assert.deepEqual(await journal.list(), [record]);
    }));

  test('does not touch a volume that appeared after the plan', () =>
    withPodman(OK.replace('"volume exists") exit 1', '"volume exists") exit 0'), async ({ podman, journal, calls }) => {
      const mounts = [{ destination: '/x', kind: 'volume', volume: 'data' }] as unknown as CheckpointFacts['mounts'];
      await assert.rejects(podman.run(podman.plan(subject({ mounts }), TARGET, {}), subject({ mounts })), {
        reason: 'exists',
      });
      assert.ok(
        calls().every((call) => !call.includes('restore') && !(call.includes('volume') && call.includes('rm'))),
      );
      assert.deepEqual(await journal.list(), []);
    }));

  test('brings the archive to a machine that does not have it, and takes the copy away', () =>
    withPodman(OK, async ({ folder, journal, calls }) => {
      const bin = join(folder, 'bin');
      const environment = { PATH: `${bin}:/usr/bin:/bin`, FOLDER: folder };
      // Stands for ssh: it gives its words to a shell, as ssh does.
      writeFileSync(join(bin, 'ssh'), '#!/bin/sh\nshift\nexec sh -c "$*"\n');
      chmodSync(join(bin, 'ssh'), 0o755);
      const podman = new PodmanSandbox({ machine: new Machine(['ssh', 'host'], environment), journal });
      const plan = podman.plan(subject(), TARGET, {});
      assert.equal(plan.steps.length, 3);
      const record = await podman.run(plan, subject());
      const copy = calls().find((call) => call[0] === 'podman' && call.includes('restore'))?.[4] ?? '';
      assert.match(copy, /^\/var\/tmp\/checkpoint-.*\.tar$/);
      assert.equal(existsSync(copy), false);
      assert.deepEqual(record.things, []);
      await podman.remove(record);
    }));

  test('says that Podman is not there', async () => {
    const machine = new Machine([], { PATH: '/nowhere' });
    const podman = new PodmanSandbox({ machine, journal: new SandboxJournal('/nowhere') });
    await assert.rejects(podman.detect(subject()), (error) => CheckpointError.is(error, 'not-found'));
  });
});

test('words stay what they are in a shell', { skip: process.platform === 'win32' }, () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0')),
        { maxLength: 4 },
      ),
      (words) => {
        const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${['x', ...words].map(quoted).join(' ')}`]);
        assert.deepEqual(
          printed.toString('utf8').split('\0').slice(1, -1),
          words.map((word) => word.toWellFormed()),
        );
      },
    ),
    { numRuns: 30 },
  );
  assert.equal(commandLine(['a', "it's"]), "a 'it'\\''s'");
});

test('a name for any container is one that every engine takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      assert.match(sandboxName(name, 'abc123'), /^checkpoint-(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?-)?abc123$/);
      assert.ok(sandboxName(name, 'abc123').length <= 63);
    }),
  );
});

describe('why it failed', () => {
  for (const [line, meaning] of [
    [
      "(00.1)  1: Error (criu/files-reg.c:2353): Can't open file data/pipe.log on restore: No such file or directory",
      /A file that the container had open/,
    ],
    ['(00.1) Error (criu/cr-restore.c:1): Core march mismatch 2', /another architecture/],
    [
      '(00.1) Error (criu/mount.c:1): mnt: No mapping for 123:/x mountpoint',
      /mount of the checkpoint has no counterpart/,
    ],
    [
      'failed to generate container "x" spec: failed to generate spec: no command specified',
      /did not take the image for a checkpoint/,
    ],
    ['restoring "x" expects following bind mounts defined (/data)', /had mounts that the sandbox does not have/],
    [
      'failed to read "status.dump": open /tmp/checkpoint1/status.dump: no such file or directory',
      /made by another engine/,
    ],
    ['checkpoint/restore support not available', /turned off/],
    ['Source image rejected: A signature was required, but no signature exists', /not signed/],
    [
      'namespaced signature policy /etc/crio/policy.json defined for pods in namespace lab; signature validation is not supported for container restore',
      /restores no image with one/,
    ],
  ] as const) {
    test(line.slice(0, 60), () => {
      const [cause] = findCauses(`something before\n${line}\nsomething after`);
      assert.equal(cause?.line, line);
      assert.match(cause.meaning?.template ?? '', meaning);
    });
  }

  test('what is harmless, or only follows, is not a cause', () => {
    const log = [
      "(00.0) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self",
      '(00.1) Error (criu/x.c:1): something nobody has seen',
      '(00.2) Error (criu/cr-restore.c:2): Restoring FAILED.',
    ].join('\n');
    assert.deepEqual(findCauses(log), [{ line: '(00.1) Error (criu/x.c:1): something nobody has seen' }]);
  });
});

test('the journal leaves out what is not one of its records', () =>
  inFolder(async (folder) => {
    const journal = new SandboxJournal(folder);
    for (const [name, content] of [
      ['a.json', 'null'],
      ['b.json', '{"id":"b"}'],
      ['c.json', '{'],
      ['d.json', '{"id":"d","kind":"podman","name":"x","locator":"x","created":"x","things":[null]}'],
    ] as const)
      writeFileSync(join(folder, name), content);
    assert.deepEqual(await journal.list(), []);
  }));
