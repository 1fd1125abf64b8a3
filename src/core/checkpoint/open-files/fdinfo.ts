import type { LockFacts } from '../../../protocol/open-files.ts';
import type { MountFacts } from '../../../protocol/mounts.ts';
import type { FhEntry, FileEntry } from '../../criu/schema/generated/messages.ts';
import type { Descriptor } from '../descriptors/descriptor-tables.ts';
import { describeFile } from './describe-file.ts';
import type { FileIndex } from './file-index.ts';
import { O_CLOEXEC } from './flag-words.ts';
import { fileHandle } from './watches.ts';

/**
 * /proc/PID/fdinfo/N. Lines whose facts are in no image are left out; of a lock the inode, which stands within its line,
 * is 0 where no image has it. Source: fs/proc/fd.c, fs/locks.c and the show_fdinfo of each kind of file.
 */
export function formatFdinfo(
  pid: number,
  descriptor: Descriptor,
  index: FileIndex,
  mounts: readonly MountFacts[],
): string {
  const { file, closeOnExec, fd } = descriptor;
  if (!file) return '';
  const { position = 0n, flags = 0, mountId, inode } = describeFile(file, index);
  const lines = [
    `pos:\t${position}`,
    `flags:\t0${(closeOnExec ? (flags | O_CLOEXEC) >>> 0 : flags).toString(8)}`,
    ...(mountId === undefined ? [] : [`mnt_id:\t${mountId}`]),
    ...(inode === undefined ? [] : [`ino:\t${inode}`]),
  ];
  const mount = mountId === undefined ? undefined : mounts.find(({ id }) => id === mountId);
  index.locks(pid, fd).forEach((lock, number) => lines.push(lockLine(lock, number + 1, mount, inode)));
  return [...lines, ...kindLines(file, index)].map((line) => `${line}\n`).join('');
}

/** TCP_LISTEN, also of UNIX sockets. Source: include/net/tcp_states.h. */
const LISTENING = 10;

const LOCK_WORDS: Readonly<Record<LockFacts['kind'], string>> = {
  POSIX: 'POSIX  ADVISORY ',
  FLOCK: 'FLOCK  ADVISORY ',
  OFD: 'OFDLCK ADVISORY ',
  LEASE: 'LEASE  ACTIVE   ',
  unknown: 'UNKNOWN UNKNOWN ',
};
const ACCESS_WORDS: Readonly<Record<LockFacts['access'], string>> = {
  read: 'READ',
  write: 'WRITE',
  none: 'UNLCK',
  unknown: 'UNLCK',
};

function lockLine(lock: LockFacts, number: number, mount: MountFacts | undefined, inode = 0n): string {
  const words = lock.breaking ? 'LEASE  BREAKING ' : LOCK_WORDS[lock.kind];
  // A lock of an open file belongs to no process.
  const owner = lock.kind === 'OFD' ? -1 : lock.pid;
  const device = [mount?.deviceMajor ?? 0, mount?.deviceMinor ?? 0].map((part) => part.toString(16).padStart(2, '0'));
  const range = `${lock.start} ${lock.end ?? 'EOF'}`;
  return `lock:\t${number}: ${words} ${ACCESS_WORDS[lock.access]} ${owner} ${device.join(':')}:${inode} ${range}`;
}

