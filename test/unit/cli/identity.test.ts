import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { identityJson } from '../../../src/cli/identity/identity-json.ts';
import { jsonPieces } from '../../../src/cli/json.ts';
import type { IsolationFacts } from '../../../src/protocol/isolation.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, writeTar } from '../support/repack.ts';
import { cli, inFolder } from './support.ts';

const WEBAPP = archiveOf('podman-webapp-host');
const CONTAINERD = archiveOf('containerd-webapp');

type Object = Readonly<Record<string, unknown>>;

describe('identity', () => {
  test('draws what a process may do, with what is beyond the usual', async () => {
    const { code, stdout } = await cli('identity', WEBAPP, '--pid', '1');
    assert.equal(code, 0);
    assert.match(stdout, /^1 web-master\n├── User: 0\n/);
    assert.match(stdout, /├── effective, permitted, bounding: CHOWN .* SETFCAP\n/);
    assert.match(stdout, /└── Beyond what Podman gives every container: MKNOD\n/);
    assert.match(stdout, /├── Seccomp: filter 0 of 1161 instructions TSYNC\n/);
    assert.match(stdout, /net:\[2\] \(the node’s\), mnt:\[12\]/);
    assert.match(stdout, /├── Max open files: 4096 of 8192 files\n/);
    assert.match(stdout, /├── SIGUSR2: ignored, ONSTACK\n/);
    assert.match(stdout, /└── real: SIGALRM in 1 h 23 min, once\n/);
  });

  test('of all processes says of each what it is', async () => {
    const { stdout } = await cli('identity', WEBAPP);
    assert.deepEqual(
      stdout.split('\n').filter((line) => /^\d/.test(line)),
      ['1 web-master', '2 web-worker-1', '4 sh', '13 sleep', '3 web-worker-2', '5 sh', '14 sleep'],
    );
  });

  test('in JSON has it all, addresses in hexadecimal and sentences as texts', async () => {
    const { code, stdout } = await cli('identity', archiveOf('crio-rich'), '-p', '1', '--format', 'json');
    assert.equal(code, 0);
    const { processes, sharing } = JSON.parse(stdout) as { processes: readonly Object[]; sharing: readonly Object[] };
    const [first, ...others] = processes;
    assert.deepEqual(others, []);
    assert.equal(first?.['pid'], 1);
    const groups = first['cgroups'] as { controllers: string; properties: readonly Object[] }[];
    const memory = groups.find(({ controllers }) => controllers === 'memory')?.properties;
    const limit = memory?.find(({ name }) => name === 'memory.limit_in_bytes');
    assert.deepEqual([limit?.['value'], limit?.['words']], ['134217728', 'at most 128.0 MiB']);
    const signals = first['signals'] as { rows: readonly { name: string; handler?: Object }[] };
    assert.equal(signals.rows.find(({ name }) => name === 'SIGINT')?.handler?.['address'], '0x534b5c');
    assert.ok(sharing.some(({ kind }) => kind === 'net'));
    assert.doesNotMatch(stdout, /undefined|\[object|"template"/);
  });

  test('of a process that is not there is one sentence', async () => {
    const { code, stdout, stderr } = await cli('identity', WEBAPP, '-p', '99');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /There is no process 99 in /);
  });
});

describe('seccomp', () => {
  test('says which call gets which answer, once for processes with the same filters', async () => {
    const { code, stdout } = await cli('seccomp', WEBAPP);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^processes 1, 2, 4, 13, 3, 5, 14: filter 0 of 1161 instructions TSYNC\nX86_64\n {2}ALLOW: accept /,
    );
    assert.match(stdout, / {2}ERRNO\(EPERM\): acct bpf /);
    assert.match(stdout, / {2}ERRNO\(ENOSYS\): any other call\nX32\n/);
    assert.match(stdout, /any other architecture: KILL_THREAD\n$/);
    assert.match((await cli('seccomp', CONTAINERD, '-p', '1')).stdout, /^process 1: not filtered\n$/);
  });

  test('disassembles', async () => {
    const { stdout } = await cli('seccomp', WEBAPP, '-p', '1', '--instructions');
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 1162);
    assert.equal(lines[2], '  0001: 0015 01 00 c000003e  if (A == X86_64) goto 0003');
    const json = JSON.parse((await cli('seccomp', WEBAPP, '--instructions', '--format', 'json')).stdout) as {
      seccomp: readonly {
        pids: readonly number[];
        filters: readonly { listing: readonly Object[] }[];
        answers: Object;
      }[];
    };
    assert.equal(json.seccomp[0]?.filters[0]?.listing.length, 1161);
    assert.deepEqual(json.seccomp[0].filters[0].listing[3], { raw: '0020 00 00 00000000', text: 'A = nr' });
    assert.ok('verdicts' in json.seccomp[0].answers);
  });
});

