import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readAll } from '../../../../src/core/bytes/read.ts';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import type { OpenFileFacts } from '../../../../src/protocol/open-files.ts';
import { archiveOf, archives, truthOf, type LiveProcess } from '../../support/fixtures.ts';

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'open-files-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

async function open(name: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint({ locator: archiveOf(name), spill: { directory, limit: 2 ** 32 } });
  await checkpoint.completed;
  return checkpoint;
}

/** The part of it that is looked at. */
interface FilesJson {
  readonly entries: readonly { readonly reg?: { readonly name: string } }[];
}

async function text(checkpoint: Checkpoint, path: string): Promise<string> {
  const source = await checkpoint.files.open(path);
  try {
    return Buffer.from(await readAll(source, 1 << 20)).toString('utf8');
  } finally {
    await source.close();
  }
}

/** Processes that were the same ones at the dump: a short-lived sleep was another. */
function lasting(name: string): readonly LiveProcess[] {
  const live = truthOf(name).liveBeforeDump;
  return Array.isArray(live)
    ? (live as readonly LiveProcess[]).filter(({ comm, pid }) => comm !== 'sleep' || pid === 1)
    : [];
}

/** Lines of fdinfo whose facts CRIU does not keep. */
function unknowable(line: string, { kind }: OpenFileFacts): boolean {
  if (/^(?:eventfd-id|eventfd-semaphore):/.test(line)) return true;
  // The mounts that pipes, sockets and anonymous files lie on are the kernel's own; inodes of files are not kept.
  const anonymous = !['file', 'directory', 'character device', 'terminal'].includes(kind);
  if (line.startsWith('mnt_id:')) return anonymous;
  return line.startsWith('ino:') && !/pipe|socket|memfd/.test(kind);
}

/** What went on between the look at /proc and the dump. */
function moving(line: string): boolean {
  return /^(?:it_value|pos):/.test(line);
}

/** As the line would stand in the container's own /proc, of a file whose inode is not known. */
function seenInside(line: string): string {
  return line.replace(/^(lock:.* )\d+( [0-9a-f]{2}:[0-9a-f]{2}:)\d+ /, '$11$20 ');
}

for (const name of archives.filter((fixture) => lasting(fixture).length > 0)) {
  describe(name, () => {
    let checkpoint: Checkpoint;
    before(async () => {
      checkpoint = await open(name);
    });
    after(() => checkpoint.close());

    test('has open what the processes had open, by readlink', async () => {
      const files = await checkpoint.openFiles.list();
      for (const { pid, fds } of lasting(name)) {
        const shown = files.filter((file) => file.pid === pid).map(({ fd, target }) => [fd, target]);
        const expected = Object.entries(fds).map(([fd, { target }]) => [Number(fd), target]);
        assert.deepEqual(shown, expected);
        for (const [fd, target] of expected) {
          const stat = await checkpoint.files.stat(`/proc/${pid}/fd/${fd as number}`);
          assert.equal(stat.linkTarget, target);
        }
      }
    });

    test('prints fdinfo as the kernel did', async () => {
      const files = await checkpoint.openFiles.list();
      for (const { pid, fds } of lasting(name)) {
        for (const [fd, { fdinfo }] of Object.entries(fds)) {
          const facts = files.find((file) => file.pid === pid && file.fd === Number(fd));
          assert.ok(facts);
          const shown = (await text(checkpoint, `/proc/${pid}/fdinfo/${fd}`)).trimEnd().split('\n');
          // Opened with O_CLOEXEC and then duplicated without: this kernel shows it still, and CRIU does not keep it.
          const cloexec = facts.kind === 'terminal' ? '02000002' : '';
          const expected = fdinfo
            .filter((line) => !unknowable(line, facts) && !moving(line))
            .map((line) => seenInside(cloexec !== '' && line === `flags:\t${cloexec}` ? 'flags:\t02' : line));
          assert.deepEqual(
            shown.filter((line) => !moving(line) && !(line.startsWith('ino:') && unknowable(line, facts))),
            expected,
            `${pid}/${fd} ${facts.target}`,
          );
          const position = Number(/^pos:\t(\d+)/.exec(fdinfo[0] ?? '')?.[1]);
          assert.ok(Number(/^pos:\t(\d+)/.exec(shown[0] ?? '')?.[1]) >= position, `${pid}/${fd}`);
        }
      }
    });
  });
}