function kindLines(file: FileEntry, index: FileIndex): readonly string[] {
  const { efd, epfd, sgfd, tfd, ify, ffy, bpf, pidfd, tunf, tty, usk } = file;
  if (efd) return [`eventfd-count: ${hex(efd.counter, 16)}`];
  if (sgfd) return [`sigmask:\t${sgfd.sigmask.toString(16).padStart(index.signals.last / 4, '0')}`];
  if (epfd) return epfd.tfd.map(pollLine);
  if (ify) {
    return ify.wd.map(
      (watch) =>
        `inotify wd:${hex(watch.wd)} ino:${hex(watch.i_ino)} sdev:${hex(watch.s_dev)} mask:${hex(watch.mask)} ` +
        `ignored_mask:${hex(watch.ignored_mask)} ${handleWords(watch.f_handle)}`,
    );
  }
  if (ffy) return [`fanotify flags:${hex(ffy.faflags)} event-flags:${hex(ffy.evflags)}`, ...ffy.mark.map(markLine)];
  if (tfd) {
    return [
      `clockid: ${tfd.clockid}`,
      `ticks: ${tfd.ticks}`,
      `settime flags: 0${tfd.settime_flags.toString(8)}`,
      `it_value: (${tfd.vsec}, ${tfd.vnsec})`,
      `it_interval: (${tfd.isec}, ${tfd.insec})`,
    ];
  }
  if (pidfd) return [`Pid:\t${pidfd.nspid}`, `NSpid:\t${pidfd.nspid}`];
  if (tunf) return tunf.netdev === undefined ? [] : [`iff:\t${tunf.netdev}`];
  if (bpf) {
    return [
      `map_type:\t${bpf.map_type}`,
      `key_size:\t${bpf.key_size}`,
      `value_size:\t${bpf.value_size}`,
      `max_entries:\t${bpf.max_entries}`,
      `map_flags:\t${alternate(bpf.map_flags)}`,
      ...(bpf.map_extra === undefined ? [] : [`map_extra:\t${alternate(bpf.map_extra)}`]),
      `memlock:\t${bpf.memlock}`,
      `map_id:\t${bpf.map_id}`,
      `frozen:\t${Number(bpf.frozen)}`,
    ];
  }
  if (usk?.state === LISTENING) {
    // They are on their way in connections that wait to be accepted, and of these no image tells how many.
    return index.isUnixPeer(usk.ino) ? [] : ['scm_fds: 0'];
  }
  if (usk) return [`scm_fds: ${passedFiles(file.id, index)}`];
  // Of a pseudo terminal only the master says which it is.
  const master = tty && (tty.tty_info_id & 1) === 1 ? index.terminals.get(tty.tty_info_id) : undefined;
  return master?.pty ? [`tty-index:\t${master.pty.index}`] : [];
}

/** Descriptors that were sent to a socket and not received. Source: net/unix/af_unix.c, unix_show_fdinfo. */
function passedFiles(fileId: number, index: FileIndex): number {
  return index.queues.packets(fileId).reduce((count, { rights }) => count + rights.length, 0);
}

function pollLine({ tfd, events, data, pos, inode, dev }: NonNullable<FileEntry['epfd']>['tfd'][number]): string {
  const head = `tfd: ${String(tfd).padStart(8)} events: ${hex(events, 8)} data: ${hex(data, 16)}`;
  // Kernels before 5.10 did not say more.
  return inode === undefined ? head : `${head}  pos:${pos ?? 0n} ino:${hex(inode)} sdev:${hex(dev ?? 0)}`;
}

function markLine({
  ie,
  me,
  mflags,
  mask,
  ignored_mask,
  s_dev,
}: NonNullable<FileEntry['ffy']>['mark'][number]): string {
  const masks = `mflags:${hex(mflags)} mask:${hex(mask)} ignored_mask:${hex(ignored_mask)}`;
  if (ie) return `fanotify ino:${hex(ie.i_ino)} sdev:${hex(s_dev)} ${masks} ${handleWords(ie.f_handle)}`;
  return me ? `fanotify mnt_id:${hex(me.mnt_id)} ${masks}` : `fanotify sdev:${hex(s_dev)} ${masks}`;
}

function handleWords(handle: FhEntry): string {
  return `fhandle-bytes:${hex(handle.bytes)} fhandle-type:${hex(handle.type)} f_handle:${fileHandle(handle)}`;
}

function hex(value: number | bigint, width = 0): string {
  return value.toString(16).padStart(width);
}

/** As printf's %#x: zero has no prefix. */
function alternate(value: number | bigint): string {
  return BigInt(value) === 0n ? '0' : `0x${value.toString(16)}`;
}
