import { openFlagBits } from '../../criu/machine-flags.ts';
import { bitNames } from '../isolation/bit-names.ts';

type Names = readonly (readonly [bit: number, name: string])[];

/** Flags of open(2) beside the access mode; those of more bits before those whose bits they have. */
function openFlagTable(machine: number | undefined): Names {
  const { SYNC, TMPFILE, ...bits } = openFlagBits(machine);
  const table: [bit: number, name: string][] = [];
  for (const [name, bit] of Object.entries(bits)) {
    if (name === 'O_DSYNC') table.push([SYNC | bit, 'O_SYNC']);
    if (name === 'O_DIRECTORY') table.push([TMPFILE | bit, 'O_TMPFILE']);
    table.push([bit, name]);
  }
  return table;
}

const ACCESS_MODES = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'] as const;

/** Close-on-exec among the flags, as /proc shows it: the same on all machines that CRIU knows. */
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_RDWR = 2;

/** How a file was opened. */
export function accessOf(flags: number): 'read' | 'write' | 'both' | 'none' {
  if ((flags & O_PATH) !== 0) return 'none';
  return (['read', 'write', 'both', 'none'] as const)[flags & 3] ?? 'none';
}

/** Names open flags by the numbers of one machine; few combinations occur, and each is worked out once. */
export class OpenFlags {
  readonly #table: Names;
  readonly #named = new Map<number, readonly string[]>();

  /** @param machine core_entry.mtype; without it the numbers that most machines have */
  constructor(machine: number | undefined) {
    this.#table = openFlagTable(machine);
  }

