import type { ProcessFacts, TaskState } from '../../../protocol/processes.ts';
import type { SeccompState } from '../../../protocol/seccomp.ts';
import type { MmEntry, SiginfoEntry } from '../../criu/schema/generated/messages.ts';
import { newPrivileges, tellsAmbient } from '../isolation/credentials.ts';
import { queuedNumber } from '../isolation/queued-signals.ts';
import { modeNumber } from '../isolation/seccomp-state.ts';
import { signalTable } from '../isolation/signal-names.ts';
import { numbered } from '../isolation/signals.ts';
import type { TaskImages, ThreadImages } from '../isolation/task-images.ts';
import type { MemoryTotals } from '../memory/totals.ts';
import { threadName } from './exact-text.ts';

/** MIPS has the most. */
const MAX_SIGNAL = 128;

const KERNEL_STATES: Readonly<Record<TaskState, string>> = {
  running: 'R (running)',
  stopped: 'T (stopped)',
  zombie: 'Z (zombie)',
  unknown: '? (unknown)',
};

export interface StatusFacts {
  readonly process: ProcessFacts;
  /** Of the thread that leads the process. */
  readonly task: TaskImages;
  /** The thread that the file is about: that one, or another one. */
  readonly thread: ThreadImages;
  readonly mm: MmEntry | undefined;
  readonly memory: MemoryTotals | undefined;
  /** Of the thread; undefined where no image tells. */
  readonly seccomp: SeccompState | undefined;
}

/**
 * /proc/PID/status: the lines whose facts a checkpoint holds, in the kernel's order. What processes have in memory at
 * the moment, and on which processors they may run, is in no image.
 * Source: fs/proc/array.c, proc_pid_status, and fs/proc/task_mmu.c, task_mem.
 */
export function formatStatus({ process, task, thread, mm, memory, seccomp }: StatusFacts): string {
  const { pid, ppid, pgid, sid } = process;
  const { credentials } = thread;
  const tid = String(thread.tid);
  const comm = threadName(thread);
  // Of a zombie CRIU keeps the name and how it ended; what else the image must hold means nothing.
  const isGone = process.state === 'zombie';
  const { architecture } = task;
  const handlers = isGone ? undefined : signalMasks(task);
  const blocked = blockedMask(thread, task);
  // Source: fs/proc/array.c, render_sigset_t: a digit for each four signals that the machine has.
  const signals = (set: bigint) => set.toString(16).padStart(signalTable(architecture).last / 4, '0');
  const capabilities = (words: readonly number[] | undefined) => credentials && mask(wordsToMask(words ?? []));
  const ids = (...values: readonly (number | undefined)[]) => credentials && values.join('\t');
  const lines: (readonly [string, string | undefined])[] = [
    ['Name', comm === undefined ? undefined : escapeName(comm)],
    ['Umask', process.umask?.toString(8).padStart(4, '0')],
    ['State', KERNEL_STATES[process.state]],
    ['Tgid', String(pid)],
    ['Pid', tid],
    ['PPid', String(ppid)],
    ['TracerPid', '0'],
    ['Uid', ids(credentials?.uid, credentials?.euid, credentials?.suid, credentials?.fsuid)],
    ['Gid', ids(credentials?.gid, credentials?.egid, credentials?.sgid, credentials?.fsgid)],
    ['Groups', credentials && `${credentials.groups.join(' ')} `],
    ['NStgid', String(pid)],
    ['NSpid', tid],
    ['NSpgid', String(pgid)],
    ['NSsid', String(sid)],
    ['Kthread', '0'],
    ['VmSize', memory && kilobytes(memory.mapped)],
    ['VmLck', memory && kilobytes(memory.locked)],
    ['VmData', memory && kilobytes(memory.data)],
    ['VmStk', memory && kilobytes(memory.stack)],
    ['VmExe', memory && kilobytes(memory.code)],
    ['VmLib', memory && kilobytes(memory.libraries)],
    ['CoreDumping', mm && '0'],
    ['THP_enabled', mm?.thp_disabled === undefined ? undefined : mm.thp_disabled ? '0' : '1'],
    ['Threads', String(process.threads.length)],
    ['SigPnd', thread.core && !isGone ? signals(pendingMask(thread.pending, architecture)) : undefined],
    ['ShdPnd', task.task && !isGone ? signals(pendingMask(task.shared, architecture)) : undefined],
    ['SigBlk', isGone || blocked === undefined ? undefined : signals(blocked)],
    ['SigIgn', handlers && signals(handlers.ignored)],
    ['SigCgt', handlers && signals(handlers.caught)],
    ['CapInh', capabilities(credentials?.cap_inh)],
    ['CapPrm', capabilities(credentials?.cap_prm)],
    ['CapEff', capabilities(credentials?.cap_eff)],
    ['CapBnd', capabilities(credentials?.cap_bnd)],
    ['CapAmb', credentials && tellsAmbient(credentials) ? capabilities(credentials.cap_amb) : undefined],
    ['NoNewPrivs', credentials && newPrivileges(credentials)?.toString()],
    ['Seccomp', seccomp && String(modeNumber(seccomp))],
    ['Seccomp_filters', seccomp && String(seccomp.filters.length)],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}:\t${value}\n`])).join('');
}

function signalMasks(task: TaskImages): { ignored: bigint; caught: bigint } | undefined {
  if (!task.task) return undefined;
  const masks = { ignored: 0n, caught: 0n };
  for (const { number, action } of numbered(task.actions, signalTable(task.architecture))) {
    if (action.sigaction === 1n) masks.ignored |= bit(number);
    else if (action.sigaction !== 0n) masks.caught |= bit(number);
  }
  return masks;
}

export function pendingMask(signals: readonly SiginfoEntry[], architecture: string): bigint {
  return signals.reduce((sum, signal) => sum | bit(queuedNumber(signal, architecture)), 0n);
}

function blockedMask({ thread }: ThreadImages, { task }: TaskImages): bigint | undefined {
  const blocked = thread?.blk_sigset ?? task?.blk_sigset;
  const upper = thread?.blk_sigset_extended ?? task?.blk_sigset_extended ?? 0n;
  return blocked === undefined ? undefined : blocked | (upper << 64n);
}

/** Of a number that is no signal, none: a hostile image may have any. */
function bit(signal: number): bigint {
  return signal < 1 || signal > MAX_SIGNAL ? 0n : 1n << BigInt(signal - 1);
}

function kilobytes(bytes: bigint): string {
  return `${String(bytes / 1024n).padStart(8)} kB`;
}

function mask(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** Two 32-bit words, the low one first. */
function wordsToMask(words: readonly number[]): bigint {
  const [low = 0, high = 0] = words;
  return (BigInt(high) << 32n) | BigInt(low);
}

function escapeName(name: string): string {
  return name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
