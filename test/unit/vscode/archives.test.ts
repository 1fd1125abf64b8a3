import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { RemoteError } from '../../../src/protocol/channel.ts';
import type { ArchiveMetadata } from '../../../src/protocol/metadata-api.ts';
import { ArchiveList } from '../../../src/vscode/archives/archive-list.ts';
import { candidateAt, findCandidates, looksLikeArchive } from '../../../src/vscode/archives/find-candidates.ts';
import { MetadataCache } from '../../../src/vscode/archives/metadata-cache.ts';
import { archiveOf } from '../support/fixtures.ts';
import { silent } from './support/log.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'archives-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(path: string, content: string | Uint8Array = ''): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
}

describe('looking for what may be a checkpoint', () => {
  async function find(maxDepth = 6): Promise<readonly string[]> {
    const found: string[] = [];
    const { signal } = new AbortController();
    for await (const { path, kind } of findCandidates(folder, { maxDepth, signal })) {
      found.push(`${kind} ${relative(folder, path)}`);
    }
    return found.sort();
  }

  it('finds archives by name and folders by what is in them', async () => {
    for (const name of ['a.tar', 'b.tar.gz', 'deep/c.TGZ', 'deep/er/d.tar.zst', 'no.txt', 'tar']) make(name);
    make('images/inventory.img');
    make('layout/oci-layout');
    make('layout/index.json');
    make('layout/blobs/inside.tar');
    make('unpacked/config.dump');
    make('unpacked/checkpoint/inventory.img');
    make('unpacked/rootfs-diff.tar');
    assert.deepEqual(await find(), [
      'archive a.tar',
      'archive b.tar.gz',
      'archive deep/c.TGZ',
      'archive deep/er/d.tar.zst',
      'folder images',
      'folder layout',
      'folder unpacked',
    ]);
  });

  it('leaves out folders of tools, links to folders, and what is too deep', async () => {
    make('node_modules/x.tar');
    make('.git/x.tar');
    make('a/b/c/x.tar');
    make('a/y.tar');
    symlinkSync(join(folder, 'a'), join(folder, 'link'));
    assert.deepEqual(await find(1), ['archive a/y.tar']);
    assert.deepEqual(await find(3), ['archive a/b/c/x.tar', 'archive a/y.tar']);
  });

  it('passes over a folder that is not there', async () => {
    rmSync(folder, { recursive: true });
    assert.deepEqual(await find(), []);
  });

  it('knows to which folder a marker belongs', async () => {
    make('unpacked/spec.dump');
    const image = make('unpacked/checkpoint/inventory.img');
    assert.equal((await candidateAt(image))?.path, join(folder, 'unpacked'));
    const bare = make('checkpoint/inventory.img');
    assert.equal((await candidateAt(bare))?.path, join(folder, 'checkpoint'));
    assert.equal(await candidateAt(join(folder, 'gone.tar')), undefined);
  });

  it('tells archives by their first bytes', async () => {
    for (const name of ['podman-counter-none', 'podman-counter-gzip', 'podman-counter-zstd']) {
      assert.equal(await looksLikeArchive(archiveOf(name)), true, name);
    }
    assert.equal(await looksLikeArchive(make('empty.tar')), false);
    assert.equal(await looksLikeArchive(make('text.tar', 'no tar at all\n'.repeat(100))), false);
  });
});

