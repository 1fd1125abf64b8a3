import type { SchedulingFacts, TaskSettings, ThreadSettings } from '../../../protocol/isolation.ts';
import type { MmEntry, TaskCoreEntry, ThreadCoreEntry } from '../../criu/schema/generated/messages.ts';
import { asNumber, asObject, type JsonObject } from '../json.ts';
import { bitNames } from './bit-names.ts';
import { personalityNames } from './personality.ts';
import { readQueuedSignal } from './queued-signals.ts';
import { blockedBy } from './signals.ts';
import { signalTable } from './signal-names.ts';
import type { TaskImages, ThreadImages } from './task-images.ts';

/** Those that have kept their bit over the kernel's versions. Source: include/linux/sched.h, PF_*. */
const TASK_FLAGS: readonly (readonly [number, string])[] = [
  [0x00000004, 'EXITING'],
  [0x00000040, 'FORKNOEXEC'],
  [0x00000100, 'SUPERPRIV'],
  [0x00000200, 'DUMPCORE'],
  [0x00000400, 'SIGNALED'],
  [0x00400000, 'RANDOMIZE'],
];
/** Source: include/uapi/linux/sched.h. */
const POLICIES: readonly (string | undefined)[] = [
  'OTHER',
  'FIFO',
  'RR',
  'BATCH',
  undefined,
  'IDLE',
  'DEADLINE',
  'EXT',
];
const RESET_ON_FORK = 0x40000000;
/** Source: include/uapi/linux/membarrier.h. */
const MEMBARRIER: readonly (readonly [number, string])[] = [
  [1 << 2, 'GLOBAL_EXPEDITED'],
  [1 << 4, 'PRIVATE_EXPEDITED'],
  [1 << 6, 'PRIVATE_EXPEDITED_SYNC_CORE'],
  [1 << 8, 'PRIVATE_EXPEDITED_RSEQ'],
];
/** Source: include/uapi/linux/signal.h, SS_*. */
const STACK_FLAGS: readonly (readonly [number, string])[] = [
  [1, 'ONSTACK'],
  [2, 'DISABLE'],
  [0x80000000, 'AUTODISARM'],
];
const STACK_DISABLED = 2;
const NO_LOGIN = 0xffffffff;
const DUMPABLE: readonly NonNullable<TaskSettings['dumpable']>[] = ['no', 'yes', 'root-only'];

export function describeTask(
  { task, architecture }: TaskImages,
  mm: MmEntry | undefined,
  umask: number | undefined,
  spec: JsonObject | undefined,
): TaskSettings {
  const dumpable = mm?.dumpable === undefined ? undefined : DUMPABLE[mm.dumpable];
  const asked = asNumber(asObject(spec?.['process'])?.['oomScoreAdj']);
  return {
    architecture,
    ...(dumpable && { dumpable }),
    ...(task?.oom_score_adj !== undefined && { oomScoreAdjust: task.oom_score_adj }),
    ...(asked !== undefined && { oomScoreAsked: asked }),
    ...(task?.loginuid !== undefined && task.loginuid !== NO_LOGIN && { loginUid: task.loginuid }),
    personality: task ? personalityNames(task.personality) : [],
    ...(umask !== undefined && { umask }),
    ...(task?.child_subreaper !== undefined && { childSubreaper: task.child_subreaper }),
    ...(mm?.thp_disabled !== undefined && { hugePagesDisabled: mm.thp_disabled }),
    flags: TASK_FLAGS.filter(([bit]) => ((task?.flags ?? 0) & bit) !== 0).map(([, name]) => name),
    ...stopSignal(task, architecture),
    membarrier: bitNames(task?.membarrier_registration_mask ?? 0, MEMBARRIER),
  };
}

function stopSignal(task: TaskCoreEntry | undefined, architecture: string): { stopSignal?: string } {
  const number = task?.stop_signo ?? 0;
  return number === 0 ? {} : { stopSignal: signalTable(architecture).name(number) };
}

/** @param task of the thread's process: old dumps have some of it there */
export function describeThread(images: ThreadImages, task: TaskCoreEntry | undefined): ThreadSettings {
  const { thread, architecture, pending } = images;
  const table = signalTable(architecture);
  const scheduling = thread && describeScheduling(thread);
  const sas = thread?.sas;
  return {
    ...(scheduling && { scheduling }),
    blocked: blockedBy(thread, task, table),
    pending: pending.map((signal) => readQueuedSignal(signal, table, architecture)),
    ...(sas &&
      (sas.ss_flags & STACK_DISABLED) === 0 && {
        alternateStack: { address: sas.ss_sp, size: sas.ss_size, flags: bitNames(sas.ss_flags, STACK_FLAGS) },
      }),
    ...(thread?.pdeath_sig !== undefined &&
      thread.pdeath_sig !== 0 && { parentDeathSignal: table.name(thread.pdeath_sig) }),
    ...(thread &&
      thread.futex_rla !== 0n && { robustList: { address: thread.futex_rla, length: thread.futex_rla_len } }),
    ...(thread?.rseq_entry &&
      thread.rseq_entry.rseq_abi_pointer !== 0n && {
        restartableSequence: {
          address: thread.rseq_entry.rseq_abi_pointer,
          size: thread.rseq_entry.rseq_abi_size,
          signature: thread.rseq_entry.signature,
        },
      }),
  };
}

function describeScheduling(thread: ThreadCoreEntry): SchedulingFacts | undefined {
  if (thread.sched_policy === undefined) return undefined;
  const number = thread.sched_policy & ~RESET_ON_FORK;
  const name = POLICIES[number];
  return {
    policy: name === undefined ? String(number) : `SCHED_${name}`,
    policyNumber: number,
    resetOnFork: (thread.sched_policy & RESET_ON_FORK) !== 0,
    ...(thread.sched_nice !== undefined && { nice: thread.sched_nice }),
    ...(thread.sched_prio !== undefined && { priority: thread.sched_prio }),
  };
}
