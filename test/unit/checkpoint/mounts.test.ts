import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joinMounts } from '../../../src/core/checkpoint/mounts.ts';
import type { MntEntry } from '../../../src/core/criu/schema/generated/messages.ts';

function mount(facts: Partial<MntEntry>): MntEntry {
  return {
    fstype: 5,
    mnt_id: 1,
    root_dev: 0,
    parent_mnt_id: 0,
    flags: 0,
    root: '/',
    mountpoint: '/',
    source: 'tmpfs',
    options: '',
    ...facts,
  };
}

const join = (entries: readonly MntEntry[], spec?: Parameters<typeof joinMounts>[1]) =>
  joinMounts([{ namespace: 12, entries }], spec);

describe('the mount table', () => {
  test('is ordered as a tree, siblings by path, whatever the order of the image', () => {
    const table = join([
      mount({ mnt_id: 4, parent_mnt_id: 2, mountpoint: '/dev/shm' }),
      mount({ mnt_id: 3, parent_mnt_id: 1, mountpoint: '/proc' }),
      mount({ mnt_id: 2, parent_mnt_id: 1, mountpoint: '/dev' }),
      mount({ mnt_id: 1, parent_mnt_id: 77, mountpoint: '/' }),
    ]);
    assert.deepEqual(
      table.map(({ destination }) => destination),
      ['/', '/dev', '/dev/shm', '/proc'],
    );
  });

  test('a ring of parents is shown, not followed for ever', () => {
    const table = join([
      mount({ mnt_id: 1, parent_mnt_id: 2, mountpoint: '/a' }),
      mount({ mnt_id: 2, parent_mnt_id: 1, mountpoint: '/b' }),
    ]);
    assert.deepEqual(table.map(({ destination }) => destination).sort(), ['/a', '/b']);
  });

  test('more mounts below one than a call may have arguments are in it, and take no longer each', () => {
    const below = Array.from({ length: 200_000 }, (_, index) =>
      mount({ mnt_id: index + 2, parent_mnt_id: 1, mountpoint: `/${String(index)}` }),
    );
    assert.equal(join([mount({ parent_mnt_id: 77 }), ...below]).length, 200_001);
    const ofOneId = Array.from({ length: 20_000 }, () => mount({ mnt_id: 1, parent_mnt_id: 1 }));
    assert.equal(join(ofOneId).length, 20_000);
    const twins = ofOneId.flatMap(() => [mount({ mnt_id: 1 }), mount({ mnt_id: 2, parent_mnt_id: 1 })]);
    assert.equal(join(twins).length, 40_000);
  });

  test('a mount whose place damage has taken does not pass for the root, nor for what was asked for', () => {
    const spec = { mounts: [{ destination: '/', type: 'tmpfs' }] };
    const [lost, absent] = join([mount({ mountpoint: '' })], spec);
    assert.deepEqual([lost?.destination, lost?.origin, lost?.seenIn], ['?', 'tmpfs', 'image']);
    assert.equal(absent?.seenIn, 'spec');
  });

  test('flags read as mount options, and the file system’s own options stand apart', () => {
    const [shown] = join([mount({ flags: 0x20000f, sb_flags: 1, options: 'size=64k,mode=755' })]);
    assert.deepEqual(shown?.options, ['ro', 'nosuid', 'nodev', 'noexec', 'relatime']);
    assert.equal(shown.superOptions, 'ro,size=64k,mode=755');
  });

  test('propagation', () => {
    const of = (facts: Partial<MntEntry>) => join([mount(facts)])[0]?.propagation;
    assert.equal(of({}), 'private');
    assert.equal(of({ shared_id: 5 }), 'shared');
    assert.equal(of({ master_id: 5 }), 'slave');
    assert.equal(of({ shared_id: 5, master_id: 6 }), 'shared+slave');
    assert.equal(of({ flags: 1 << 17 }), 'unbindable');
  });

  test('device numbers are the kernel’s: 12 bits major, 20 minor', () => {
    const [shown] = join([mount({ root_dev: (254 << 20) | 3 })]);
    assert.deepEqual([shown?.deviceMajor, shown?.deviceMinor], [254, 3]);
  });

  test('a type that CRIU has no number for is the one that it wrote down', () => {
    assert.equal(join([mount({ fstype: 16, fsname: 'xfs' })])[0]?.type, 'xfs');
    assert.equal(join([mount({ fstype: 0 })])[0]?.type, 'unknown');
  });
});

