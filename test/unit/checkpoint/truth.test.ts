import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ChangeFacts } from '../../../src/protocol/changes.ts';
import { readAll } from '../../../src/core/bytes/read.ts';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { archiveOf, archives, expectedJson, expectedText, truthOf } from '../support/fixtures.ts';

const STATES: Readonly<Record<string, string>> = {
  Alive: 'running',
  Stopped: 'stopped',
  Dead: 'zombie',
  Zombie: 'zombie',
};

for (const name of archives) {
  describe(name, () => {
    const truth = truthOf(name);
    let directory: string;
    let checkpoint: Checkpoint;

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'checkpoint-truth-'));
      checkpoint = await openCheckpoint({ locator: archiveOf(name), spill: { directory, limit: 2 ** 32 } });
      await checkpoint.completed;
    });

    after(async () => {
      await checkpoint.close();
      rmSync(directory, { recursive: true, force: true });
    });

    test(
      'lists the processes of pstree.img and their threads',
      { skip: !truth.dumped && 'its truth names none' },
      async () => {
        const processes = await checkpoint.processes();
        const shown = processes.map(({ pid, ppid, pgid, sid, threads }) => ({
          pid,
          ppid,
          pgid,
          sid,
          threads: threads.map((thread) => thread.tid),
        }));
        assert.deepEqual(byPid(shown), byPid(truth.dumped?.processes ?? []));
        for (const process of processes) {
          assert.equal(process.comm, truth.dumped?.comm[process.pid], `comm of ${String(process.pid)}`);
          assert.equal(
            process.state,
            STATES[truth.dumped?.taskState[process.pid] ?? ''],
            `state of ${String(process.pid)}`,
          );
        }
      },
    );

    test(
      'shows each process as it was shortly before the dump',
      { skip: !Array.isArray(truth.liveBeforeDump) && 'its truth has no live view' },
      async () => {
        const processes = new Map((await checkpoint.processes()).map((process) => [process.pid, process]));
        let compared = 0;
        for (const live of truth.liveBeforeDump ?? []) {
          const process = processes.get(live.pid);
          // A short-lived sleep may have been another one at the dump.
          if (!process || (live.comm === 'sleep' && live.pid > 1)) continue;
          compared++;
          assert.deepEqual(process.arguments, live.cmdline);
          assert.deepEqual(process.environment, live.environ);
          assert.equal(process.executable, live.exe);
          assert.equal(process.workingDirectory, live.cwd);
          assert.equal(process.rootDirectory, live.root);
          assert.equal(process.umask, Number.parseInt(live.umask, 8));
          assert.equal(process.uids?.join('\t'), live.uid);
          assert.equal(process.gids?.join('\t'), live.gid);
          assert.deepEqual(process.groups, live.groups.trim() === '' ? [] : live.groups.trim().split(' ').map(Number));
          assert.deepEqual(
            process.threads.map(({ tid, comm }) => ({ tid, comm })),
            live.threads.map(({ tid, comm }) => ({ tid, comm })),
          );
        }
        assert.ok(compared > 0, 'no process of the live view is in the dump');
      },
    );

    test(
      'prints /proc/PID/status and maps as the kernel did',
      { skip: !Array.isArray(truth.liveBeforeDump) && 'its truth has no live view' },
      async () => {
        for (const live of (truth.liveBeforeDump ?? []).filter((process) => process.pid === 1)) {
          const status = new Map(
            (await read(checkpoint, '/proc/1/status'))
              .split('\n')
              .map((line) => line.split(/:\s*/) as [string, string]),
          );
          for (const [key, value] of [
            ...Object.entries(live.caps),
            ['SigIgn', live.sig['SigIgn'] ?? ''],
            ['SigCgt', live.sig['SigCgt'] ?? ''],
            ['Seccomp', live.seccomp],
          ]) {
            assert.equal(status.get(key as string), value, key);
          }
          assert.equal(
            await read(checkpoint, '/proc/1/cmdline'),
            live.cmdline.map((argument) => `${argument}\0`).join(''),
          );
          assert.equal(
            await read(checkpoint, '/proc/1/environ'),
            live.environ.map((variable) => `${variable}\0`).join(''),
          );
        }
      },
    );

    test(
      'prints /proc/1/maps as the kernel did, but for inodes',
      { skip: liveMaps(name) === undefined && 'its truth has no live view' },
      async () => {
        const lines = (await read(checkpoint, '/proc/1/maps')).split('\n').filter((line) => line !== '');
        const shown = lines.filter((line) => !line.includes('[v'));
        assert.deepEqual(shown, liveMaps(name));
      },
    );

    test(
      'has the mount table of the running container',
      { skip: liveMounts(name) === undefined && 'its truth has no live view' },
      async () => {
        const shown = (await checkpoint.mounts()).filter((mount) => mount.seenIn !== 'spec');
        const lines = shown.map((mount) => {
          const device = `${String(mount.deviceMajor)}:${String(mount.deviceMinor)}`;
          return [
            mount.id,
            mount.parentId,
            device,
            mount.root,
            mount.destination,
            mount.options.join(','),
            mount.device,
          ].join(' ');
        });
        assert.deepEqual(lines.sort(), [...(liveMounts(name) ?? [])].sort());
      },
    );

    test(
      'lists the rootfs diff as tar does',
      { skip: expectedText(name, 'rootfs-diff.tvf') === undefined && 'it has no list of them' },
      async () => {
        const expected = (expectedText(name, 'rootfs-diff.tvf') ?? '')
          .split('\n')
          .filter((line) => line !== '')
          .map(parseListing);
        const changes = [...(await checkpoint.eachChange()).changes];
        const shown = changes
          .filter(
            (change) =>
              change.source === 'rootfs-diff' && change.entry === 'rootfs-diff.tar' && change.kind !== 'deleted',
          )
          .map(asListing);
        const wanted = expected
          .filter((line) => line.path !== '/')
          .map((line) => (/(^|\/)\.wh\./.test(line.path) ? { ...line, whiteout: true } : line));
        for (const line of wanted) {
          if ('whiteout' in line) {
            if (line.path.endsWith('.wh..wh..opq')) continue;
            const path = line.path.replace(/\.wh\.([^/]*)$/, '$1');
            assert.ok(
              changes.some((change) => change.path === path && change.kind === 'deleted'),
              `${path} is not shown as deleted`,
            );
            continue;
          }
          const found = shown.find((candidate) => candidate.path === line.path);
          assert.deepEqual(found, line);
        }
        assert.equal(shown.length, wanted.filter((line) => !('whiteout' in line)).length);
      },
    );

    test(
      'tells added from deleted as Podman does',
      { skip: expectedJson(name, 'podman-diff.json') === undefined && 'it has no podman diff' },
      async () => {
        const diff = expectedJson(name, 'podman-diff.json') as {
          added?: string[];
          changed?: string[];
          deleted?: string[];
        };
        const changes = [...(await checkpoint.eachChange()).changes];
        const rootfs = changes.filter((change) => change.source === 'rootfs-diff');
        assert.deepEqual(
          rootfs
            .filter((change) => change.kind === 'deleted')
            .map((change) => change.path)
            .sort(),
          [...(diff.deleted ?? [])].sort(),
        );
        for (const change of rootfs) {
          if (change.kind === 'added') assert.ok(diff.added?.includes(change.path), `${change.path} was not added`);
          if (change.kind === 'modified')
            assert.ok(diff.changed?.includes(change.path), `${change.path} was not modified`);
        }
      },
    );

    test('its hash is the file’s', { skip: truth.sha256 === undefined && 'its truth names none' }, async () => {
      const { hex, bytes } = await checkpoint.hash();
      if (bytes !== truth.bytes) return; // Stored in another compression than it was made with.
      assert.equal(hex, truth.sha256);
    });

    test('reports nothing damaged', async () => {
      await Promise.all([checkpoint.overview(), checkpoint.processes(), checkpoint.mounts(), checkpoint.changes()]);
      const bad = (await checkpoint.notes()).filter(
        (note) => note.kind === 'damaged' || note.kind === 'truncated' || note.kind === 'unknown',
      );
      assert.deepEqual(bad, []);
    });
  });
}

