import type { DeletedFacts, OpenFileFacts, OpenFileKind, OwnerFacts } from '../../../protocol/open-files.ts';
import { stateText } from '../../../protocol/sockets.ts';
import type { Sentence } from '../../../protocol/sentence.ts';
import { rawText } from '../../criu/decode-message.ts';
import type { FileEntry, FownEntry, RegFileEntry } from '../../criu/schema/generated/messages.ts';
import type { Descriptor } from '../descriptors/descriptor-tables.ts';
import { memfdTarget } from '../descriptors/file-table.ts';
import { FD_TYPE, typeName } from '../descriptors/split-files.ts';
import { describeSocket, socketMessage } from '../sockets/socket-core.ts';
import { SOCK_RAW } from '../sockets/socket-words.ts';
import { aboutFile } from './about.ts';
import type { FileIndex } from './file-index.ts';
import { namespaceName, O_RDWR } from './flag-words.ts';
import { isMarkedDeleted, type Remap } from '../descriptors/remaps.ts';

/** What the types of files have in common, in one form. */
interface Common {
  readonly kind: OpenFileKind;
  readonly target: string;
  readonly targetBytes?: Uint8Array;
  readonly path?: string;
  readonly inode?: bigint;
  readonly flags?: number;
  readonly position?: bigint;
  readonly mountId?: number;
  readonly size?: bigint;
  readonly mode?: number;
  readonly deleted?: DeletedFacts;
  readonly socket?: NonNullable<OpenFileFacts['socket']>;
  readonly about?: Sentence;
  readonly owner?: FownEntry;
}

/** Describes one descriptor of a process from what the index holds, without reading anything more. */
export function describeOpenFile(pid: number, descriptor: Descriptor, index: FileIndex): OpenFileFacts {
  const { fd, type, fileId, closeOnExec, file } = descriptor;
  const common = file ? describeFile(file, index) : missingFile(descriptor);
  const { owner, targetBytes, flags, ...facts } = common;
  const locks = index.locks(pid, fd);
  const signals = owner && describeOwner(owner, index);
  return {
    pid,
    fd,
    type: typeName(file?.type ?? type),
    fileId,
    ...facts,
    ...(targetBytes && { targetBytes: Buffer.from(targetBytes).toString('base64') }),
    ...(flags !== undefined && { flags, flagNames: index.openFlags.names(flags) }),
    closeOnExec,
    ...(locks.length > 0 && { locks }),
    ...(signals && { owner: signals }),
    ...(!file && { missing: true }),
  };
}

const described = new WeakMap<FileIndex, Map<FileEntry, Common>>();

/** What can be said of a file without asking who has it open. Worked out once: a file is mostly inherited by many. */
export function describeFile(file: FileEntry, index: FileIndex): Common {
  let known = described.get(index);
  if (!known) described.set(index, (known = new Map<FileEntry, Common>()));
  let common = known.get(file);
  if (!common) {
    const about = aboutFile(file, index);
    common = { ...commonOf(file, index), ...(about && { about }) };
    known.set(file, common);
  }
  return common;
}

