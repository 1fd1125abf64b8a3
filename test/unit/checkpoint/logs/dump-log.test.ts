import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openLogs } from '../../../../src/core/checkpoint/logs/logs.ts';
import type { LogProblems } from '../../../../src/protocol/logs.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import { memoryFiles } from '../../support/memory-files.ts';
import { withFixture } from '../isolation/support.ts';

function problemsOf(lines: readonly string[], name = 'dump.log'): Promise<LogProblems> {
  const files = memoryFiles({ [name]: `${lines.join('\n')}\n` });
  return openLogs({ files, imagesPrefix: 'checkpoint/' }).problems(name);
}

function summary({ problems }: LogProblems): readonly (readonly [string, string | undefined, string])[] {
  return problems.map(({ weight, record, explanation }) => [
    weight,
    record.source,
    explanation === undefined ? '' : say(explanation).slice(0, 45),
  ]);
}

for (const name of ['crio-rich', 'containerd-webapp', 'containerd-redis']) {
  test(`${name}: the log of a dump that went well says so, and what looks like an error is none`, () =>
    withFixture(name, async ({ logs }) => {
      const found = await logs.problems('dump.log');
      assert.equal(found.outcome, 'success');
      assert.equal(found.criuVersion, '4.2.1');
      assert.match(found.node ?? '', /^\S+ Linux 6\.18/);
      assert.ok((found.duration ?? 0) > 50_000);
      assert.ok(found.problems.length > 0);
      for (const { weight, explanation } of found.problems) {
        assert.equal(weight, 'harmless');
        assert.ok(explanation);
      }
    }));
}