describe('joined with the specification', () => {
  const spec = {
    mounts: [
      { destination: '/data/', type: 'bind', source: '/srv/data', options: ['rbind', 'ro'] },
      { destination: '/vol', type: 'bind', source: '/var/lib/containers/storage/volumes/v/_data', options: [] },
      { destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['size=8m'] },
      { destination: '/gone', type: 'bind', source: '/srv/gone', options: ['bind'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [] },
    ],
    linux: { maskedPaths: ['/proc/keys'], readonlyPaths: ['/proc/sys'] },
  };
  const table = new Map(
    join(
      [
        mount({ mnt_id: 1, fstype: 17, mountpoint: '/', source: 'overlay' }),
        mount({
          mnt_id: 2,
          parent_mnt_id: 1,
          fstype: 0,
          mountpoint: '/data',
          source: '/dev/vda',
          root: '/srv/data',
          ext_key: '/data',
        }),
        mount({ mnt_id: 3, parent_mnt_id: 1, fstype: 0, mountpoint: '/vol', source: '/dev/vda', ext_key: '/vol' }),
        mount({ mnt_id: 4, parent_mnt_id: 1, mountpoint: '/scratch' }),
        mount({ mnt_id: 5, parent_mnt_id: 1, fstype: 1, mountpoint: '/proc', source: 'proc' }),
        mount({ mnt_id: 6, parent_mnt_id: 5, mountpoint: '/proc/keys', root: '/null' }),
        mount({ mnt_id: 7, parent_mnt_id: 5, fstype: 1, mountpoint: '/proc/sys', root: '/sys' }),
        mount({ mnt_id: 8, parent_mnt_id: 1, fstype: 12, mountpoint: '/sys/fs/cgroup/memory' }),
        mount({ mnt_id: 9, parent_mnt_id: 1, mountpoint: '/later' }),
        mount({ mnt_id: 10, parent_mnt_id: 1, fstype: 0, mountpoint: '/ext', ext_key: 'key' }),
      ],
      spec,
    ).map((shown) => [shown.destination, shown]),
  );

  test('each mount is told by where it comes from', () => {
    const origins = Object.fromEntries([...table].map(([destination, { origin }]) => [destination, origin]));
    assert.deepEqual(origins, {
      '/': 'rootfs',
      '/data': 'bind',
      '/vol': 'volume',
      '/scratch': 'tmpfs',
      '/proc': 'pseudo',
      '/proc/keys': 'masked',
      '/proc/sys': 'read-only',
      '/sys/fs/cgroup/memory': 'pseudo',
      '/later': 'tmpfs',
      '/ext': 'external',
      '/gone': 'bind',
      '/sys/fs/cgroup': 'other',
    });
  });

  test('a bind mount shows the host’s path and keeps what the specification asked for', () => {
    assert.equal(table.get('/data')?.source, '/srv/data');
    assert.equal(table.get('/data')?.type, 'bind');
    assert.deepEqual(table.get('/data')?.spec, {
      index: 0,
      source: '/srv/data',
      type: 'bind',
      options: ['rbind', 'ro'],
    });
  });

  test('what appeared later and what never came are told apart', () => {
    assert.equal(table.get('/later')?.seenIn, 'image');
    assert.equal(table.get('/gone')?.seenIn, 'spec');
    assert.ok((table.get('/gone')?.id ?? 0) < 0);
    for (const path of ['/', '/data', '/proc/keys', '/proc/sys', '/sys/fs/cgroup/memory'])
      assert.equal(table.get(path)?.seenIn, 'both', path);
  });

  test('of two mounts on one path the upper one is what was asked for', () => {
    const stacked = join(
      [
        mount({ mnt_id: 1, mountpoint: '/' }),
        mount({ mnt_id: 2, parent_mnt_id: 1, mountpoint: '/data' }),
        mount({ mnt_id: 3, parent_mnt_id: 2, mountpoint: '/data' }),
      ],
      spec,
    ).filter(({ destination }) => destination === '/data');
    assert.deepEqual(
      stacked.map(({ id, seenIn }) => [id, seenIn]),
      [
        [2, 'image'],
        [3, 'both'],
      ],
    );
  });

  test('a specification of any other shape does no harm', () => {
    for (const odd of [{}, { mounts: 'x' }, { mounts: [1, null, { destination: 5 }] }, { linux: [] }]) {
      assert.equal(join([mount({})], odd as unknown as Parameters<typeof joinMounts>[1]).length, 1);
    }
  });
});
