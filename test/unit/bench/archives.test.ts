import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Checkpoint, openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import {
  type ArchiveOptions,
  makeProcesses,
  type SyntheticArchive,
  syntheticProcess,
  writeArchive,
} from '../../bench/archives.ts';

const folder = mkdtempSync(join(tmpdir(), 'synthetic-'));
after(() => rmSync(folder, { recursive: true }));

const small: ArchiveOptions = { processes: makeProcesses(12, 3 * 1024 * 1024), diffEntries: 150 };
const variants: readonly (readonly [string, ArchiveOptions])[] = [
  ['a Podman archive', small],
  ['a CRI-O archive of CRIU 4.1', { ...small, engine: 'cri-o', criu: '4.1' }],
  [
    'a containerd archive of CRIU 3.3, with an image for each kind of file',
    { ...small, engine: 'containerd', criu: '3.3' },
  ],
  ['an archive of nothing but CRIU images', { processes: small.processes, engine: 'criu' }],
  ['a shared pid namespace, where the root is 7', { processes: makeProcesses(5, 0, 7) }],
  ['memory that is nothing but holes', { processes: makeProcesses(3, 200 * 1024 * 1024), filler: 'holes' }],
  ['a zombie and a stopped process', { processes: withEveryState() }],
];

for (const [title, options] of variants) {
  test(`the product reads what was put into ${title}`, async () => {
    await opening(options, async (checkpoint, made) => {
      const found = await checkpoint.processes();
      assert.deepEqual(found.map(asPut), made.processes.map(asPut));
      const wrong = (await checkpoint.notes()).filter(({ kind }) => kind !== 'may-be-incomplete');
      assert.deepEqual(wrong, []);
    });
  });
}

describe('the rootfs diff of a synthetic archive', () => {
  for (const engine of ['podman', 'cri-o', 'containerd'] as const) {
    test(`is read as ${engine} writes it`, async () => {
      await opening({ ...small, engine }, async (checkpoint, made) => {
        const changes = [...(await checkpoint.eachChange()).changes];
        const shown = changes.filter(({ kind }) => kind !== 'deleted' && kind !== 'mounted');
        const put = made.changes.changes.map(({ member, content }) => [`/${member.name}`, member.mode, content.length]);
        const given = new Set(
          made.changes.changes.flatMap(({ member }) => (member.mode === undefined ? [] : `/${member.name}`)),
        );
        const read = shown.map(({ path, mode, size }) => [path, given.has(path) ? mode : undefined, size ?? 0]);
        assert.deepEqual(read.sort(), put.sort());
        const deleted = changes.filter(({ kind }) => kind === 'deleted').map(({ path }) => path);
        assert.deepEqual(deleted.sort(), [...made.changes.deleted].sort());
        const server = changes.find(({ path }) => path === '/usr/local/bin/server');
        assert.equal(server?.capabilities, 'cap_net_bind_service=ep');
      });
    });
  }
});

test('the names of pod, container and image are found where each engine puts them', async () => {
  for (const engine of ['podman', 'cri-o', 'containerd'] as const) {
    await opening({ ...small, engine }, async (checkpoint, made) => {
      const overview = await checkpoint.overview();
      assert.equal(overview.engine, engine);
      assert.equal(overview.container.name, made.container.name);
      assert.equal(overview.image?.name, made.container.image);
      assert.equal(overview.pod?.name, engine === 'podman' ? undefined : made.container.pod);
      assert.equal(overview.hostName, made.container.hostname);
      assert.equal(overview.sizes.archive, made.size);
    });
  }
});

test('the same options make the same bytes', () => {
  const [one, other] = ['one', 'other'].map((name) => writeArchive(join(folder, `${name}.tar`), small).path);
  assert.ok(readFileSync(one as string).equals(readFileSync(other as string)));
});

test('holes take no room on disk, and change nothing but the pages', () => {
  const options = { processes: makeProcesses(2, 64 * 1024 * 1024) };
  const full = writeArchive(join(folder, 'full.tar'), options);
  const holed = writeArchive(join(folder, 'holed.tar'), { ...options, filler: 'holes' });
  assert.equal(holed.size, full.size);
  assert.deepEqual(holed.entries, full.entries);
  // File systems that know no holes keep them as zeros.
  assert.ok(holed.allocated <= full.allocated);
});

async function opening(
  options: ArchiveOptions,
  look: (checkpoint: Checkpoint, made: SyntheticArchive) => Promise<void>,
): Promise<void> {
  const made = writeArchive(join(folder, 'archive.tar'), options);
  const spill = { directory: join(folder, 'spill'), limit: 1024 * 1024 * 1024 };
  const checkpoint = await openCheckpoint({ locator: made.path, spill });
  try {
    await checkpoint.completed;
    await look(checkpoint, made);
  } finally {
    await checkpoint.close();
  }
}

/** What a process's facts, or what was put into the archive, say of it: made alike, so that they can be compared. */
function asPut(process: {
  readonly pid: number;
  readonly ppid: number;
  readonly comm?: string;
  readonly state: string;
  readonly arguments?: readonly string[];
  readonly environment?: readonly string[];
  readonly executable?: string;
  readonly workingDirectory?: string;
  readonly threads: readonly (number | { readonly tid: number })[];
  readonly uid?: number;
  readonly uids?: readonly number[];
}): object {
  const { pid, ppid, comm, state } = process;
  const threads = process.threads.map((thread) => (typeof thread === 'number' ? thread : thread.tid));
  if (state === 'zombie') return { pid, ppid, comm, state, threads };
  const { arguments: args, environment, executable, workingDirectory } = process;
  return {
    pid,
    ppid,
    comm,
    state,
    threads,
    args,
    environment,
    executable,
    workingDirectory,
    uid: process.uid ?? process.uids?.[0],
  };
}

function withEveryState(): ArchiveOptions['processes'] {
  return [
    syntheticProcess({ pid: 1, executable: '/sbin/tini', arguments: ['tini', '--', 'app'] }),
    syntheticProcess({ pid: 12, ppid: 1, comm: 'defunct', state: 'zombie', threads: [12, 13] }),
    syntheticProcess({
      pid: 20,
      ppid: 1,
      comm: 'paused',
      state: 'stopped',
      arguments: ['paused', ''],
      threads: [20, 21, 22],
    }),
  ];
}
