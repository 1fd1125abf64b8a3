import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FD_TYPE } from '../../../src/core/checkpoint/descriptors/split-files.ts';
import { fown, opts, processImages } from '../checkpoint/sockets/build-sockets.ts';
import { entry, image } from '../criu/build-image.ts';
import { archiveOf, truthOf } from '../support/fixtures.ts';
import { cli, inFolder } from './support.ts';

const WEBAPP = archiveOf('podman-webapp-host');

interface Printed {
  readonly locator: string;
  readonly files: readonly {
    readonly pid: number;
    readonly fd: number;
    readonly kind: string;
    readonly target: string;
    readonly flags?: string;
    readonly mode?: string;
    readonly facts?: Readonly<Record<string, unknown>>;
    readonly contents?: readonly { readonly path: string; readonly size: number }[];
    readonly images: readonly string[];
  }[];
  readonly notes: readonly unknown[];
}

describe('files', () => {
  test('prints what every process had open, as readlink showed it', async () => {
    const { code, stdout, stderr } = await cli('files', WEBAPP, '--pid', '1');
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^COMMAND +PID +FD +TYPE +POSITION +TARGET +NOTE$/);
    const live = truthOf('podman-webapp-host').liveBeforeDump?.find(({ pid }) => pid === 1);
    const targets = lines.slice(2).map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      targets.map((cells) => cells.find((cell) => /^(?:\/|\w+:)/.test(cell))),
      Object.values(live?.fds ?? {}).map(({ target }) => target),
    );
    assert.ok(lines.some((line) => /web-master +1 +23u +file +1900 +\/var\/.* \(deleted\) +deleted$/.test(line)));
    assert.ok(lines.some((line) => /25u .* locked \(POSIX write 8-23\)$/.test(line)));
    assert.ok(lines.some((line) => / 4r +pipe .* 27 B unread, ← web-master 1$/.test(line)));
    assert.ok(lines.some((line) => / eventfd .* count 42$/.test(line)));
    assert.ok(lines.some((line) => / inotify .* watches \/etc$/.test(line)));
  });

  test('escapes names in remarks once', () =>
    inFolder(async (folder) => {
      const socket = { id: 1, ino: 7, type: 2, state: 7, flags: 2, uflags: 0, backlog: 0, peer: 0, fown, opts };
      const usk = { ...socket, name: Buffer.from('\0abstract\0name') };
      const images = {
        'inventory.img': image('INVENTORY', entry('inventory_entry', { img_version: 2 })),
        ...processImages([[3, 1, FD_TYPE.unixsk]]),
        'files.img': image('FILES', entry('file_entry', { type: FD_TYPE.unixsk, id: 1, usk })),
      };
      for (const [name, content] of Object.entries(images)) writeFileSync(join(folder, name), content);
      for (const command of [['files'], ['inspect', '--files', '--format', 'tree']]) {
        const { stdout } = await cli(command[0] ?? '', folder, ...command.slice(1));
        assert.ok(stdout.includes('@abstract\\u0000name'), stdout);
        assert.ok(!stdout.includes('\\\\u0000'), stdout);
      }
    }));

  test('of a process that is not there are one sentence', async () => {
    const { code, stdout, stderr } = await cli('files', WEBAPP, '-p', '99');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /There is no process 99 in /);
  });

  test('as JSON have everything that is known of them', async () => {
    const { stdout } = await cli('files', WEBAPP, '--format', 'json');
    const { locator, files, notes } = JSON.parse(stdout) as Printed;
    assert.equal(locator, WEBAPP);
    assert.ok(notes.length > 0);
    assert.equal(files.length, 64);
    const log = files.find(({ target }) => target === '/var/lib/webapp/app.log');
    assert.deepEqual([log?.flags, log?.mode], ['0x8401', '100644']);
    assert.deepEqual(log?.images, ['checkpoint/files.img', 'checkpoint/fdinfo-2.img']);
    const epoll = files.find(({ kind }) => kind === 'epoll');
    const [target] = epoll?.facts?.['targets'] as { event_mask: string; data: string; events: string[] }[];
    assert.deepEqual([target?.event_mask, target?.data], ['0x19', '0x7f0b00000021']);
    const signals = files.find(({ kind }) => kind === 'signalfd');
    assert.deepEqual(signals?.facts, { of: 'signalfd', signals: ['SIGUSR1'], mask: '0x200' });
    assert.doesNotMatch(stdout, /undefined|\[object/);
  });

  test('inspect --files draws them below their processes', async () => {
    const { stdout } = await cli('inspect', WEBAPP, '--files', '--pid', '2', '--format', 'tree');
    assert.match(stdout, /Open files\n.*\[REG 0\] {2}\/dev\/null\n/);
    assert.match(stdout, /\[PIPE 1\] {2}pipe:\[574482\] {2}\(the container’s standard output\)/);
    assert.doesNotMatch(stdout, /deleted-while-open/);
  });

  test('what only the checkpoint holds comes out of proc and extract', async () => {
    assert.equal((await cli('proc', WEBAPP, '1', 'fd/23')).stdout, 'GHOST-FILE-CONTENT '.repeat(100));
    assert.equal((await cli('proc', WEBAPP, '1', 'fd/4')).stdout, 'UNREAD-PIPE-DATA-0123456789');
    assert.equal((await cli('proc', WEBAPP, '1', 'fd/27')).stdout, '/etc/passwd\n');
    await inFolder(async (folder) => {
      const { code } = await cli('extract', WEBAPP, '--path', '/contents/**', '-o', folder);
      assert.equal(code, 0);
      const extracted = (path: string) => readFileSync(join(folder, 'contents', path), 'utf8');
      assert.equal(extracted('deleted/1/deleted-while-open.tmp'), 'GHOST-FILE-CONTENT '.repeat(100));
      assert.equal(extracted('memfd/2/webapp-memfd'), 'MEMFD-CONTENT'.repeat(100));
      assert.equal(extracted('sockets/573369/received'), 'UNREAD-SOCKETPAIR-DATA');
    });
  });
});