describe('logs', () => {
  test("prints the container's log as it was written, or with its times", async () => {
    const { code, stdout } = await cli('logs', archiveOf('containerd-counter'));
    assert.equal(code, 0);
    assert.match(stdout, /^tick 1\ntick 2\n/);
    assert.match((await cli('logs', archiveOf('containerd-counter'), '--times')).stdout, /^2026-\S+Z stdout tick 1\n/);
  });

  test("prints CRIU's by its name, as JSON with what each line says", async () => {
    const { stdout } = await cli('logs', CONTAINERD, 'dump.log', '--format', 'json');
    const log = JSON.parse(stdout) as { kind: string; format: string; records: readonly Object[] };
    assert.deepEqual([log.kind, log.format, log.records.length], ['dump', 'criu', 4996]);
    assert.deepEqual(log.records[18], {
      number: 18,
      offset: 1437,
      text: "rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
      elapsed: 1325,
      level: 'error',
      source: 'criu/util.c:1534',
    });
  });

  test('explains problems', async () => {
    await inFolder(async (folder) => {
      const log = [
        '(00.000227) Version: 4.2.1 (gitid 0)',
        '(00.014270) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.',
        '(00.077933) Error (criu/cr-dump.c:1975): Dumping FAILED.',
      ];
      writeFileSync(join(folder, 'dump.log'), `${log.join('\n')}\n`);
      writeFileSync(join(folder, 'inventory.img'), '');
      const { stdout } = await cli('logs', folder, '--problems');
      assert.match(stdout, /^The dump failed\. CRIU 4\.2\.1/);
      assert.match(
        stdout,
        /\ncause \(criu\/sk-inet\.c:200\): inet: Connected TCP socket.*\n {2}A process has an open TCP/,
      );
      assert.match(stdout, /\nconsequence \(criu\/cr-dump\.c:1975\): Dumping FAILED\.\n/);
    });
    const found = JSON.parse((await cli('logs', CONTAINERD, '--problems', '--format', 'json')).stdout) as Object;
    assert.equal(found['outcome'], 'success');
  });

  test('that are not there are named with those that are', async () => {
    const { code, stderr } = await cli('logs', CONTAINERD, 'other.log');
    assert.equal(code, 1);
    assert.match(stderr, /has no log other\.log\. It has container\.log, dump\.log\./);
    const none = await cli('logs', archiveOf('podman-counter-none'), '--problems');
    assert.deepEqual([none.code, none.stdout], [1, '']);
  });
});

test('of a pre-checkpoint there is one sentence why there is nothing', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'pre.tar');
    const list = (await members(archiveOf('podman-counter-none'))).flatMap(({ header, content }) => {
      const name = header.name.replace(/^\.?\/?checkpoint\//, 'pre-checkpoint/');
      return /pstree|core-|ids-|fs-|fdinfo|files/.test(name) ? [] : [{ header: { ...header, name }, content }];
    });
    await writeTar(path, list);
    for (const command of [['identity'], ['memory', 'maps'], ['files'], ['seccomp']]) {
      const { code, stderr } = await cli(...command, path);
      assert.match(
        stderr,
        /This is a pre-checkpoint: .* in the checkpoint that was taken after it\.\n$/,
        command.join(' '),
      );
      assert.ok(code === 0 || stderr.split('\n').length > 2, command.join(' '));
    }
  });
});

test('the many things that a hostile image lists are made one by one while they are written', () => {
  let made = 0;
  const signal = {
    get number() {
      made++;
      return 9;
    },
  };
  const facts = { pid: 1, comm: 'x', threads: 1, pendingSignals: Array.from({ length: 1000 }, () => signal) };
  const pieces = jsonPieces(identityJson(facts as unknown as IsolationFacts, []));
  for (let written = 0; written < 2; written++) pieces.next();
  assert.ok(made > 0 && made < 100, String(made));
  for (const piece of pieces) assert.notEqual(piece, '');
  assert.equal(made, 1000);
});
