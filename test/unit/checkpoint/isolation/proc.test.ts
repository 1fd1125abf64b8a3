import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAll } from '../../../../src/core/bytes/read.ts';
import type { Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { truthOf } from '../../support/fixtures.ts';
import { withFixture } from './support.ts';

async function read(checkpoint: Checkpoint, path: string): Promise<string> {
  const source = await checkpoint.files.open(path);
  return new TextDecoder().decode(await readAll(source, 1 << 20));
}

test('cgroup is what the kernel wrote, for every process', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const live = truthOf('podman-webapp-host').liveBeforeDump ?? [];
    const pids = new Set((await checkpoint.processes()).map(({ pid }) => pid));
    const there = live.filter(({ pid }) => pids.has(pid));
    assert.ok(there.length >= 5);
    for (const { pid, cgroup } of there) {
      const wanted = `${cgroup.join('\n')}\n`;
      assert.equal(await read(checkpoint, `/proc/${pid}/cgroup`), wanted);
      assert.equal(await read(checkpoint, `/proc/${pid}/task/${pid}/cgroup`), wanted);
    }
  }));

test('limits has the columns of the kernel', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const lines = (await read(checkpoint, '/proc/1/limits')).split('\n');
    assert.deepEqual(
      [0, 1, 4, 8, 14, 16].map((line) => lines[line]),
      [
        'Limit                     Soft Limit           Hard Limit           Units     ',
        'Max cpu time              unlimited            unlimited            seconds   ',
        'Max stack size            8388608              unlimited            bytes     ',
        'Max open files            4096                 8192                 files     ',
        'Max nice priority         0                    0                    ',
        'Max realtime timeout      unlimited            unlimited            us        ',
      ],
    );
    assert.equal(lines.length, 18);
  }));

test('stat has the 52 fields of the kernel, those that are known with their values', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const line = await read(checkpoint, '/proc/1/stat');
    assert.match(line, /^1 \(web-master\) R 0 1 1 0 -1 4194560 /);
    const fields = line
      .trimEnd()
      .slice(line.indexOf(') ') + 2)
      .split(' ');
    assert.equal(fields.length, 50);
    // Counted from 1 as in proc(5); the first two stand before the fields here.
    const field = (number: number) => fields[number - 3];
    assert.equal(field(18), '20', 'priority');
    assert.equal(field(20), '6', 'num_threads');
    assert.equal(field(25), String(2n ** 64n - 1n), 'rsslim');
    assert.equal(field(26), String(0x422000), 'startcode');
    assert.equal(field(33), String(0x1001800), 'sigignore');
    assert.equal(field(34), String(0x3), 'sigcatch');
    const [argStart, argEnd, envStart, envEnd] = fields.slice(-5).map(Number);
    assert.equal(argEnd, envStart);
    assert.ok((argStart ?? 0) < (argEnd ?? 0) && (envStart ?? 0) < (envEnd ?? 0));
  }));

test('mountinfo joins each mount with its parent, file system and options', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const lines = (await read(checkpoint, '/proc/1/mountinfo')).trimEnd().split('\n');
    const mounts = await checkpoint.mounts();
    assert.equal(lines.length, mounts.filter(({ seenIn }) => seenIn !== 'spec').length);
    const shared = lines.find((line) => line.includes(' /dev/shm '));
    assert.equal(shared, '192 179 0:55 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=64000k');
    for (const line of lines) assert.match(line, /^\d+ \d+ \d+:\d+ \/\S* \/\S* r[wo]\S* (?:\S+ )*- \S+ \S+ r[wo]\S*$/);
  }));

test('namespaces, maps of ids, clocks and small words', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const links = await checkpoint.files.list('/proc/1/ns');
    assert.deepEqual(
      links.map(({ name, linkTarget }) => `${name} ${linkTarget ?? ''}`),
      [
        'cgroup cgroup:[13]',
        'ipc ipc:[10]',
        'mnt mnt:[12]',
        'net net:[2]',
        'pid pid:[9]',
        'pid_for_children pid:[9]',
        'time time:[5]',
        'time_for_children time:[5]',
        'user user:[7]',
        'uts uts:[11]',
      ],
    );
    const expected = {
      uid_map: '         0          0 4294967295\n',
      gid_map: '         0          0 4294967295\n',
      timens_offsets: 'monotonic           0         0\nboottime            0         0\n',
      oom_score_adj: '0\n',
      loginuid: '4294967295',
      personality: '00000000\n',
      timers: '',
    };
    for (const [name, content] of Object.entries(expected))
      assert.equal(await read(checkpoint, `/proc/1/${name}`), content, name);
    const sched = await read(checkpoint, '/proc/1/sched');
    assert.equal(
      sched,
      `web-master (1, #threads: 6)\n${'-'.repeat(67)}\npolicy                                       :                    0\n` +
        'prio                                         :                  120\n',
    );
    // No security module labelled the process: there is nothing to read.
    assert.deepEqual(await checkpoint.files.list('/proc/1/attr'), []);
  }));

test('status has what /proc said before the dump, and that of each thread', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const lines = async (path: string) =>
      new Map((await read(checkpoint, path)).split('\n').map((line) => line.split(':\t') as [string, string]));
    const pids = new Set((await checkpoint.processes()).map(({ pid }) => pid));
    for (const live of (truthOf('podman-webapp-host').liveBeforeDump ?? []).filter(({ pid }) => pids.has(pid))) {
      const status = await lines(`/proc/${live.pid}/status`);
      const expected = {
        Name: live.comm,
        Umask: live.umask,
        Uid: live.uid,
        Gid: live.gid,
        ...live.caps,
        NoNewPrivs: live.nnp,
        Seccomp: live.seccomp,
        Threads: String(live.threads.length),
        SigPnd: live.sig['SigPnd'],
        ShdPnd: live.sig['ShdPnd'],
        SigIgn: live.sig['SigIgn'],
        SigCgt: live.sig['SigCgt'],
      };
      for (const [name, value] of Object.entries(expected))
        assert.equal(status.get(name), value, `${live.pid} ${name}`);
    }
    const thread = await lines('/proc/1/task/6/status');
    assert.deepEqual(
      ['Name', 'Tgid', 'Pid', 'NSpid', 'Seccomp', 'Seccomp_filters'].map((name) => thread.get(name)),
      ['accept', '1', '6', '6', '2', '1'],
    );
  }));
