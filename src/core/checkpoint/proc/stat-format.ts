import type { ProcessFacts, TaskState } from '../../../protocol/processes.ts';
import type { MmEntry, TtyInfoEntry } from '../../criu/schema/generated/messages.ts';
import { limitNumber } from '../isolation/limits.ts';
import { numbered } from '../isolation/signals.ts';
import { signalTable } from '../isolation/signal-names.ts';
import type { TaskImages } from '../isolation/task-images.ts';
import { threadName } from './exact-text.ts';
import { pendingMask } from './status-format.ts';

const STATES: Readonly<Record<TaskState, string>> = { running: 'R', stopped: 'T', zombie: 'Z', unknown: '?' };

const UNLIMITED = 2n ** 64n - 1n;
/** The file shows only signals below 32. */
const OLD_SIGNALS = 0x7fffffffn;

/**
 * /proc/PID/stat. Faults, times and where the process last ran are in no image: they stand as zeros, as
 * the kernel writes what a reader may not see. Source: fs/proc/array.c, do_task_stat.
 */
export function formatStat(
  process: ProcessFacts,
  images: TaskImages,
  mm: MmEntry | undefined,
  terminal: TtyInfoEntry | undefined,
): string | undefined {
  const { task, thread, architecture } = images;
  if (!task) return undefined;
  const table = signalTable(architecture);
  const masks = { ignored: 0n, caught: 0n };
  for (const { number, action } of numbered(images.actions, table)) {
    if (action.sigaction === 1n) masks.ignored |= bit(number);
    else if (action.sigaction !== 0n) masks.caught |= bit(number);
  }
  // The file is from before threads: of signals that wait it has those of the thread that leads.
  const pending = pendingMask(images.pending, architecture);
  const realTime = thread?.sched_prio ?? 0;
  const priority = realTime === 0 ? 20 + (thread?.sched_nice ?? 0) : -1 - realTime;
  const fields: readonly (string | number | bigint)[] = [
    STATES[process.state],
    process.ppid,
    process.pgid,
    process.sid,
    terminal ? terminal.rdev : 0,
    terminal ? terminal.pgrp | 0 : -1,
    task.flags,
    ...zeros('minflt', 'cminflt', 'majflt', 'cmajflt', 'utime', 'stime', 'cutime', 'cstime'),
    priority,
    thread?.sched_nice ?? 0,
    process.threads.length,
    ...zeros('itrealvalue', 'starttime'),
    process.mappedBytes ?? 0,
    ...zeros('rss'),
    images.limits[limitNumber('RSS', architecture)]?.cur ?? UNLIMITED,
    mm?.mm_start_code ?? 0,
    mm?.mm_end_code ?? 0,
    mm?.mm_start_stack ?? 0,
    ...zeros('kstkesp', 'kstkeip'),
    pending & OLD_SIGNALS,
    (thread?.blk_sigset ?? task.blk_sigset) & OLD_SIGNALS,
    masks.ignored & OLD_SIGNALS,
    masks.caught & OLD_SIGNALS,
    ...zeros('wchan', 'nswap', 'cnswap', 'exit_signal', 'processor'),
    realTime,
    (thread?.sched_policy ?? 0) & 0xffff,
    ...zeros('delayacct_blkio_ticks', 'guest_time', 'cguest_time'),
    mm?.mm_start_data ?? 0,
    mm?.mm_end_data ?? 0,
    mm?.mm_start_brk ?? 0,
    mm?.mm_arg_start ?? 0,
    mm?.mm_arg_end ?? 0,
    mm?.mm_env_start ?? 0,
    mm?.mm_env_end ?? 0,
    process.state === 'stopped' ? (task.stop_signo ?? 0) : task.exit_code,
  ];
  return `${process.pid} (${threadName(images) ?? ''}) ${fields.join(' ')}\n`;
}

const TTY = 0x500;
const PTMX = 0x502;

/**
 * The terminal of a session. Of a pseudo terminal both ends tell the session; the process has the one that is not its
 * master, whose device is that of all masters.
 */
export function terminalOf(sid: number, terminals: readonly TtyInfoEntry[]): TtyInfoEntry | undefined {
  return terminals.find((tty) => sid !== 0 && tty.sid === sid && tty.rdev !== TTY && tty.rdev !== PTMX);
}

function bit(signal: number): bigint {
  return signal < 1 ? 0n : 1n << BigInt(signal - 1);
}

/** The fields of the file that no image has, by their names in proc(5). */
function zeros(...names: readonly string[]): readonly number[] {
  return names.map(() => 0);
}