function commonOf(file: FileEntry, index: FileIndex): Common {
  const { reg, pipe, fifo, isk, usk, psk, nlsk, efd, epfd, sgfd, tfd, ify, ffy, tty, memfd, bpf, pidfd, nsf } = file;
  if (fifo) return { ...pathOr(file, index, 'fifo', 'fifo'), kind: 'fifo', inode: BigInt(fifo.pipe_id) };
  if (tty) return { ...pathOr(file, index, 'terminal', 'tty'), kind: 'terminal', flags: tty.flags, owner: tty.fown };
  if (file.tunf) return { ...pathOr(file, index, 'tun', '/dev/net/tun'), kind: 'tun' };
  if (reg) return describeRegular(reg, index);
  if (pipe) {
    const inode = BigInt(pipe.pipe_id);
    return { kind: 'pipe', target: `pipe:[${pipe.pipe_id}]`, inode, flags: pipe.flags, owner: pipe.fown };
  }
  if (isk) return socket(file, inetKind(isk.proto, isk.type), isk, index.machine);
  if (usk) return socket(file, 'UNIX socket', usk, index.machine);
  if (nlsk) return socket(file, 'netlink socket', nlsk, index.machine);
  if (psk) return socket(file, 'packet socket', psk, index.machine);
  if (efd) return { kind: 'eventfd', target: 'anon_inode:[eventfd]', flags: efd.flags, owner: efd.fown };
  if (epfd) return { kind: 'epoll', target: 'anon_inode:[eventpoll]', flags: epfd.flags, owner: epfd.fown };
  if (sgfd) return { kind: 'signalfd', target: 'anon_inode:[signalfd]', flags: sgfd.flags, owner: sgfd.fown };
  if (tfd) return { kind: 'timerfd', target: 'anon_inode:[timerfd]', flags: tfd.flags, owner: tfd.fown };
  if (ify) return { kind: 'inotify', target: 'anon_inode:inotify', flags: ify.flags, owner: ify.fown };
  if (ffy) return { kind: 'fanotify', target: 'anon_inode:[fanotify]', flags: ffy.flags, owner: ffy.fown };
  if (memfd) return describeMemfd(memfd, index);
  if (bpf) {
    const { flags, pos: position, fown: owner } = bpf;
    return { kind: 'BPF map', target: 'anon_inode:bpf-map', flags, position, owner };
  }
  if (pidfd) {
    const { ino, fown: owner } = pidfd;
    // That it is open for both is all the same for every one, and CRIU leaves it out: criu/pidfd.c, dump_one_pidfd.
    const flags = (pidfd.flags | O_RDWR) >>> 0;
    return { kind: 'pidfd', target: 'anon_inode:[pidfd]', inode: BigInt(ino), flags, owner };
  }
  // The kernel's number of a namespace is in no image.
  if (nsf) return { kind: 'namespace', target: `${namespaceName(nsf.ns_cflag)}:[?]`, flags: nsf.flags };
  if (file.ext) return { kind: 'external', target: 'external', owner: file.ext.fown };
  return { kind: KINDS.get(file.type) ?? 'unknown', target: typeName(file.type) };
}

/** By type, for descriptors whose file no image holds. */
const KINDS = new Map<number, OpenFileKind>([
  [FD_TYPE.reg, 'file'],
  [FD_TYPE.pipe, 'pipe'],
  [FD_TYPE.fifo, 'fifo'],
  [FD_TYPE.inetsk, 'internet socket'],
  [FD_TYPE.unixsk, 'UNIX socket'],
  [FD_TYPE.eventfd, 'eventfd'],
  [FD_TYPE.eventpoll, 'epoll'],
  [FD_TYPE.inotify, 'inotify'],
  [FD_TYPE.signalfd, 'signalfd'],
  [FD_TYPE.packetsk, 'packet socket'],
  [FD_TYPE.tty, 'terminal'],
  [FD_TYPE.fanotify, 'fanotify'],
  [FD_TYPE.netlinksk, 'netlink socket'],
  [FD_TYPE.ns, 'namespace'],
  [FD_TYPE.tunfile, 'tun'],
  [FD_TYPE.ext, 'external'],
  [FD_TYPE.timerfd, 'timerfd'],
  [FD_TYPE.memfd, 'memfd'],
  [FD_TYPE.bpfmap, 'BPF map'],
  [FD_TYPE.pidfd, 'pidfd'],
]);

function missingFile({ type, fileId }: Descriptor): Common {
  return { kind: KINDS.get(type) ?? 'unknown', target: `${typeName(type)} ${fileId}` };
}

function describeRegular(reg: RegFileEntry, index: FileIndex): Common {
  const remap = index.remaps.get(reg.id);
  const bytes = rawText(reg, 'name');
  const marked = remap !== undefined && isMarkedDeleted(remap, reg.name);
  const mode = reg.mode;
  return {
    kind: kindOfMode(mode),
    target: marked ? `${reg.name} (deleted)` : reg.name,
    ...(bytes && { targetBytes: marked ? Buffer.concat([bytes, Buffer.from(' (deleted)')]) : bytes }),
    path: reg.name,
    flags: reg.flags,
    position: reg.pos,
    ...(reg.mnt_id !== undefined && reg.mnt_id >= 0 && { mountId: reg.mnt_id }),
    ...(reg.size !== undefined && { size: reg.size }),
    ...(mode !== undefined && { mode }),
    ...(remap && { deleted: describeRemap(remap, index) }),
    owner: reg.fown,
  };
}