for (const name of ['podman-webapp-host', 'containerd-webapp']) {
  describe(`what the workload of ${name} made on purpose`, () => {
    let checkpoint: Checkpoint;
    let files: readonly OpenFileFacts[];
    before(async () => {
      checkpoint = await open(name);
      files = (await checkpoint.openFiles.list()).filter(({ pid }) => pid === 1);
    });
    after(() => checkpoint.close());

    const find = (test: (file: OpenFileFacts) => boolean): OpenFileFacts => {
      const found = files.find(test);
      assert.ok(found);
      return found;
    };
    const factsOf = async ({ pid, fd }: OpenFileFacts) => (await checkpoint.openFiles.detail(pid, fd))?.facts;

    test('the deleted file, with all that was in it', async () => {
      const file = find(({ target }) => target === '/var/lib/webapp/deleted-while-open.tmp (deleted)');
      assert.deepEqual(file.deleted, { how: 'ghost' });
      assert.equal(file.path, '/var/lib/webapp/deleted-while-open.tmp');
      assert.equal(file.position, 1900n);
      assert.deepEqual(file.flagNames, ['O_RDWR', 'O_LARGEFILE']);
      const [content] = file.contents ?? [];
      assert.deepEqual(content, {
        what: 'content',
        size: 1900,
        path: '/contents/deleted/1/deleted-while-open.tmp',
      });
      assert.equal(await text(checkpoint, content.path), 'GHOST-FILE-CONTENT '.repeat(100));
      assert.equal(await text(checkpoint, `/proc/1/fd/${file.fd}`), 'GHOST-FILE-CONTENT '.repeat(100));
    });

    test('the memfd', async () => {
      const file = find(({ kind }) => kind === 'memfd');
      assert.equal(file.target, '/memfd:webapp-memfd (deleted)');
      assert.equal(file.size, 1300n);
      assert.equal(await text(checkpoint, file.contents?.[0]?.path ?? ''), 'MEMFD-CONTENT'.repeat(100));
      const facts = await factsOf(file);
      assert.ok(facts?.of === 'memfd');
      assert.equal(facts.name, 'webapp-memfd');
      assert.deepEqual(facts.seals, ['F_SEAL_SEAL']);
    });

    test('the unread bytes of the pipe, and both of its ends', async () => {
      const file = find(({ unread }) => (unread ?? 0) > 0);
      assert.equal(file.kind, 'pipe');
      assert.equal(file.unread, 27);
      assert.equal(await text(checkpoint, file.contents?.[0]?.path ?? ''), 'UNREAD-PIPE-DATA-0123456789');
      const facts = await factsOf(file);
      assert.ok(facts?.of === 'pipe');
      assert.equal(facts.capacity, 65536);
      assert.deepEqual(
        facts.ends.map(({ pid, fd, end, command }) => [pid, fd, end, command]),
        [
          [1, 4, 'read', 'web-master'],
          [1, 7, 'write', 'web-master'],
        ],
      );
      assert.equal(facts.missingEnd, undefined);
    });

    test('who is on the other end of the pipes to the workers, and of the container’s output', async () => {
      const ends = async (fd: number) => {
        const facts = await factsOf(find((file) => file.fd === fd));
        assert.ok(facts?.of === 'pipe');
        return facts;
      };
      const toWorker = await ends(5);
      assert.deepEqual(
        toWorker.ends.filter(({ end }) => end === 'read').map(({ command, fd }) => [command, fd]),
        [['web-worker-1', 4]],
      );
      const output = await ends(1);
      assert.equal(output.stream, 'standard output');
      assert.equal(output.missingEnd, 'read');
      assert.ok(output.ends.length > 5);
    });

    test('the epoll, with what it watches', async () => {
      const facts = await factsOf(find(({ kind }) => kind === 'epoll'));
      assert.ok(facts?.of === 'epoll');
      const watched = facts.targets.map(({ kind, events }) => [kind, events.filter((event) => !/ERR|HUP/.test(event))]);
      assert.deepEqual(watched.sort(), [
        ['TCP socket', ['EPOLLIN']],
        ['eventfd', ['EPOLLIN']],
        ['pipe', ['EPOLLIN', 'EPOLLET']],
        ['timerfd', ['EPOLLIN']],
      ]);
    });

    test('the eventfd, timerfd, signalfd and inotify', async () => {
      assert.deepEqual(await factsOf(find(({ kind }) => kind === 'eventfd')), { of: 'eventfd', counter: 42n });
      const timer = await factsOf(find(({ kind }) => kind === 'timerfd'));
      assert.ok(timer?.of === 'timerfd');
      assert.equal(timer.clock, 'CLOCK_MONOTONIC');
      assert.equal(timer.interval, 60_000_000_000n);
      assert.ok(timer.remaining > 3_590_000_000_000n && timer.remaining < 3_600_000_000_000n);
      const signals = await factsOf(find(({ kind }) => kind === 'signalfd'));
      assert.deepEqual(signals, { of: 'signalfd', signals: ['SIGUSR1'], mask: 0x200n });
      const watches = await factsOf(find(({ kind }) => kind === 'inotify'));
      assert.ok(watches?.of === 'inotify');
      assert.deepEqual(
        watches.watches.map(({ path, events, watch }) => [path, events, watch]),
        [['/etc', ['IN_ACCESS', 'IN_MODIFY'], 1]],
      );
    });

    test('the unread bytes of sockets', async () => {
      const queued = files.filter(({ socket, unread }) => socket && unread);
      const texts = [];
      for (const { contents } of queued) texts.push(await text(checkpoint, contents?.[0]?.path ?? ''));
      const http = name === 'podman-webapp-host' ? ['{"hits": 2, "path": "/unread"}'] : [];
      assert.deepEqual(
        texts.map((received) => received.split('\r\n\r\n').at(-1)),
        ['UNREAD-SOCKETPAIR-DATA', ...http],
      );
      for (const { pid, fd, kind } of queued) {
        const image = kind === 'TCP socket' ? /\/tcp-stream-[0-9a-f]+\.img$/ : /\/sk-queues\.img$/;
        assert.ok((await checkpoint.openFiles.detail(pid, fd))?.images.some((shown) => image.test(shown.image)));
      }
      const listener = find(({ socket }) => socket?.local === '127.0.0.1:8080' && socket.state === 'LISTEN');
      assert.equal(listener.kind, 'TCP socket');
      assert.equal(find(({ socket }) => socket?.local === '@abstract-webapp').kind, 'UNIX socket');
    });

    test('files with their flags, positions, mounts', async () => {
      const directoryFile = find(({ target }) => target === '/etc');
      assert.equal(directoryFile.kind, 'directory');
      const log = find(({ target }) => target === '/var/lib/webapp/app.log');
      assert.deepEqual(log.flagNames, ['O_WRONLY', 'O_APPEND', 'O_LARGEFILE']);
      assert.equal(log.closeOnExec, true);
      assert.equal(find(({ target }) => target === '/etc/passwd').position, 7n);
      for (const [path, destination, type] of [
        ['/mnt/bind/open-on-bind.txt', '/mnt/bind', /^/],
        ['/mnt/scratch/open-on-tmpfs.txt', '/mnt/scratch', /^(?:tmpfs|bind)$/],
      ]) {
        const { pid, fd } = find(({ target }) => target === path);
        const detail = await checkpoint.openFiles.detail(pid, fd);
        assert.equal(detail?.mount?.destination, destination);
        assert.match(detail?.mount?.type ?? '', type as RegExp);
        assert.equal(detail?.images[0]?.image, 'checkpoint/files.img');
        const { entries } = JSON.parse(await text(checkpoint, '/images/files.img.json')) as FilesJson;
        assert.equal(entries[detail.images[0].entry ?? -1]?.reg?.name, path);
      }
    });
  });
}

