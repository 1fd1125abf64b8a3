import type {
  IdRange,
  NamespaceFact,
  NamespaceKind,
  SharedKind,
  SharedSpace,
  SharingMatrix,
} from '../../../protocol/isolation.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { fileOf, type KindName } from '../../criu/kinds.ts';
import type { ImageDirectory, MessageOf } from '../../criu/image-directory.ts';
import type { TaskKobjIdsEntry, Timespec, UidGidExtent } from '../../criu/schema/generated/messages.ts';
import { known } from '../known-images.ts';

type IdField = keyof TaskKobjIdsEntry;

/** In the order in which lsns(8) shows them, the one that owns the others first. */
const NAMESPACES: readonly (readonly [NamespaceKind, IdField])[] = [
  ['user', 'user_ns_id'],
  ['pid', 'pid_ns_id'],
  ['net', 'net_ns_id'],
  ['mnt', 'mnt_ns_id'],
  ['ipc', 'ipc_ns_id'],
  ['uts', 'uts_ns_id'],
  ['cgroup', 'cgroup_ns_id'],
  ['time', 'time_ns_id'],
];
const SHARED: readonly (readonly [SharedKind, IdField])[] = [
  ['memory', 'vm_id'],
  ['files', 'files_id'],
  ['fs', 'fs_id'],
  ['handlers', 'sighand_id'],
];

/**
 * The namespaces of a process.
 * @param host those in which CRIU itself ran, of inventory.img
 */
export function describeNamespaces(
  ids: TaskKobjIdsEntry | undefined,
  host: TaskKobjIdsEntry | undefined,
): readonly NamespaceFact[] {
  return NAMESPACES.flatMap(([kind, field]) => {
    const id = ids?.[field];
    return id === undefined || id === 0 ? [] : [{ kind, id, ofHost: host?.[field] === id }];
  });
}

/** Who shares which namespace, address space, descriptor table, working directory and signal handlers. */
export async function describeSharing(
  processes: readonly { readonly pid: number; readonly ids: TaskKobjIdsEntry | undefined }[],
  host: TaskKobjIdsEntry | undefined,
  images: ImageDirectory,
  signal?: AbortSignal,
): Promise<SharingMatrix> {
  const kinds = [];
  for (const [kind, field] of [...NAMESPACES, ...SHARED]) {
    const pids = new Map<number, number[]>();
    for (const { pid, ids } of processes) {
      const id = ids?.[field];
      if (id === undefined || id === 0) continue;
      const members = pids.get(id);
      if (members) members.push(pid);
      else pids.set(id, [pid]);
    }
    const spaces: SharedSpace[] = [];
    for (const [id, members] of pids) {
      const details = await describeSpace(kind, id, images, signal);
      spaces.push({ id, ofHost: host?.[field] === id, pids: members, ...details });
    }
    if (spaces.length > 0) kinds.push({ kind, spaces });
  }
  return { kinds };
}

type Details = Pick<SharedSpace, 'external' | 'image' | 'facts' | 'uidMap' | 'gidMap'>;

/** What the image of a namespace says beside its number. */
async function describeSpace(
  kind: NamespaceKind | SharedKind,
  id: number,
  images: ImageDirectory,
  signal?: AbortSignal,
): Promise<Details> {
  const first = async <K extends KindName>(row: K, number = id): Promise<[string, MessageOf<K>] | undefined> => {
    const name = fileOf(row, number);
    const [message] = await known(images, row, name, signal);
    return message && [images.path(name), message];
  };
  switch (kind) {
    case 'uts': {
      const found = await first('UTSNS');
      if (!found) break;
      const [image, { nodename, domainname }] = found;
      return { image, facts: [sentence('host name {0}, domain name {1}', nodename, domainname)] };
    }
    case 'net': {
      const found = await first('NETNS');
      return found ? { image: found[0], facts: [], ...external(found[1].ext_key) } : { facts: [] };
    }
    case 'pid': {
      const found = await first('PIDNS');
      return found ? { image: found[0], facts: [], ...external(found[1].ext_key) } : { facts: [] };
    }
    case 'user': {
      const found = await first('USERNS');
      if (!found) break;
      const [image, { uid_map, gid_map }] = found;
      return { image, facts: [], uidMap: uid_map.map(range), gidMap: gid_map.map(range) };
    }
    case 'time': {
      // One file for all: CRIU numbers it 0.
      const found = (await first('TIMENS')) ?? (await first('TIMENS', 0));
      if (!found) break;
      const [image, { monotonic, boottime }] = found;
      return { image, facts: [clock('CLOCK_MONOTONIC', monotonic), clock('CLOCK_BOOTTIME', boottime)] };
    }
    case 'mnt': {
      const name = fileOf('MNTS', id);
      return images.has(name) ? { image: images.path(name), facts: [] } : { facts: [] };
    }
    case 'ipc': {
      const name = fileOf('IPC_VAR', id);
      return images.has(name) ? { image: images.path(name), facts: [] } : { facts: [] };
    }
    default:
      break;
  }
  return { facts: [] };
}

function external(key: string | undefined): { external?: string } {
  return key === undefined ? {} : { external: key };
}

function range({ first, lower_first, count }: UidGidExtent): IdRange {
  return { inside: first, outside: lower_first, count };
}

/** CRIU writes what the clock showed when it dumped, and sets it to that again: not an offset. */
function clock(name: string, { tv_sec, tv_nsec }: Timespec): Sentence {
  return sentence('{0} stood at {1} s', name, `${tv_sec}.${String(tv_nsec).padStart(9, '0')}`);
}
