import type { HolderFacts, KindFacts } from '../../../protocol/open-files.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { BpfmapFileEntry, FileEntry, NsFileEntry, TtyFileEntry } from '../../criu/schema/generated/messages.ts';
import { signalsOf } from '../isolation/signal-names.ts';
import { readBpfData } from './contents.ts';
import type { FileIndex, Holder } from './file-index.ts';
import { bpfMapName, clockName, maskNames, namespaceName } from './flag-words.ts';
import { describePipe } from './pipes.ts';
import { describeTerminal, otherSide } from './terminals.ts';
import { describeEpoll, describeFanotify, describeInotify } from './watches.ts';

export interface KindSources {
  readonly index: FileIndex;
  readonly images: ImageDirectory;
  /** Whose descriptor is asked for. */
  readonly pid: number;
  /** Adds to a descriptor what its process is called. */
  readonly name: (holder: Holder) => HolderFacts;
  /** The processes that are in a namespace, by the word for its kind and CRIU's number. */
  readonly members: (namespace: string, id: number) => Promise<readonly ProcessFacts[]>;
  /** So many descriptors are named. */
  readonly most: number;
}

const NANOSECONDS = 1_000_000_000n;

/** What is particular to a kind of file; undefined where there is no more than what all have. */
export async function describeKind(
  file: FileEntry,
  sources: KindSources,
  signal?: AbortSignal,
): Promise<KindFacts | undefined> {
  const { index, images, pid, name } = sources;
  const { efd, epfd, sgfd, tfd, ify, ffy, tty, memfd, bpf, pidfd, nsf, tunf } = file;
  if (file.pipe ?? file.fifo) return describePipe(file, index, name, sources.most);
  if (efd) return { of: 'eventfd', counter: efd.counter };
  if (epfd) return describeEpoll(epfd, pid, index);
  if (sgfd) return { of: 'signalfd', signals: signalsOf(sgfd.sigmask, index.signals), mask: sgfd.sigmask };
  if (ify) return describeInotify(ify);
  if (ffy) return describeFanotify(ffy, index);
  if (tty) return describeTty(tty, sources);
  if (nsf) return describeNamespace(nsf, sources);
  if (bpf) return describeBpfMap(bpf, images, signal);
  if (pidfd) {
    // -1: the process was gone when the dump was made.
    if (pidfd.nspid <= 0) return { of: 'pidfd' };
    const { command } = name({ pid: pidfd.nspid, fd: -1 });
    return { of: 'pidfd', target: pidfd.nspid, ...(command !== undefined && { command }) };
  }
  if (tunf) {
    const { netdev: device, detached, ns_id } = tunf;
    return {
      of: 'tun',
      ...(device !== undefined && { device }),
      detached: detached === true,
      ...(ns_id !== undefined && { networkNamespace: ns_id }),
    };
  }
  if (tfd) {
    return {
      of: 'timerfd',
      clock: clockName(tfd.clockid),
      clockId: tfd.clockid,
      remaining: tfd.vsec * NANOSECONDS + tfd.vnsec,
      interval: tfd.isec * NANOSECONDS + tfd.insec,
      ticks: tfd.ticks,
      settings: maskNames('timer', tfd.settime_flags),
      settingsMask: tfd.settime_flags,
    };
  }
  if (memfd) return describeMemory(memfd.inode_id, index);
  return undefined;
}

function describeMemory(inodeId: number, index: FileIndex): KindFacts | undefined {
  const inode = index.files.memfd(inodeId);
  if (!inode) return undefined;
  const { name, uid, gid, seals, shmid, hugetlb_flag } = inode;
  return {
    of: 'memfd',
    name,
    uid,
    gid,
    seals: maskNames('seals', seals),
    sealMask: seals,
    ...(hugetlb_flag !== undefined && { hugePages: hugetlb_flag }),
    memoryId: shmid,
  };
}

function describeTty({ tty_info_id: id }: TtyFileEntry, { index, name, most }: KindSources): KindFacts | undefined {
  const info = index.terminals.get(id);
  if (!info) return undefined;
  const other = otherSide(id, info);
  const others = other === undefined ? [] : index.terminalFiles(other).slice(0, most);
  return {
    ...describeTerminal(id, info, index.machine),
    other: others
      .flatMap((file) => index.holders(file.id, most))
      .slice(0, most)
      .map(name),
  };
}

async function describeNamespace({ ns_cflag, ns_id }: NsFileEntry, sources: KindSources): Promise<KindFacts> {
  const namespace = namespaceName(ns_cflag);
  const all = await sources.members(namespace, ns_id);
  const members = all
    .slice(0, sources.most)
    .map(({ pid, comm }) => ({ pid, ...(comm !== undefined && { command: comm }) }));
  return {
    of: 'namespace',
    namespace,
    id: ns_id,
    members,
    ...(all.length > members.length && { more: true as const }),
  };
}

async function describeBpfMap(bpf: BpfmapFileEntry, images: ImageDirectory, signal?: AbortSignal): Promise<KindFacts> {
  const data = await readBpfData(images, bpf.map_id, signal);
  return {
    of: 'BPF map',
    mapId: bpf.map_id,
    name: bpf.map_name,
    map: bpfMapName(bpf.map_type),
    keySize: bpf.key_size,
    valueSize: bpf.value_size,
    maxEntries: bpf.max_entries,
    mapFlags: bpf.map_flags,
    memlock: bpf.memlock,
    frozen: bpf.frozen,
    interfaceIndex: bpf.ifindex,
    ...(data && { entries: data.message.count }),
  };
}