test('locks, by the descriptors that they were taken through', async () => {
  const checkpoint = await open('podman-webapp-host');
  const files = await checkpoint.openFiles.list();
  const locked = files.filter(({ locks }) => locks).map(({ target, locks }) => [target, locks]);
  assert.deepEqual(locked, [
    ['/var/lib/webapp/app.lock', [{ kind: 'FLOCK', access: 'write', pid: 1, fd: 24, start: 0n }]],
    ['/var/lib/webapp/posix.lock', [{ kind: 'POSIX', access: 'write', pid: 1, fd: 25, start: 8n, end: 23n }]],
  ]);
  await checkpoint.close();
});

test('a terminal with its size, settings and processes', async () => {
  const checkpoint = await open('crio-tty');
  const [file] = await checkpoint.openFiles.list();
  assert.equal(file?.kind, 'terminal');
  assert.equal(file.target, '/dev/pts/0');
  const facts = (await checkpoint.openFiles.detail(file.pid, file.fd))?.facts;
  assert.ok(facts?.of === 'terminal');
  assert.equal(facts.side, 'slave');
  assert.equal(facts.index, 0);
  assert.equal(facts.deviceMajor, 136);
  assert.deepEqual(facts.settings?.characters.slice(0, 5), [3, 28, 127, 21, 4]);
  // The shell edits its own line.
  assert.deepEqual(facts.settings.words.slice(0, 4), ['-isig', '-icanon', 'iexten', '-echo']);
  assert.deepEqual([facts.session, facts.foreground], [1, 1]);
  await checkpoint.close();
});

test('a content is there once, however many descriptors stand for it', async () => {
  const checkpoint = await open('podman-webapp-host');
  const names = async (path: string) => (await checkpoint.files.list(path)).map(({ name, kind }) => `${kind} ${name}`);
  assert.deepEqual(await names('/contents/pipes'), ['file 573358']);
  assert.deepEqual(await names('/contents/deleted/1'), ['file deleted-while-open.tmp']);
  const deleted = await checkpoint.files.stat('/contents/deleted/1/deleted-while-open.tmp');
  assert.equal(deleted.size, 1900);
  assert.equal(deleted.mode, 0o644);
  assert.equal(new Date(deleted.mtime).toISOString().slice(0, 16), '2026-11-23T22:24');
  // Listed as the kernel lists it; opened, it is what is behind it.
  const listed = (await checkpoint.files.list('/proc/1/fd')).find(({ name }) => name === '23');
  assert.equal(listed?.kind, 'symlink');
  assert.equal((await checkpoint.files.stat('/proc/1/fd/23')).kind, 'file');
  await checkpoint.close();
});