/**
 * Of each line of /proc/PID/mountinfo: ids, device, root, mount point, options and source. Types are not all recorded,
 * CRIU knows no nosymfollow, and it saw the cgroup's root from inside its namespace.
 */
function liveMounts(name: string): readonly string[] | undefined {
  const live = expectedJson(name, 'live-proc.json') as { mountinfo?: readonly string[] } | undefined;
  return live?.mountinfo?.map((line) => {
    const [mount = '', fileSystem = ''] = line.split(' - ');
    const [type, source = ''] = fileSystem.split(' ');
    const [id, parent, device, root, path, options = ''] = mount.split(' ');
    const seenRoot = type?.startsWith('cgroup') === true ? '/' : root;
    return [id, parent, device, seenRoot, path, options.replace(',nosymfollow', ''), source].join(' ');
  });
}

/** Lines of pid 1 with inodes as zeros; the kernel's own pages ([vvar] and so on) are split in other ways. */
function liveMaps(name: string): readonly string[] | undefined {
  const live = expectedJson(name, 'live-proc.json') as { tree?: { maps?: readonly string[] } } | undefined;
  return live?.tree?.maps
    ?.filter((line) => !line.includes('[v'))
    .map((line) => {
      const [range = '', permissions = '', offset = '', device = '', inode = '', ...path] = line.trimEnd().split(/ +/);
      // Of shared anonymous memory the images have the inode and not the device.
      const anonymous = path[0] === '/dev/zero';
      const head = `${range} ${permissions} ${offset} ${anonymous ? `00:00 ${inode}` : `${device} 0`}`;
      return path.length === 0 ? `${head} ` : `${head.padEnd(72)} ${path.join(' ')}`;
    });
}