describe('a dump that failed', () => {
  test('because of what CRIU 4.2.1 refuses, in its own lines', async () => {
    const lines = [
      '(00.000010) Error (compel/src/lib/infect.c:262): Unseizable non-zombie 4372 found, state t, err -1/10',
      "(00.000020) Error (criu/parasite-syscall.c:280): Can't retrieve FDs from socket",
      '(00.000030) Error (criu/pipes.c:490): The packetized mode for pipes is not supported yet',
      '(00.000040) Error (criu/sk-unix.c:506): unix: Non-empty write queue on an in-flight socket 0x325a0',
      '(00.000050) Error (criu/sk-netlink.c:77): netlink: The socket has data to read',
      "(00.000060) Error (criu/files-reg.c:1790): Can't lookup mount=24 for fd=10 path=/dev/null",
    ];
    assert.deepEqual(
      summary(await problemsOf(lines)).map(([weight, , text]) => [weight, text]),
      [
        ['cause', 'CRIU could not take hold of a process. Is it '],
        ['cause', 'A process has something open that cannot be h'],
        ['cause', 'A process has a pipe that keeps messages apar'],
        ['cause', 'A process has sent data over a UNIX socket be'],
        ['cause', 'Messages of the kernel wait unread in a netli'],
        ['cause', 'A process has a file open that lies on no mou'],
      ],
    );
  });

  test('because of a TCP connection', async () => {
    const found = await problemsOf([
      '(00.000000) CRIU run id = 6a2fe2f2-1688-45d2-801d-35d87df6031a',
      '(00.000227) Version: 4.2.1 (gitid 0)',
      '(00.000232) Running on lab-a1 Linux 6.18.44-fc-v669 #1 SMP PREEMPT_DYNAMIC @0 x86_64',
      "(00.001141) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
      '(00.014270) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.',
      '(00.014280) ----------------------------------------',
      '(00.014297) Error (criu/cr-dump.c:1545): Dump files (pid: 17540) failed with -1',
      '(00.077933) Error (criu/cr-dump.c:1975): Dumping FAILED.',
    ]);
    assert.equal(found.outcome, 'failure');
    assert.deepEqual(summary(found), [
      ['cause', 'criu/sk-inet.c:200', 'A process has an open TCP connection. Kuberne'],
      ['consequence', 'criu/cr-dump.c:1545', 'Something above went wrong: this only says wh'],
      ['consequence', 'criu/cr-dump.c:1975', 'Something above went wrong: this only says wh'],
      ['harmless', 'criu/util.c:1534', 'CRIU could not raise its own limit of open fi'],
    ]);
    assert.equal(found.problems[0]?.record.elapsed, 14_270);
    assert.equal(found.problems[0].record.number, 4);
    assert.equal(found.duration, 77_933);
  });

  test('because CRIU may not read limits, or does not know a socket option', async () => {
    const limits = await problemsOf([
      '(00.018710) Warn  (criu/fsnotify.c:281): fsnotify: \tHandle 0x3b:0x2e26ba cannot be opened',
      "(00.055825) Error (criu/cr-dump.c:389): Can't get rlimit 0: Operation not permitted",
      '(00.055828) Error (criu/cr-dump.c:1584): Dump core (pid: 2191) failed with -1',
      '(00.109116) Error (criu/cr-dump.c:1975): Dumping FAILED.',
    ]);
    assert.deepEqual(
      summary(limits).map(([weight, source]) => [weight, source]),
      [
        ['cause', 'criu/cr-dump.c:389'],
        ['consequence', 'criu/cr-dump.c:1584'],
        ['consequence', 'criu/cr-dump.c:1975'],
        ['harmless', 'criu/fsnotify.c:281'],
      ],
    );
    const option = await problemsOf([
      "(00.009004) Error (criu/sockets.c:628): sockets: Can't get 1:16 opt: Operation not supported",
      '(00.009800) Error (criu/cr-dump.c:2111): Dumping FAILED.',
    ]);
    assert.match(say(option.problems[0]?.explanation ?? { template: '', args: [] }), /newer CRIU/);
  });

  const messages: readonly (readonly [string, RegExp])[] = [
    ['Some file locks are hold by dumping tasks! You can try --file-locks to dump them.', /file lock/],
    ["Can't dump ghost file /tmp/big of 104857600 size, increase limit", /ghost-limit/],
    ["Can't create link remap for /a/b. Use link-remap option.", /link-remap/],
    ['unix: External socket is used. Consider using --ext-unix-sk option.', /ext-unix-sk/],
    [
      'Mount 650 ./etc (master_id: 7 shared_id: 0) has unreachable sharing. Try --enable-external-masters.',
      /external-masters/,
    ],
    ["mnt: 99:./proc/scsi doesn't have a proper root mount", /root is not mounted/],
    ['Core march mismatch 2', /another architecture/],
    ["can't write lsm profile -13", /security label/],
    ["Task 5 with SysVIPC shmem map @7f00 doesn't live in IPC ns", /System V/],
    ['Timeout reached. Try to interrupt: 1', /could not be stopped/],
    ["Can't dump nested net namespace for 17", /container in a container/],
    ["Can't dump file 5 of that type [20666] (chr 10:229 /dev/fuse)", /device or a kernel object/],
    ['File /app/lib.so has bad size 10 (expect 20)', /not what it was/],
    ['The criu itself is within dumped tree.', /outside of the container/],
    ['Pid 7 do not match expected 5', /another process has it/],
  ];
  for (const [message, words] of messages) {
    test(`explains: ${message}`, async () => {
      const found = await problemsOf([`(00.000001) Error (criu/x.c:1): ${message}`]);
      assert.equal(found.problems[0]?.weight, 'cause');
      assert.match(say(found.problems[0].explanation ?? { template: '', args: [] }), words);
    });
  }

  test('for a reason that is not known is shown without an explanation', async () => {
    const found = await problemsOf(['(00.000001) Error (criu/x.c:1): Something quite new']);
    assert.deepEqual(summary(found), [['cause', 'criu/x.c:1', '']]);
    assert.equal(found.outcome, 'unknown');
  });

  test('with more errors than anybody reads is cut off', async () => {
    const found = await problemsOf(
      Array.from({ length: 700 }, (_, index) => `(00.0000${10 + (index % 80)}) Error (a.c:1): x`),
    );
    assert.equal(found.problems.length, 500);
    assert.equal(found.more, 200);
  });
});

test('the log of a restore among the images is found, too', async () => {
  const files = memoryFiles({
    'checkpoint/restore.log': '(00.000001) Restore finished successfully. Tasks resumed.\n',
  });
  const logs = openLogs({ files, imagesPrefix: 'checkpoint/' });
  assert.deepEqual(await logs.files(), [{ name: 'checkpoint/restore.log', kind: 'restore', size: 58 }]);
  assert.equal((await logs.problems('checkpoint/restore.log')).outcome, 'success');
});