function describeRemap(remap: Remap, index: FileIndex): DeletedFacts {
  const linkedAs = remap.how === 'linked' ? index.files.path(remap.id) : undefined;
  return {
    how: remap.how,
    ...(linkedAs !== undefined && { linkedAs }),
    ...(remap.how === 'process' && { pid: remap.id }),
  };
}

/** A file that another kind of entry tells of, with the path from its regular file entry. */
function pathOr(file: FileEntry, index: FileIndex, kind: OpenFileKind, fallback: string): Common {
  const reg = index.pathEntry(file);
  return reg ? describeRegular(reg, index) : { kind, target: fallback };
}

function describeMemfd(memfd: NonNullable<FileEntry['memfd']>, index: FileIndex): Common {
  const inode = index.files.memfd(memfd.inode_id);
  const name = inode && memfdTarget(inode.name);
  const bytes = inode && rawText(inode, 'name');
  return {
    kind: 'memfd',
    target: name ?? '/memfd: (deleted)',
    ...(bytes && { targetBytes: Buffer.concat([Buffer.from('/memfd:'), bytes, Buffer.from(' (deleted)')]) }),
    ...(inode && { inode: BigInt(inode.shmid), size: inode.size }),
    ...(inode?.mode !== undefined && { mode: inode.mode }),
    flags: memfd.flags,
    position: memfd.pos,
    owner: memfd.fown,
  };
}

/** Of packet sockets CRIU keeps no inode. */
function socket(
  file: FileEntry,
  kind: OpenFileKind,
  {
    ino,
    flags,
    fown,
    peer,
  }: { readonly ino?: number; readonly flags: number; readonly fown: FownEntry; readonly peer?: number },
  machine: number | undefined,
): Common {
  const message = socketMessage(file);
  const core = message && describeSocket(message, machine);
  return {
    kind,
    target: `socket:[${ino ?? '?'}]`,
    ...(ino !== undefined && { inode: BigInt(ino) }),
    flags,
    ...(core && {
      socket: {
        protocol: core.protocol,
        local: core.local,
        remote: core.remote,
        state: stateText(core),
        ...(peer !== undefined && peer !== 0 && { peer }),
      },
    }),
    owner: fown,
  };
}

/** By protocol. Source: include/uapi/linux/in.h. */
function inetKind(protocol: number, type: number): OpenFileKind {
  if (type === SOCK_RAW) return 'raw socket';
  if (protocol === 6) return 'TCP socket';
  return protocol === 17 ? 'UDP socket' : 'internet socket';
}

const S_IFMT = 0o170000;
const MODES = new Map<number, OpenFileKind>([
  [0o010000, 'fifo'],
  [0o020000, 'character device'],
  [0o040000, 'directory'],
  [0o060000, 'block device'],
  [0o120000, 'symbolic link'],
]);

function kindOfMode(mode: number | undefined): OpenFileKind {
  return MODES.get((mode ?? 0) & S_IFMT) ?? 'file';
}

/** The type of f_owner_ex, which CRIU keeps as it is. Source: include/uapi/asm-generic/fcntl.h. */
const OWNERS: readonly OwnerFacts['who'][] = ['thread', 'process', 'process group'];

function describeOwner(owner: FownEntry, index: FileIndex): OwnerFacts | undefined {
  const { pid, pid_type, signum, uid, euid } = owner;
  if (pid === 0 && signum === 0) return undefined;
  return {
    pid,
    who: OWNERS[pid_type] ?? 'unknown',
    signal: signum === 0 ? 'SIGIO' : index.signals.name(signum),
    uid,
    euid,
  };
}