interface Listing {
  readonly mode: string;
  readonly owner: string;
  readonly size: string;
  readonly path: string;
  readonly target?: string;
}

/** A line of `tar tvf`: `-rw-r--r-- 0/0  139 2026-11-23 22:24:59 etc/passwd`, names quoted as tar quotes them. */
function parseListing(line: string): Listing {
  const match = /^(\S{10}) (\S+)\s+(\S+) \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? (.*)$/.exec(line);
  assert.ok(match, line);
  const [, mode = '', owner = '', size = '', rest = ''] = match;
  const [name = '', target] = mode.startsWith('l') ? rest.split(' -> ') : rest.split(' link to ');
  const path = `/${unquote(name)
    .replace(/^\.?\//, '')
    .replace(/\/$/, '')}`;
  return { mode, owner, size, path, ...(target !== undefined && { target: unquote(target) }) };
}

function unquote(name: string): string {
  const bytes: number[] = [];
  for (let index = 0; index < name.length; index++) {
    if (name[index] !== '\\') {
      bytes.push(...Buffer.from(name[index] as string));
      continue;
    }
    const octal = /^[0-7]{3}/.exec(name.slice(index + 1))?.[0];
    const escaped = octal ?? name[index + 1] ?? '';
    bytes.push(
      octal === undefined ? ({ n: 10, t: 9, '\\': 92 }[escaped] ?? escaped.charCodeAt(0)) : Number.parseInt(octal, 8),
    );
    index += escaped.length;
  }
  // Surrogate pairs were pushed as two replacement characters above: read the whole name again where it has none.
  return name.includes('\\') ? Buffer.from(bytes).toString('utf8') : name;
}

const TYPE_LETTERS: Readonly<Record<string, string>> = {
  file: '-',
  sparse: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
};

function asListing(change: ChangeFacts): Listing {
  const bits = change.mode ?? 0;
  const letter = (bit: number, set: string) => ((bits & bit) !== 0 ? set : '-');
  const special = (bit: number, executeBit: number, lower: string) =>
    (bits & bit) !== 0 ? ((bits & executeBit) !== 0 ? lower : lower.toUpperCase()) : letter(executeBit, 'x');
  const mode = [
    TYPE_LETTERS[change.type ?? ''] ?? '?',
    letter(0o400, 'r'),
    letter(0o200, 'w'),
    special(0o4000, 0o100, 's'),
    letter(0o040, 'r'),
    letter(0o020, 'w'),
    special(0o2000, 0o010, 's'),
    letter(0o004, 'r'),
    letter(0o002, 'w'),
    special(0o1000, 0o001, 't'),
  ].join('');
  const device = change.type === 'character-device' || change.type === 'block-device';
  const size = device
    ? `${String(change.deviceMajor)},${String(change.deviceMinor)}`
    : String(change.type === 'hardlink' ? 0 : change.size);
  return {
    mode,
    owner: `${change.userName ?? String(change.uid)}/${change.groupName ?? String(change.gid)}`,
    size,
    path: change.path,
    ...(change.linkTarget !== undefined && { target: change.linkTarget }),
  };
}

function byPid<T extends { readonly pid: number }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => a.pid - b.pid);
}

async function read(checkpoint: Checkpoint, path: string): Promise<string> {
  const source = await checkpoint.files.open(path);
  try {
    return Buffer.from(await readAll(source, 1 << 20)).toString('utf8');
  } finally {
    await source.close();
  }
}
