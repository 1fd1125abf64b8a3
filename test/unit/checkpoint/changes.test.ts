import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describeFileCapabilities } from '../../../src/core/checkpoint/capabilities.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { formatTimestamp, mountedContents, rootfsChanges } from '../../../src/core/checkpoint/changes.ts';
import { archiveOf } from '../support/fixtures.ts';
import { memoryFiles } from '../support/memory-files.ts';

const kinds = (changes: ReturnType<typeof rootfsChanges>) =>
  Object.fromEntries(changes.map(({ facts }) => [facts.path, facts.kind]));

describe('a rootfs diff of Podman or CRI-O', () => {
  test('what lies below a new directory is new; the rest may be either', () => {
    const diff = memoryFiles({
      'etc/passwd': 'x',
      srv: { type: 'directory' },
      'srv/app': { type: 'directory' },
      'srv/app/deep/file': 'x',
    });
    assert.deepEqual(kinds(rootfsChanges(diff, 'podman', [], undefined)), {
      '/etc/passwd': 'added-or-modified',
      '/srv': 'added',
      '/srv/app': 'added',
      '/srv/app/deep/file': 'added',
    });
  });

  test('deleted paths come from deleted.files; one that is in the diff as well was replaced', () => {
    const diff = memoryFiles({ 'etc/hosts': 'x' });
    const changes = [...rootfsChanges(diff, 'cri-o', ['/etc/hosts', '/old'], undefined)];
    assert.deepEqual(
      changes.filter(({ facts }) => facts.kind === 'deleted').map(({ facts }) => facts.path),
      ['/old'],
    );
    assert.ok(changes.some(({ facts }) => facts.path === '/etc/hosts' && facts.kind === 'modified'));
  });

  test('a name that is not UTF-8 is given as bytes too, below its mount as well', () => {
    const pathBytes = Buffer.from([0x61, 0x2f, 0xff]);
    const files = memoryFiles({ 'a/\ufffd': { pathBytes }, plain: '' });
    const [odd, plain] = rootfsChanges(files, 'podman', [], undefined).map(({ facts }) => facts);
    assert.deepEqual([odd?.path, odd?.pathBytes], ['/a/\ufffd', Buffer.from('/a/\xff', 'latin1').toString('base64')]);
    assert.equal(plain?.pathBytes, undefined);
    const [mounted] = mountedContents(files, '/mnt/é', 'volume', 'volumes/v.tar').map(({ facts }) => facts);
    assert.deepEqual(
      Buffer.from(mounted?.pathBytes ?? '', 'base64'),
      Buffer.concat([Buffer.from('/mnt/é/'), pathBytes]),
    );
  });

  test('a file whose name looks like a whiteout is a file', () => {
    const changes = rootfsChanges(memoryFiles({ 'a/.wh.b': 'x' }), 'podman', [], undefined);
    assert.deepEqual(kinds(changes), { '/a/.wh.b': 'added-or-modified' });
  });
});

describe('a layer of containerd', () => {
  test('whiteouts are deletions, and what they lie in was there before', () => {
    const diff = memoryFiles({
      app: { type: 'directory', mtime: 5n },
      'app/data': { type: 'directory', mtime: 5n },
      'app/data/.wh.gone': '',
      'app/new': { type: 'directory', mtime: 5n },
      'app/new/file': 'x',
      'app/old': { type: 'directory', mtime: 1n },
    });
    assert.deepEqual(kinds(rootfsChanges(diff, 'containerd', [], 3n)), {
      '/app': 'modified',
      '/app/data': 'modified',
      '/app/data/gone': 'deleted',
      '/app/new': 'added-or-modified',
      '/app/new/file': 'added-or-modified',
      '/app/old': 'modified',
    });
  });

  test('an opaque directory hides what the image had in it, and is marked', () => {
    const changes = [
      ...rootfsChanges(
        memoryFiles({ cache: { type: 'directory' }, 'cache/.wh..wh..opq': '' }),
        'containerd',
        [],
        undefined,
      ),
    ];
    assert.deepEqual(
      changes.map(({ facts }) => [facts.path, facts.marks]),
      [['/cache', ['opaque']]],
    );
  });
});

test('contents of a mount stand under its mount point and are no changes of the image', () => {
  const changes = [...mountedContents(memoryFiles({ 'a/b': 'x' }), '/mnt/vol', 'volume', 'volumes/v.tar')];
  assert.deepEqual(
    changes.map(({ facts }) => [facts.path, facts.kind, facts.entry]),
    [['/mnt/vol/a/b', 'mounted', 'volumes/v.tar']],
  );
});