describe('the list of archives', () => {
  let list: ArchiveList;
  let cache: MetadataCache;
  let reads: string[];
  let answers: Record<string, ArchiveMetadata | null | Error>;

  const metadata = (container: string, checkpointed: string): ArchiveMetadata => ({
    engine: 'podman',
    compression: 'none',
    container,
    checkpointed,
  });

  beforeEach(() => {
    reads = [];
    answers = {};
    cache = new MetadataCache(join(folder, '.cache', 'archives.json'));
    list = newList(cache);
  });
  afterEach(() => {
    list.dispose();
    cache.dispose();
  });

  function newList(over: MetadataCache): ArchiveList {
    return new ArchiveList({
      cache: over,
      read: (path) => {
        reads.push(basename(path));
        const answer = answers[basename(path)] ?? null;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      where: () => ({ folders: [folder, folder], maxDepth: 3 }),
      log: silent,
      settle: 1,
    });
  }

  function archive(name: string): string {
    const path = join(folder, name);
    cpSync(archiveOf('podman-counter-none'), path);
    return path;
  }
  const shown = () => list.items.map(({ path, metadata: known }) => known?.container ?? `! ${basename(path)}`);

  it('holds checkpoints, the newest first, and no other archives', async () => {
    archive('old.tar');
    archive('new.tar');
    archive('other.tar');
    make('text.tar', 'text');
    answers = {
      'old.tar': metadata('old', '2026-01-01T00:00:00Z'),
      'new.tar': metadata('new', '2026-02-01T00:00:00Z'),
    };
    await list.refresh();
    assert.deepEqual(shown(), ['new', 'old']);
    assert.ok(!reads.includes('text.tar'), 'the worker was asked for a file that does not begin like an archive');
  });

  it('reads an archive again only when it has changed, also after a restart', async () => {
    const path = archive('a.tar');
    archive('other.tar');
    answers = { 'a.tar': metadata('a', '2026-01-01T00:00:00Z') };
    await list.refresh();
    await list.refresh();
    await cache.save();
    assert.deepEqual(reads.sort(), ['a.tar', 'other.tar']);

    list.dispose();
    list = newList(new MetadataCache(join(folder, '.cache', 'archives.json')));
    await list.refresh();
    assert.equal(reads.length, 2);
    assert.deepEqual(shown(), ['a']);

    utimesSync(path, 1, 1);
    await list.refresh();
    assert.equal(reads.length, 3);
  });

  it('shows what is damaged, and leaves out what is only no checkpoint', async () => {
    archive('damaged.tar');
    archive('plain.tar');
    answers = {
      'damaged.tar': new RemoteError({ reason: 'damaged', message: 'It is damaged.' }),
      'plain.tar': new RemoteError({ reason: 'not-a-checkpoint', message: 'It is something else.' }),
    };
    await list.refresh();
    assert.deepEqual(shown(), ['! damaged.tar']);
  });

  it('follows what it is told of: new, changed and deleted archives', async () => {
    await list.refresh();
    const path = archive('a.tar');
    answers = { 'a.tar': metadata('first', '2026-01-01T00:00:00Z') };
    await list.update(path);
    assert.deepEqual(shown(), ['first']);
    answers = { 'a.tar': metadata('second', '2026-01-01T00:00:00Z') };
    utimesSync(path, 5, 5);
    await list.update(path);
    assert.deepEqual(shown(), ['second']);
    rmSync(path);
    await list.update(path);
    assert.deepEqual(shown(), []);
  });

  it('follows folders that come and go with all that is in them', async () => {
    await list.refresh();
    mkdirSync(join(folder, 'new/deep'), { recursive: true });
    archive('new/deep/a.tar');
    make('new/node_modules/b.tar');
    answers = { 'a.tar': metadata('a', '2026-01-01T00:00:00Z') };
    await list.lookInto(join(folder, 'new/node_modules'));
    await list.lookInto(join(folder, 'new/deep/a.tar'));
    assert.deepEqual(shown(), []);
    await list.lookInto(join(folder, 'new'));
    assert.deepEqual(shown(), ['a']);
    list.forget(join(folder, 'ne'));
    assert.deepEqual(shown(), ['a']);
    list.forget(join(folder, 'new'));
    assert.deepEqual(shown(), []);
  });

  it('takes what lies in a folder that is a checkpoint for a part of it', async () => {
    make('images/inventory.img', 'x');
    answers = {
      images: metadata('bare', '2026-01-01T00:00:00Z'),
      'pages.tar': metadata('wrong', '2026-01-01T00:00:00Z'),
    };
    await list.refresh();
    const inside = archive('images/pages.tar');
    await list.update(inside);
    assert.deepEqual(shown(), ['bare']);
    rmSync(inside);
    await list.update(inside);
    assert.deepEqual(shown(), ['bare']);
    rmSync(join(folder, 'images'), { recursive: true });
    await list.update(join(folder, 'images/inventory.img'));
    assert.deepEqual(shown(), []);
  });

  it('forgets what a new search does not find', async () => {
    const path = archive('a.tar');
    answers = { 'a.tar': metadata('a', '2026-01-01T00:00:00Z') };
    await list.refresh();
    rmSync(path);
    await list.refresh();
    assert.deepEqual(shown(), []);
  });

  it('starts with nothing where what was stored is not its own', async () => {
    make(
      '.cache/archives.json',
      '{"version":1,"entries":[["x"],["y",null],7,["z",{"size":1,"mtime":1,"metadata":{}}]]}',
    );
    const archives = new MetadataCache(join(folder, '.cache', 'archives.json'));
    assert.equal(await archives.get({ path: 'z', kind: 'archive', size: 1, mtime: 1 }), undefined);
  });
});
