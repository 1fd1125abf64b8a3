import type { CgroupFact, IdRange, IsolationFacts } from '../../../protocol/isolation.ts';
import type { MountFacts } from '../../../protocol/mounts.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { MntEntry } from '../../criu/schema/generated/messages.ts';
import { readPersonality } from '../isolation/personality.ts';
import { readTask, readThread } from '../isolation/task-images.ts';
import { notifiedThread } from '../isolation/timers.ts';
import { asNumber, at } from '../json.ts';
import { known } from '../known-images.ts';
import { memoryTotals } from '../memory/totals.ts';
import { seenFrom } from '../proc-format.ts';
import { formatStat, terminalOf } from './stat-format.ts';
import { formatStatus } from './status-format.ts';
import type { ProcSources } from './proc-node.ts';

/** Undefined where the checkpoint does not tell: then there is no such file. */
type Formatter = (process: ProcessFacts, sources: ProcSources, signal?: AbortSignal) => Promise<string | undefined>;

/** From what is told of a process's isolation. */
function fromFacts(format: (facts: IsolationFacts, process: ProcessFacts) => string | undefined): Formatter {
  return async (process, { isolation }, signal) => {
    const facts = await isolation.process(process.pid, signal);
    return facts && format(facts, process);
  };
}

/** Files of /proc/PID as the kernel writes them. Sources: fs/proc/base.c and array.c, and where another is named. */
export const formats = {
  /** kernel/cgroup/cgroup.c, proc_cgroup_show; the numbers of hierarchies are in the dump's order. */
  cgroups: fromFacts(({ cgroups }) => formatGroups(cgroups)),

  limits: fromFacts(({ limits }) => (limits.length === 0 ? undefined : formatLimits(limits))),

  /** AppArmor's mode behind the profile is not in the dump. SELinux ends its context with a NUL. */
  label: fromFacts(({ lsm }) => {
    if (lsm?.kind === 'selinux') return lsm.label === undefined ? undefined : `${lsm.label}\0`;
    return lsm?.kind === 'apparmor' ? `${lsm.label ?? 'unconfined'}\n` : undefined;
  }),

  socketLabel: fromFacts(({ lsm }) => (lsm?.socketLabel === undefined ? undefined : `${lsm.socketLabel}\0`)),

  oomScoreAdjust: fromFacts(({ settings }) =>
    settings?.oomScoreAdjust === undefined ? undefined : `${settings.oomScoreAdjust}\n`,
  ),

  /** kernel/sched/debug.c: the lines whose facts a dump has. */
  scheduler: fromFacts(({ thread, comm = '' }, { pid, threads }) => {
    const scheduling = thread?.scheduling;
    if (!scheduling) return undefined;
    const { policyNumber, nice = 0, priority } = scheduling;
    const rule = '-'.repeat(67);
    // MAX_RT_PRIO is 100, and nice 0 the twentieth priority above it.
    const kernelPriority = priority === undefined || priority === 0 ? 120 + nice : 99 - priority;
    const line = (name: string, value: number) => `${name.padEnd(45)}:${String(value).padStart(21)}\n`;
    const title = `${comm} (${pid}, #threads: ${threads.length})\n${rule}\n`;
    return title + line('policy', policyNumber) + line('prio', kernelPriority);
  }),

  loginUid: async ({ pid }, { images }, signal) => {
    const { task } = await readTask(images, pid, signal);
    return task?.loginuid === undefined ? undefined : String(task.loginuid);
  },

  personality: async ({ pid }, { images }, signal) => {
    const { task } = await readTask(images, pid, signal);
    return task && `${readPersonality(task.personality).toString(16).padStart(8, '0')}\n`;
  },

  timers: async ({ pid, threads }, { images }, signal) => {
    const { posixTimers, task } = await readTask(images, pid, signal);
    if (!task) return undefined;
    const tids = new Set(threads.map(({ tid }) => tid));
    return posixTimers
      .map((timer) => {
        const mode = NOTIFICATIONS[timer.it_sigev_notify & ~SIGEV_THREAD_ID] ?? String(timer.it_sigev_notify);
        const toThread = (timer.it_sigev_notify & SIGEV_THREAD_ID) !== 0;
        const whom = toThread ? `tid.${notifiedThread(timer, tids) ?? '?'}` : `pid.${pid}`;
        const value = timer.sival_ptr.toString(16).padStart(16, '0');
        return `ID: ${timer.it_id}\nsignal: ${timer.si_signo}/${value}\nnotify: ${mode}/${whom}\nClockID: ${timer.clock_id | 0}\n`;
      })
      .join('');
  },

  /** kernel/user_namespace.c, uid_m_show; seen from where CRIU ran, whose own namespace maps everything to itself. */
  uidMap: (process, sources, signal) => idMap('uidMap', process, sources, signal),
  gidMap: (process, sources, signal) => idMap('gidMap', process, sources, signal),

  /**
   * kernel/time/namespace.c, proc_timens_show_offsets. CRIU writes what the clocks showed and no offsets: these are
   * zero in the namespace where it ran itself, and elsewhere what the OCI spec asked for.
   */
  timeOffsets: async ({ pid }, { isolation, metadata }, signal) => {
    const namespaces = (await isolation.process(pid, signal))?.namespaces;
    const own = namespaces?.find(({ kind }) => kind === 'time');
    const wishes = at(await metadata.spec(signal), 'linux', 'timeOffsets');
    if (!own || (!own.ofHost && wishes === undefined)) return undefined;
    return ['monotonic', 'boottime']
      .map((clock) => {
        const offset = own.ofHost ? undefined : at(wishes, clock);
        const seconds = String(asNumber(at(offset, 'secs')) ?? 0).padStart(10);
        const nanoseconds = String(asNumber(at(offset, 'nanosecs')) ?? 0).padStart(9);
        return `${clock.padEnd(10)} ${seconds} ${nanoseconds}\n`;
      })
      .join('');
  },

  /** fs/proc_namespace.c, show_mountinfo. */
  mountInfo: async ({ mountNamespace, rootDirectory }, { images, mounts }, signal) => {
    if (mountNamespace === undefined) return undefined;
    const entries = await known(images, 'MNTS', `mountpoints-${mountNamespace}.img`, signal);
    if (entries.length === 0) return undefined;
    const byId = new Map(entries.map((entry) => [entry.mnt_id, entry]));
    const own = (await mounts(signal)).filter(({ namespace }) => namespace === mountNamespace);
    return seenFrom(rootDirectory, own)
      .flatMap((mount) => formatMount(mount, byId.get(mount.id)))
      .join('');
  },

  stat: async (process, { images, processes }, signal) =>
    formatStat(
      process,
      await readTask(images, process.pid, signal),
      await processes.memoryLayout(process.pid, signal),
      terminalOf(process.sid, await known(images, 'TTY_INFO', 'tty-info.img', signal)),
    ),
  status: (process, sources, signal) => threadStatus(process, process.pid, sources, signal),
} as const satisfies Readonly<Record<string, Formatter>>;