test('marks what deserves a look', () => {
  const capability = Uint8Array.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const diff = memoryFiles({
    suid: { mode: 0o4755 },
    sgid: { mode: 0o2644 },
    cap: {
      mode: 0o755,
      xattrs: new Map([
        ['security.capability', capability],
        ['user.note', new TextEncoder().encode('text')],
        ['user.bin', Uint8Array.of(0, 255)],
      ]),
    },
    dev: { type: 'character-device', deviceMajor: 1, deviceMinor: 3 },
    tmp: { type: 'directory', mode: 0o1777 },
  });
  const byPath = new Map(rootfsChanges(diff, 'podman', [], undefined).map(({ facts }) => [facts.path, facts]));
  assert.deepEqual(byPath.get('/suid')?.marks, ['setuid', 'executable']);
  assert.deepEqual(byPath.get('/sgid')?.marks, ['setgid']);
  assert.deepEqual(byPath.get('/cap')?.marks, ['capabilities', 'executable']);
  assert.equal(byPath.get('/cap')?.capabilities, 'cap_net_bind_service=ep');
  assert.deepEqual(byPath.get('/cap')?.xattrs?.slice(1), [
    { name: 'user.note', text: 'text' },
    { name: 'user.bin', base64: 'AP8=' },
  ]);
  assert.deepEqual(byPath.get('/dev')?.marks, ['device']);
  assert.deepEqual(byPath.get('/tmp')?.marks, ['sticky-world-writable']);
});

test('file capabilities read as getcap prints them', () => {
  const value = (magic: number, permitted: bigint, inheritable: bigint, rootId?: number) => {
    const bytes = new DataView(new ArrayBuffer(rootId === undefined ? 20 : 24));
    bytes.setUint32(0, magic, true);
    bytes.setUint32(4, Number(permitted & 0xffffffffn), true);
    bytes.setUint32(8, Number(inheritable & 0xffffffffn), true);
    bytes.setUint32(12, Number(permitted >> 32n), true);
    bytes.setUint32(16, Number(inheritable >> 32n), true);
    if (rootId !== undefined) bytes.setUint32(20, rootId, true);
    return new Uint8Array(bytes.buffer);
  };
  assert.equal(describeFileCapabilities(value(0x02000000, 1n << 10n, 0n)), 'cap_net_bind_service=p');
  assert.equal(
    describeFileCapabilities(value(0x02000001, (1n << 10n) | (1n << 13n), 0n)),
    'cap_net_bind_service,cap_net_raw=ep',
  );
  assert.equal(
    describeFileCapabilities(value(0x02000000, 1n << 40n, 1n << 0n)),
    'cap_chown=i cap_checkpoint_restore=p',
  );
  assert.equal(describeFileCapabilities(value(0x03000000, 1n << 21n, 0n, 100000)), 'cap_sys_admin=p [rootid=100000]');
  assert.equal(describeFileCapabilities(Uint8Array.of(1, 2)), undefined);
  assert.equal(describeFileCapabilities(value(0x09000000, 1n, 0n)), undefined);
});

test('time stamps keep every digit that they have', () => {
  assert.equal(formatTimestamp(1234567890123456789n), '2009-02-13T23:31:30.123456789Z');
  assert.equal(formatTimestamp(1234567890000000000n), '2009-02-13T23:31:30Z');
  assert.equal(formatTimestamp(-1n), '1969-12-31T23:59:59.999999999Z');
  assert.equal(formatTimestamp(10n ** 30n), '1000000000000000000000000000000 ns');
});

test('changes that are made one by one are the same, whether the list was asked for before or not', async () => {
  const spill = { directory: join(tmpdir(), `changes-${String(process.pid)}`), limit: 1 << 30 };
  const checkpoint = await openCheckpoint({ locator: archiveOf('podman-manyfiles'), spill });
  try {
    await checkpoint.completed;
    const early = await checkpoint.eachChange();
    const { changes: list, remark } = await checkpoint.changes();
    const changes = list.map(({ facts }) => facts);
    const late = await checkpoint.eachChange();
    assert.ok(changes.length > 1000);
    assert.deepEqual([...early.changes], changes);
    assert.deepEqual([...late.changes], changes);
    assert.deepEqual([early.remark, late.remark], [remark, remark]);
  } finally {
    await checkpoint.close();
    rmSync(spill.directory, { recursive: true, force: true });
  }
});
