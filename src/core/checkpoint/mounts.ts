import type { MountFacts, MountOrigin, Propagation } from '../../protocol/mounts.ts';
import type { MntEntry } from '../criu/schema/generated/messages.ts';
import { asArray, asText, asTexts, at, type JsonObject } from './json.ts';

/** Mount flags of mount(2), which CRIU stores as they are. Source: include/uapi/linux/mount.h. */
const MS = {
  rdonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  synchronous: 16,
  mandlock: 64,
  dirsync: 128,
  noatime: 1 << 10,
  nodiratime: 1 << 11,
  unbindable: 1 << 17,
  slave: 1 << 19,
  shared: 1 << 20,
  relatime: 1 << 21,
  strictatime: 1 << 24,
} as const;

/** CRIU's fstype numbers. Source: criu images/mnt.proto; 16 stands for "its name is in fsname". */
const FILE_SYSTEMS = new Map([
  [1, 'proc'],
  [2, 'sysfs'],
  [3, 'devtmpfs'],
  [4, 'binfmt_misc'],
  [5, 'tmpfs'],
  [6, 'devpts'],
  [7, 'simfs'],
  [8, 'pstore'],
  [9, 'securityfs'],
  [10, 'fusectl'],
  [11, 'debugfs'],
  [12, 'cgroup'],
  [13, 'aufs'],
  [14, 'mqueue'],
  [15, 'fuse'],
  [17, 'overlay'],
  [18, 'autofs'],
  [19, 'tracefs'],
  [23, 'cgroup2'],
]);

const PSEUDO = new Set([
  'proc',
  'sysfs',
  'devpts',
  'mqueue',
  'cgroup',
  'cgroup2',
  'securityfs',
  'debugfs',
  'tracefs',
  'binfmt_misc',
  'pstore',
  'fusectl',
  'devtmpfs',
  'autofs',
]);

interface SpecMount {
  readonly index: number;
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options: readonly string[];
}

/** One mount namespace's entries of mountpoints-*.img. */
export interface MountTable {
  readonly namespace: number;
  readonly entries: readonly MntEntry[];
}

/**
 * The mount table as the kernel had it, joined with what the OCI spec asked for.
 * @returns the tree in depth-first order, siblings by path; what the spec asked for and is not there comes last
 */
export function joinMounts(tables: readonly MountTable[], spec: JsonObject | undefined): readonly MountFacts[] {
  const wanted = readSpecMounts(spec);
  const masked = new Set(asTexts(at(spec, 'linux', 'maskedPaths')));
  const readOnly = new Set(asTexts(at(spec, 'linux', 'readonlyPaths')));
  const used = new Set<SpecMount>();
  const mounts = tables.flatMap((table) => {
    const on = countByPlace(table.entries);
    return depthFirst(table.entries).map((entry) => {
      const match = findSpecMount(entry, on, wanted);
      if (match) used.add(match);
      return describe(entry, table.namespace, match, wanted, masked, readOnly);
    });
  });
  const absent = wanted.filter((mount) => !used.has(mount));
  return [
    ...mounts,
    ...absent.map((mount, index) => describeAbsent(mount, -1 - index, tables.length > 0 ? 'spec' : 'unknown')),
  ];
}

function readSpecMounts(spec: JsonObject | undefined): readonly SpecMount[] {
  return asArray(at(spec, 'mounts')).flatMap((mount, index) => {
    const destination = asText(at(mount, 'destination'));
    if (destination === undefined) return [];
    const type = asText(at(mount, 'type'));
    const source = asText(at(mount, 'source'));
    return {
      index,
      destination: normalise(destination),
      ...(type !== undefined && { type }),
      ...(source !== undefined && { source }),
      options: asTexts(at(mount, 'options')),
    };
  });
}

