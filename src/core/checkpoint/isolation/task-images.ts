import type { KindName } from '../../criu/kinds.ts';
import { fileOf } from '../../criu/kinds.ts';
import type { ImageDirectory, MessageOf } from '../../criu/image-directory.ts';
import type {
  CoreEntry,
  CredsEntry,
  ItimerEntry,
  PosixTimerEntry,
  RlimitEntry,
  SaEntry,
  SiginfoEntry,
  TaskCoreEntry,
  TaskKobjIdsEntry,
  ThreadCoreEntry,
} from '../../criu/schema/generated/messages.ts';
import { known } from '../known-images.ts';
import { auditArchitecture } from './syscalls/names.ts';

/** core_entry.march by number. Source: images/core.proto. */
const MACHINES: readonly string[] = [
  'UNKNOWN',
  'X86_64',
  'ARM',
  'AARCH64',
  'PPC64',
  'S390',
  'MIPS',
  'LOONGARCH64',
  'RISCV64',
];

/** A thread's images, whether its dump has all in the core image or, as CRIU did before 2.0, some in images beside it. */
export interface ThreadImages {
  readonly tid: number;
  /** Entry name of the core image. */
  readonly image: string;
  readonly core: CoreEntry | undefined;
  /** As core_entry.mtype names it. */
  readonly architecture: string;
  readonly thread: ThreadCoreEntry | undefined;
  readonly credentials: CredsEntry | undefined;
  readonly pending: readonly SiginfoEntry[];
}

export interface TaskImages extends ThreadImages {
  /** Entry names of all images that it was read from. */
  readonly images: readonly string[];
  readonly task: TaskCoreEntry | undefined;
  readonly ids: TaskKobjIdsEntry | undefined;
  readonly limits: readonly RlimitEntry[];
  readonly intervalTimers: readonly ItimerEntry[];
  readonly posixTimers: readonly PosixTimerEntry[];
  readonly actions: readonly SaEntry[];
  readonly shared: readonly SiginfoEntry[];
}

export async function readThread(images: ImageDirectory, tid: number, signal?: AbortSignal): Promise<ThreadImages> {
  const name = fileOf('CORE', tid);
  const core = (await known(images, 'CORE', name, signal))[0];
  const thread = core?.thread_core;
  return {
    tid,
    image: images.path(name),
    core,
    architecture: machineOf(core),
    thread,
    credentials: thread?.creds ?? (await known(images, 'CREDS', fileOf('CREDS', tid), signal))[0],
    pending: thread?.signals_p?.signals ?? (await known(images, 'PSIGNAL', fileOf('PSIGNAL', tid), signal)),
  };
}

export async function readTask(images: ImageDirectory, pid: number, signal?: AbortSignal): Promise<TaskImages> {
  const leader = await readThread(images, pid, signal);
  const task = leader.core?.tc;
  const used = new Set([leader.image]);
  /** What the core image does not have may lie in an image of its own. */
  const beside = async <K extends KindName>(kind: K): Promise<readonly MessageOf<K>[]> => {
    const name = fileOf(kind, pid);
    const found = await known(images, kind, name, signal);
    if (found.length > 0) used.add(images.path(name));
    return found;
  };
  const timers = task?.timers;
  const actions = task?.sigactions ?? [];
  const ids = leader.core?.ids ?? (await beside('IDS'))[0];
  const limits = task?.rlimits?.rlimits ?? (await beside('RLIMIT'));
  const intervalTimers = timers ? [timers.real, timers.virt, timers.prof] : await beside('ITIMERS');
  const posixTimers = timers ? timers.posix : await beside('POSIX_TIMERS');
  const handlers = actions.length > 0 ? actions : await beside('SIGACT');
  const shared = task?.signals_s?.signals ?? (await beside('SIGNAL'));
  for (const name of [fileOf('CREDS', pid), fileOf('PSIGNAL', pid)]) if (images.has(name)) used.add(images.path(name));
  return { ...leader, task, ids, limits, intervalTimers, posixTimers, actions: handlers, shared, images: [...used] };
}

/** user_x86_regs_mode of CRIU's images/core-x86.proto: a 32-bit thread of a 64-bit kernel. */
const COMPAT = 2;

/** AUDIT_ARCH_* of the calls that a thread makes; undefined for a machine that is not known. */
export function callsArchitecture({ architecture, core }: ThreadImages): number | undefined {
  return auditArchitecture(core?.thread_info?.gpregs.mode === COMPAT ? 'I386' : architecture);
}

/** A name, also where the image has a number that no CRIU of today writes. */
function machineOf(core: CoreEntry | undefined): string {
  const machine = core?.mtype ?? 0;
  return MACHINES[machine] ?? `MACHINE_${machine}`;
}