  names(flags: number): readonly string[] {
    const known = this.#named.get(flags);
    if (known) return known;
    const access = ACCESS_MODES[flags & 3];
    const rest = access === undefined ? flags : flags & ~3;
    const names = [...(access === undefined ? [] : [access]), ...bitNames(rest >>> 0, this.#table)];
    this.#named.set(flags, names);
    return names;
  }
}

/** Source: include/uapi/linux/eventpoll.h. */
const EPOLL: Names = [
  [0x1, 'EPOLLIN'],
  [0x2, 'EPOLLPRI'],
  [0x4, 'EPOLLOUT'],
  [0x8, 'EPOLLERR'],
  [0x10, 'EPOLLHUP'],
  [0x20, 'EPOLLNVAL'],
  [0x40, 'EPOLLRDNORM'],
  [0x80, 'EPOLLRDBAND'],
  [0x100, 'EPOLLWRNORM'],
  [0x200, 'EPOLLWRBAND'],
  [0x400, 'EPOLLMSG'],
  [0x2000, 'EPOLLRDHUP'],
  [2 ** 28, 'EPOLLEXCLUSIVE'],
  [2 ** 29, 'EPOLLWAKEUP'],
  [2 ** 30, 'EPOLLONESHOT'],
  [2 ** 31, 'EPOLLET'],
];

/** Events that can happen to a file. Source: include/uapi/linux/inotify.h and fanotify.h, which share their numbers. */
const HAPPENINGS: Names = [
  [0x1, 'ACCESS'],
  [0x2, 'MODIFY'],
  [0x4, 'ATTRIB'],
  [0x8, 'CLOSE_WRITE'],
  [0x10, 'CLOSE_NOWRITE'],
  [0x20, 'OPEN'],
  [0x40, 'MOVED_FROM'],
  [0x80, 'MOVED_TO'],
  [0x100, 'CREATE'],
  [0x200, 'DELETE'],
  [0x400, 'DELETE_SELF'],
  [0x800, 'MOVE_SELF'],
];

const INOTIFY: Names = [
  ...prefixed('IN_', HAPPENINGS),
  [0x2000, 'IN_UNMOUNT'],
  [0x4000, 'IN_Q_OVERFLOW'],
  [0x8000, 'IN_IGNORED'],
  [2 ** 24, 'IN_ONLYDIR'],
  [2 ** 25, 'IN_DONT_FOLLOW'],
  [2 ** 26, 'IN_EXCL_UNLINK'],
  [2 ** 28, 'IN_MASK_CREATE'],
  [2 ** 29, 'IN_MASK_ADD'],
  [2 ** 30, 'IN_ISDIR'],
  [2 ** 31, 'IN_ONESHOT'],
];

const FANOTIFY: Names = [
  ...prefixed('FAN_', HAPPENINGS),
  [0x1000, 'FAN_OPEN_EXEC'],
  [0x4000, 'FAN_Q_OVERFLOW'],
  [0x8000, 'FAN_FS_ERROR'],
  [0x10000, 'FAN_OPEN_PERM'],
  [0x20000, 'FAN_ACCESS_PERM'],
  [0x40000, 'FAN_OPEN_EXEC_PERM'],
  [2 ** 27, 'FAN_EVENT_ON_CHILD'],
  [2 ** 28, 'FAN_RENAME'],
  [2 ** 30, 'FAN_ONDIR'],
];

const FANOTIFY_INIT: Names = [
  [0x1, 'FAN_CLOEXEC'],
  [0x2, 'FAN_NONBLOCK'],
  [0x4, 'FAN_CLASS_CONTENT'],
  [0x8, 'FAN_CLASS_PRE_CONTENT'],
  [0x10, 'FAN_UNLIMITED_QUEUE'],
  [0x20, 'FAN_UNLIMITED_MARKS'],
  [0x40, 'FAN_ENABLE_AUDIT'],
  [0x80, 'FAN_REPORT_PIDFD'],
  [0x100, 'FAN_REPORT_TID'],
  [0x200, 'FAN_REPORT_FID'],
  [0x400, 'FAN_REPORT_DIR_FID'],
  [0x800, 'FAN_REPORT_NAME'],
  [0x1000, 'FAN_REPORT_TARGET_FID'],
];

const FANOTIFY_MARK: Names = [
  [0x10, 'FAN_MARK_MOUNT'],
  [0x20, 'FAN_MARK_IGNORED_MASK'],
  [0x40, 'FAN_MARK_IGNORED_SURV_MODIFY'],
  [0x100, 'FAN_MARK_FILESYSTEM'],
  [0x200, 'FAN_MARK_EVICTABLE'],
  [0x400, 'FAN_MARK_IGNORE'],
];

/** Source: include/linux/timerfd.h. */
const TIMER_SETTINGS: Names = [
  [1, 'TFD_TIMER_ABSTIME'],
  [2, 'TFD_TIMER_CANCEL_ON_SET'],
];

/** Source: include/uapi/linux/fcntl.h. */
const SEALS: Names = [
  [1, 'F_SEAL_SEAL'],
  [2, 'F_SEAL_SHRINK'],
  [4, 'F_SEAL_GROW'],
  [8, 'F_SEAL_WRITE'],
  [16, 'F_SEAL_FUTURE_WRITE'],
  [32, 'F_SEAL_EXEC'],
];

const TABLES = {
  epoll: EPOLL,
  inotify: INOTIFY,
  fanotify: FANOTIFY,
  fanotifyInit: FANOTIFY_INIT,
  fanotifyMark: FANOTIFY_MARK,
  timer: TIMER_SETTINGS,
  seals: SEALS,
} as const;

/** The names of a mask's bits. */
export function maskNames(table: keyof typeof TABLES, mask: number): readonly string[] {
  return bitNames(mask >>> 0, TABLES[table]);
}

/** Source: include/uapi/linux/time.h. */
const CLOCKS = new Map([
  [0, 'CLOCK_REALTIME'],
  [1, 'CLOCK_MONOTONIC'],
  [7, 'CLOCK_BOOTTIME'],
  [8, 'CLOCK_REALTIME_ALARM'],
  [9, 'CLOCK_BOOTTIME_ALARM'],
]);

export function clockName(id: number): string {
  return CLOCKS.get(id) ?? String(id);
}

/** CLONE_NEW* by the word that /proc/PID/ns has for it. Source: include/uapi/linux/sched.h. */
const NAMESPACES = new Map([
  [0x80, 'time'],
  [0x20000, 'mnt'],
  [0x2000000, 'cgroup'],
  [0x4000000, 'uts'],
  [0x8000000, 'ipc'],
  [0x10000000, 'user'],
  [0x20000000, 'pid'],
  [0x40000000, 'net'],
]);

export function namespaceName(flag: number): string {
  return NAMESPACES.get(flag) ?? `0x${flag.toString(16)}`;
}

/** CRIU dumps the first two. Source: include/uapi/linux/bpf.h, enum bpf_map_type. */
const BPF_MAPS = ['unspec', 'hash', 'array', 'prog_array', 'perf_event_array', 'percpu_hash', 'percpu_array'] as const;

export function bpfMapName(type: number): string {
  return BPF_MAPS[type] ?? String(type);
}

function prefixed(prefix: string, names: Names): Names {
  return names.map(([bit, name]) => [bit, prefix + name] as const);
}