/** How many mounts there are of one parent on one path. */
function countByPlace(entries: readonly MntEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const key = place(entry.parent_mnt_id, mountPoint(entry));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function place(parent: number, path: string): string {
  return `${String(parent)} ${path}`;
}

/** Of several mounts on one path the last one in the tree is what the container saw, and what the spec meant. */
function findSpecMount(
  entry: MntEntry,
  on: ReadonlyMap<string, number>,
  wanted: readonly SpecMount[],
): SpecMount | undefined {
  const path = mountPoint(entry);
  const itself = entry.parent_mnt_id === entry.mnt_id ? 1 : 0;
  const covered = (on.get(place(entry.mnt_id, path)) ?? 0) > itself;
  return covered ? undefined : wanted.findLast((mount) => mount.destination === path);
}

function depthFirst(entries: readonly MntEntry[]): readonly MntEntry[] {
  const ids = new Set(entries.map((entry) => entry.mnt_id));
  const children = new Map<number | undefined, MntEntry[]>();
  for (const entry of entries) {
    const parent =
      ids.has(entry.parent_mnt_id) && entry.parent_mnt_id !== entry.mnt_id ? entry.parent_mnt_id : undefined;
    const siblings = children.get(parent);
    if (siblings) siblings.push(entry);
    else children.set(parent, [entry]);
  }
  const ordered: MntEntry[] = [];
  const seen = new Set<MntEntry>();
  const visit = (siblings: readonly MntEntry[]) => {
    const stack = sorted(siblings).reverse();
    for (let entry = stack.pop(); entry; entry = stack.pop()) {
      if (seen.has(entry)) continue;
      seen.add(entry);
      ordered.push(entry);
      for (const child of sorted(children.get(entry.mnt_id) ?? []).reverse()) stack.push(child);
      // Damage may have given many mounts one id: what is below it is gone through once.
      children.delete(entry.mnt_id);
    }
  };
  visit(children.get(undefined) ?? []);
  // A damaged image may hold a ring of parents, which no walk from the root reaches.
  visit(entries.filter((entry) => !seen.has(entry)));
  return ordered;
}

function sorted(entries: readonly MntEntry[]): MntEntry[] {
  return [...entries].sort((a, b) =>
    a.mountpoint < b.mountpoint ? -1 : a.mountpoint > b.mountpoint ? 1 : a.mnt_id - b.mnt_id,
  );
}

function describe(
  entry: MntEntry,
  namespace: number,
  match: SpecMount | undefined,
  wanted: readonly SpecMount[],
  masked: ReadonlySet<string>,
  readOnly: ReadonlySet<string>,
): MountFacts {
  const path = mountPoint(entry);
  const fileSystem = FILE_SYSTEMS.get(entry.fstype) ?? (entry.fsname === '' ? undefined : entry.fsname);
  const type = fileSystem ?? match?.type ?? 'unknown';
  const laidOver: MountOrigin | undefined = masked.has(path) ? 'masked' : readOnly.has(path) ? 'read-only' : undefined;
  // One cgroup mount of the spec becomes a tree of them where the host has version 1 hierarchies.
  const partOfCgroup = wanted.some((mount) => mount.type === 'cgroup' && path.startsWith(`${mount.destination}/`));
  const propagation = propagationOf(entry);
  const external = entry.ext_key ?? (entry.ext_mount ? path : undefined);
  return {
    id: entry.mnt_id,
    parentId: entry.parent_mnt_id,
    namespace,
    destination: path,
    type,
    source: match?.type === 'bind' && match.source !== undefined ? match.source : entry.source,
    device: entry.source,
    ...(fileSystem !== undefined && { fileSystem }),
    root: entry.root,
    options: mountOptions(entry.flags),
    superOptions: superOptions(entry),
    propagation,
    origin: laidOver ?? originOf(entry, path, type, match),
    ...(external !== undefined && { external }),
    seenIn: path === '/' || match || laidOver || partOfCgroup ? 'both' : 'image',
    ...(match && { spec: specFacts(match) }),
    deviceMajor: entry.root_dev >>> 20,
    deviceMinor: entry.root_dev & 0xfffff,
  };
}

function describeAbsent(mount: SpecMount, id: number, seenIn: 'spec' | 'unknown'): MountFacts {
  const bind = isBind(mount);
  return {
    id,
    destination: mount.destination,
    type: mount.type ?? (bind ? 'bind' : 'unknown'),
    source: mount.source ?? '',
    options: mount.options,
    origin: bind ? 'bind' : 'other',
    seenIn,
    spec: specFacts(mount),
  };
}

function specFacts({ index, source, type, options }: SpecMount): NonNullable<MountFacts['spec']> {
  return { index, ...(source !== undefined && { source }), ...(type !== undefined && { type }), options };
}

function originOf(entry: MntEntry, path: string, type: string, match: SpecMount | undefined): MountOrigin {
  if (path === '/') return 'rootfs';
  if (match && isBind(match)) return isVolume(match.source ?? '') ? 'volume' : 'bind';
  if (PSEUDO.has(type)) return 'pseudo';
  if (entry.ext_key !== undefined || entry.ext_mount === true) return 'external';
  return type === 'tmpfs' ? 'tmpfs' : 'other';
}

function isBind({ type, options }: SpecMount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

/** Volumes of Podman, Docker and the kubelet lie in folders of their own. */
function isVolume(source: string): boolean {
  return (
    /\/volumes\/[^/]+\/_data\/?$/.test(source) ||
    source.includes('/volumes/kubernetes.io~') ||
    source.includes('/volume-subpaths/')
  );
}

function propagationOf(entry: MntEntry): Propagation {
  const shared = (entry.flags & MS.shared) !== 0 || (entry.shared_id ?? 0) !== 0;
  const slave = (entry.flags & MS.slave) !== 0 || (entry.master_id ?? 0) !== 0;
  if ((entry.flags & MS.unbindable) !== 0) return 'unbindable';
  return shared && slave ? 'shared+slave' : shared ? 'shared' : slave ? 'slave' : 'private';
}

/** In the order of /proc/PID/mountinfo; the kernel does not print strictatime, which is what neither of the others is. */
function mountOptions(flags: number): readonly string[] {
  const named: [number, string][] = [
    [MS.nosuid, 'nosuid'],
    [MS.nodev, 'nodev'],
    [MS.noexec, 'noexec'],
    [MS.noatime, 'noatime'],
    [MS.nodiratime, 'nodiratime'],
    [MS.relatime, 'relatime'],
  ];
  return [
    (flags & MS.rdonly) !== 0 ? 'ro' : 'rw',
    ...named.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name),
  ];
}

function superOptions(entry: MntEntry): string {
  const flags = entry.sb_flags ?? 0;
  const named: [number, string][] = [
    [MS.synchronous, 'sync'],
    [MS.dirsync, 'dirsync'],
    [MS.mandlock, 'mand'],
  ];
  const words = [
    (flags & MS.rdonly) !== 0 ? 'ro' : 'rw',
    ...named.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name),
  ];
  return [...words, ...(entry.options === '' ? [] : [entry.options])].join(',');
}

/** `?` where damage has taken it: no path is that, and nothing else may pass for the root. */
function mountPoint({ mountpoint }: MntEntry): string {
  return mountpoint === '' ? '?' : normalise(mountpoint);
}

function normalise(path: string): string {
  const clean = path
    .replace(/^\.\//, '/')
    .replace(/\/+/g, '/')
    .replace(/(?<=.)\/$/, '');
  return clean === '' || clean === '.' ? '/' : clean.startsWith('/') ? clean : `/${clean}`;
}
