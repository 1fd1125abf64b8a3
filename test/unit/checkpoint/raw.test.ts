import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import type { FieldNode } from '../../../src/core/checkpoint/raw/field-nodes.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { readAll } from '../../../src/core/bytes/read.ts';
import { bytes, entry, image, uint32, varint } from '../criu/build-image.ts';
import { archiveOf, archives } from '../support/fixtures.ts';
import { repack } from '../support/repack.ts';

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-raw-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function withCheckpoint<Result>(path: string, use: (checkpoint: Checkpoint) => Promise<Result>): Promise<Result> {
  const checkpoint = await openCheckpoint({
    locator: path,
    spill: { directory: join(folder, 'spill'), limit: 2 ** 30 },
  });
  try {
    await checkpoint.completed;
    return await use(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

/** A fixture with one image put in the place of another. */
async function withImage<Result>(
  name: string,
  content: Uint8Array,
  use: (checkpoint: Checkpoint) => Promise<Result>,
): Promise<Result> {
  const path = join(folder, `${basename(name)}.tar`);
  await repack(archiveOf('podman-counter-none'), path, (member, own) =>
    own === name ? Buffer.from(content) : member.content,
  );
  return withCheckpoint(path, use);
}

async function json(checkpoint: Checkpoint, path: string): Promise<{ magic: string; entries: unknown[] }> {
  const source = await checkpoint.files.open(path);
  try {
    return JSON.parse(Buffer.from(await readAll(source, 64 * 1024 * 1024)).toString()) as never;
  } finally {
    await source.close();
  }
}

/** What JSON has of a node: 64-bit numbers as they come out of a parser that rounds. */
function plain(node: FieldNode): unknown {
  return JSON.parse(
    JSON.stringify(node.json(), (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
  );
}

/** The child of a node at the end of a path of keys. */
function at(node: FieldNode | undefined, ...path: readonly string[]): FieldNode | undefined {
  return path.reduce<FieldNode | undefined>((found, key) => {
    const children = found?.children;
    return Array.from({ length: children?.count ?? 0 }, (_, index) => children?.at(index)).find(
      (child) => child?.key === key,
    );
  }, node);
}

/** A content that follows a message: only its beginning is in memory. */
function isContent(node: FieldNode): boolean {
  const { children } = node;
  if (node.type === 'content') return (node.bytes?.length ?? 0) > 64;
  return Array.from({ length: children?.count ?? 0 }, (_, index) => children?.at(index)).some(
    (child) => child && isContent(child),
  );
}

describe('the entries of an archive', () => {
  test('are all there, each with what it is, in every fixture', async () => {
    for (const name of archives) {
      await withCheckpoint(archiveOf(name), async (checkpoint) => {
        const entries = await checkpoint.raw.entries();
        const listed = (await checkpoint.files.list('/archive')).map((entry) => entry.name);
        const top = new Set(entries.map(({ path }) => path.split('/', 1)[0]));
        assert.deepEqual([...top].sort(), [...listed].sort());
        for (const { path, view, what, kind } of entries) {
          assert.ok(what !== '' && what !== 'Image of a kind that is not known', path);
          if (/checkpoint\/(?!pages-).*\.img$/.test(path))
            assert.deepEqual([view, kind !== undefined], ['tree', true], path);
        }
      });
    }
  });

  test('are named for what they hold', async () => {
    await withCheckpoint(archiveOf('podman-webapp-host'), async ({ raw }) => {
      const of = async (path: string): Promise<unknown[]> => {
        const { what, kind, view, pid } = await raw.entry(path);
        return [what, kind, view, pid];
      };
      assert.deepEqual(await of('checkpoint/mm-2.img'), ['Address space of a process: its mappings', 'MM', 'tree', 2]);
      assert.deepEqual(await of('checkpoint/pages-1.img'), ['Memory: bytes of pages', 'PAGES', 'bytes', undefined]);
      assert.deepEqual(await of('stats-dump'), ['Times and counts of the dump', 'STATS', 'tree', undefined]);
      assert.deepEqual(await of('spec.dump'), ['Specification of the container (OCI)', undefined, 'text', undefined]);
      assert.deepEqual(await of('rootfs-diff.tar'), [
        'Changes of the file system (tar)',
        undefined,
        'bytes',
        undefined,
      ]);
      assert.deepEqual(await of('ctr.log'), ['Log of the container', undefined, 'text', undefined]);
      assert.deepEqual(await of('checkpoint'), ['Folder', undefined, 'none', undefined]);
    });
  });

  test('that are not there are told as such', async () => {
    await withCheckpoint(archiveOf('podman-counter-none'), async ({ raw }) => {
      await assert.rejects(raw.entry('checkpoint/core-99.img'), (error) => CheckpointError.is(error, 'not-found'));
      await assert.rejects(raw.image('spec.dump'), (error) => CheckpointError.is(error, 'unsupported'));
    });
  });

  test('have a beginning where their bytes are all there is to see', async () => {
    await withCheckpoint(archiveOf('podman-webapp-host'), async ({ raw, files }) => {
      const { start, file = '', size } = await raw.entry('checkpoint/pages-1.img');
      const source = await files.open(file);
      assert.deepEqual(start, new Uint8Array(await source.read(0, 1024)));
      assert.equal(size, source.size);
      await source.close();
      assert.equal((await raw.entry('checkpoint/core-1.img')).start, undefined);
    });
  });
});

describe('an image as a tree', () => {
  test('holds what its JSON holds, for every image of the fixtures', async () => {
    let compared = 0;
    for (const name of [
      'podman-webapp-host',
      'containerd-webapp',
      'crio-rich',
      'podman-redis',
      'podman-criu411-counter',
    ]) {
      await withCheckpoint(archiveOf(name), async (checkpoint) => {
        for (const { path, view } of await checkpoint.raw.entries()) {
          if (view !== 'tree') continue;
          const detail = await checkpoint.raw.entry(path);
          assert.deepEqual(detail.notes, [], path);
          const { entries } = await json(checkpoint, detail.json ?? '');
          const tree = await checkpoint.raw.image(path);
          const nodes = await tree.read(Array.from({ length: tree.count }, (_, index) => index));
          assert.deepEqual([detail.entries, tree.count], [entries.length, entries.length], path);
          nodes.forEach((node, index) => {
            if (!isContent(node)) assert.deepEqual(plain(node), entries[index], `${path} ${String(index)}`);
            compared++;
          });
        }
      });
    }
    assert.ok(compared > 1000, String(compared));
  });

  test('names limits, signals and capabilities where CRIU has numbers', async () => {
    await withCheckpoint(archiveOf('podman-webapp-host'), async ({ raw }) => {
      const [core] = await (await raw.image('checkpoint/core-1.img')).read([0]);
      const limits = at(core, 'tc', 'rlimits', 'rlimits');
      assert.equal(limits?.children?.at(7).hint, 'RLIMIT_NOFILE');
      const signals = at(core, 'tc', 'sigactions');
      // The list leaves out SIGKILL and SIGSTOP: 62 of 64.
      assert.equal(signals?.children?.count, 62);
      assert.deepEqual(
        [0, 7, 8, 15, 16, 17, 61].map((index) => signals.children?.at(index).hint),
        ['SIGHUP', 'SIGFPE', 'SIGUSR1', 'SIGCHLD', 'SIGCONT', 'SIGTSTP', 'SIGRTMAX'],
      );
      assert.match(at(core, 'thread_core', 'creds', 'cap_eff')?.hint ?? '', /^cap_chown, cap_dac_override, /);
    });
  });

  test('marks what the schema does not know', async () => {
    const strange = bytes([0x08], varint(7), [0xfa, 0x3e, 3], 'abc', [0x10], varint(2), [0x18], varint(18));
    await withImage('checkpoint/fs-1.img', image('FS', bytes(uint32(strange.length), strange)), async ({ raw }) => {
      const [node] = await (await raw.image('checkpoint/fs-1.img')).read([0]);
      const last = node?.children?.at(3);
      assert.deepEqual(
        [last?.name, last?.mark, last?.type, last?.json()],
        ['#1007', 'unknown-field', 'bytes', 'YWJj\n'],
      );
    });
  });

  test('of a damaged image has what is left of it, and its notes with their places, also among all notes', async () => {
    const whole = entry('fs_entry', { cwd_id: 1, root_id: 2, umask: 18 });
    await withImage('checkpoint/fs-1.img', image('FS', whole, uint32(99), [1, 2]), async (checkpoint) => {
      const { notes, entries } = await checkpoint.raw.entry('checkpoint/fs-1.img');
      assert.equal(entries, 1);
      assert.deepEqual(
        notes.map(({ kind, where, offset }) => [kind, where, offset]),
        [['truncated', 'checkpoint/fs-1.img', 8 + whole.length]],
      );
      assert.ok(
        (await checkpoint.notes()).some(({ where, kind }) => where === 'checkpoint/fs-1.img' && kind === 'truncated'),
      );
    });
  });

  test('whose head is that of no kind has none, but its first bytes', async () => {
    const content = bytes(uint32(0x54564319), uint32(0x12345678), 'what is this');
    await withImage('checkpoint/fs-1.img', content, async ({ raw }) => {
      const { entries, magic, notes, start } = await raw.entry('checkpoint/fs-1.img');
      assert.deepEqual([entries, magic, notes.map(({ kind }) => kind)], [0, '0x12345678', ['damaged']]);
      assert.deepEqual(Buffer.from(start ?? []), Buffer.from(content));
    });
  });

  test('of half a million entries is opened by where they stand, and read where it is looked at', async () => {
    const one = entry('pagemap_entry', { vaddr: 0x1000, compat_nr_pages: 1, flags: 4 });
    const many = Buffer.alloc(one.length * 500_000, one);
    const head = entry('pagemap_head', { pages_id: 1 });
    await withImage('checkpoint/pagemap-1.img', image('PAGEMAP', head, many), async ({ raw }) => {
      const tree = await raw.image('checkpoint/pagemap-1.img');
      assert.equal(tree.count, 500_001);
      const [first, last] = await tree.read([0, 500_000]);
      assert.deepEqual([first?.type, last?.type], ['pagemap_head', 'pagemap_entry']);
      assert.deepEqual(last?.json(), { vaddr: '0x1000', compat_nr_pages: 1, flags: 'PE_PRESENT' });
    });
  });

  test('is beside the folder of images decoded as JSON too', async () => {
    await withCheckpoint(archiveOf('podman-counter-none'), async (checkpoint) => {
      assert.equal((await json(checkpoint, '/images/stats-dump.json')).magic, 'STATS');
      const names = (await checkpoint.files.list('/images')).map(({ name }) => name);
      assert.ok(names.includes('stats-dump.json') && names.includes('core-1.img.json'));
    });
  });
});
