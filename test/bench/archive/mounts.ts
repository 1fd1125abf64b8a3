import type { Fields } from './image.ts';

/** mnt_entry.fstype; CRIU's images/mnt.proto. */
const fileSystems = { proc: 1, sysfs: 2, tmpfs: 5, devpts: 6, mqueue: 14, overlay: 17, cgroup2: 23 };

interface Mounted {
  readonly id: number;
  readonly parent: number;
  readonly type: keyof typeof fileSystems;
  readonly at: string;
  /** The minor device number of the mounted file system. */
  readonly device: number;
  readonly source?: string;
  readonly root?: string;
  readonly options?: string;
  readonly flags?: number;
  /** A mount that the engine prepares outside of the container. */
  readonly external?: boolean;
}

/** The mount table of an ordinary container, in CRIU's order: children first. */
export function mountEntries(rootId: number, devId: number): Fields[] {
  const layers = '/var/lib/containers/storage/overlay';
  const userdata = '/containers/storage/overlay-containers/c65dd6a6a9c9/userdata';
  const bind = (id: number, at: string): Mounted => ({
    id,
    parent: rootId,
    type: 'tmpfs',
    at,
    device: 45,
    root: `${userdata}/${at.split('/').at(-1) ?? ''}`,
    options: 'mode=755',
    external: true,
  });
  const mounts: readonly Mounted[] = [
    { id: 172, parent: 150, type: 'cgroup2', at: '/sys/fs/cgroup', device: 38, source: 'cgroup2', flags: 0x20000f },
    bind(157, '/etc/resolv.conf'),
    bind(156, '/etc/hostname'),
    bind(155, '/run/.containerenv'),
    {
      id: 154,
      parent: devId,
      type: 'tmpfs',
      at: '/dev/shm',
      device: 59,
      source: 'shm',
      options: 'size=64000k',
      flags: 0x20000e,
      external: true,
    },
    bind(153, '/etc/hosts'),
    { id: 152, parent: devId, type: 'mqueue', at: '/dev/mqueue', device: 69, source: 'mqueue', flags: 0x20000e },
    {
      id: 151,
      parent: devId,
      type: 'devpts',
      at: '/dev/pts',
      device: 73,
      source: 'devpts',
      options: 'gid=5,mode=620,ptmxmode=666',
      flags: 0x20000a,
    },
    { id: 150, parent: rootId, type: 'sysfs', at: '/sys', device: 41, source: 'sysfs', flags: 0x20000f },
    {
      id: devId,
      parent: rootId,
      type: 'tmpfs',
      at: '/dev',
      device: 72,
      source: 'tmpfs',
      options: 'size=65536k,mode=755',
      flags: 0x1000002,
    },
    { id: 148, parent: rootId, type: 'proc', at: '/proc', device: 71, source: 'proc', flags: 0x20000e },
    {
      id: rootId,
      parent: 58,
      type: 'overlay',
      at: '/',
      device: 67,
      source: 'overlay',
      options: `lowerdir=${layers}/d3d55bd9f17f/diff,upperdir=${layers}/5b199f10a599/diff,workdir=${layers}/5b199f10a599/work,uuid=on`,
    },
  ];
  return mounts.map((mount) => ({
    fstype: fileSystems[mount.type],
    mnt_id: mount.id,
    // The kernel's encoding of a device number: major in the upper 12 bits, here 0.
    root_dev: mount.device,
    parent_mnt_id: mount.parent,
    flags: mount.flags ?? 0x200000,
    root: mount.root ?? '/',
    mountpoint: mount.at,
    source: mount.source ?? mount.type,
    options: mount.options ?? '',
    shared_id: 0,
    master_id: 0,
    sb_flags: 0,
    ...(mount.external && { ext_key: mount.at }),
  }));
}