export type Format = keyof typeof formats;

/** /proc/PID/task/TID/status. */
export async function threadStatus(
  process: ProcessFacts,
  tid: number,
  { images, processes, isolation }: ProcSources,
  signal?: AbortSignal,
): Promise<string> {
  const { pid } = process;
  const task = await readTask(images, pid, signal);
  const thread = tid === pid ? task : await readThread(images, tid, signal);
  const mm = await processes.memoryLayout(pid, signal);
  const pageSize = (await processes.pageSize(signal)) ?? 4096;
  const memory = mm && memoryTotals(mm, pageSize, task.core?.mtype);
  const seccomp = await isolation.seccomp(pid, tid, signal);
  return formatStatus({ process, task, thread, mm, memory, seccomp });
}

/** /proc/PID/task/TID/cgroup. */
export async function threadGroups(
  { pid }: ProcessFacts,
  tid: number,
  { isolation }: ProcSources,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return formatGroups(await isolation.threadGroups(pid, tid, signal));
}

function formatGroups(groups: readonly CgroupFact[]): string | undefined {
  if (groups.length === 0) return undefined;
  return groups.map(({ hierarchy, controllers, path }) => `${hierarchy}:${controllers}:${path}\n`).join('');
}

/** SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD; one more bit names a thread. */
const NOTIFICATIONS: readonly string[] = ['signal', 'none', 'thread'];
const SIGEV_THREAD_ID = 4;

const LIMIT_UNITS = { microseconds: 'us', none: '' } as const;

function formatLimits(limits: IsolationFacts['limits']): string {
  // The kernel fills a unit up with blanks, and where there is none writes none.
  const line = (...[label, soft, hard, unit]: readonly [string, string, string, string]) =>
    `${label.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit === '' ? '' : unit.padEnd(10)}\n`;
  const bound = (value: bigint | undefined) => (value === undefined ? 'unlimited' : String(value));
  return [
    line('Limit', 'Soft Limit', 'Hard Limit', 'Units'),
    ...limits.map(({ label, soft, hard, unit }) =>
      line(label, bound(soft), bound(hard), unit === 'microseconds' || unit === 'none' ? LIMIT_UNITS[unit] : unit),
    ),
  ].join('');
}

const WHOLE_RANGE: IdRange = { inside: 0, outside: 0, count: 0xffffffff };

async function idMap(
  which: 'uidMap' | 'gidMap',
  { pid }: ProcessFacts,
  { isolation }: ProcSources,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { kinds } = await isolation.sharing(signal);
  const space = kinds.find(({ kind }) => kind === 'user')?.spaces.find(({ pids }) => pids.includes(pid));
  const ranges = space?.[which] ?? (space?.ofHost === true ? [WHOLE_RANGE] : undefined);
  const column = (value: number) => String(value).padStart(10);
  return ranges?.map(({ inside, outside, count }) => `${[inside, outside, count].map(column).join(' ')}\n`).join('');
}

function formatMount(mount: MountFacts, entry: MntEntry | undefined): readonly string[] {
  if (!entry) return [];
  const { shared_id: shared = 0, master_id: master = 0 } = entry;
  const optional = [
    ...(shared === 0 ? [] : [`shared:${shared}`]),
    ...(master === 0 ? [] : [`master:${master}`]),
    ...(mount.propagation === 'unbindable' ? ['unbindable'] : []),
  ];
  const fields = [
    String(mount.id),
    String(mount.parentId ?? 0),
    `${mount.deviceMajor ?? 0}:${mount.deviceMinor ?? 0}`,
    escapeField(entry.root),
    escapeField(mount.destination),
    mount.options.join(','),
    ...optional,
    '-',
    // Of a host's file system that is bound in, CRIU records the device and not the type.
    escapeField(mount.fileSystem ?? 'unknown'),
    escapeField(mount.device ?? 'none'),
    mount.superOptions ?? 'rw',
  ];
  return [`${fields.join(' ')}\n`];
}

/** As the kernel's mangle(): blank, tab, newline, backslash and # in octal. */
function escapeField(value: string): string {
  return value.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
