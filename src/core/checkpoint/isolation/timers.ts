import type { IntervalTimer, PosixTimer, TimerFacts } from '../../../protocol/isolation.ts';
import type { ItimerEntry, PosixTimerEntry } from '../../criu/schema/generated/messages.ts';
import type { SignalTable } from './signal-names.ts';

/** In the order of setitimer(2)'s numbers, which is the images'. */
const INTERVAL_TIMERS: readonly (readonly [IntervalTimer['kind'], signal: string])[] = [
  ['real', 'SIGALRM'],
  ['virtual', 'SIGVTALRM'],
  ['profiling', 'SIGPROF'],
];
/** Source: include/uapi/linux/time.h. */
const CLOCKS: readonly string[] = [
  'REALTIME',
  'MONOTONIC',
  'PROCESS_CPUTIME_ID',
  'THREAD_CPUTIME_ID',
  'MONOTONIC_RAW',
  'REALTIME_COARSE',
  'MONOTONIC_COARSE',
  'BOOTTIME',
  'REALTIME_ALARM',
  'BOOTTIME_ALARM',
  'SGI_CYCLE',
  'TAI',
];
/** Source: asm-generic/siginfo.h, SIGEV_*. */
const NOTIFICATIONS: ReadonlyMap<number, PosixTimer['notification']> = new Map([
  [0, 'signal'],
  [1, 'none'],
  [2, 'thread'],
  [4, 'thread-id'],
]);

/**
 * The thread that a timer signals. CRIU 4.2 writes what no thread has as its number where the processes had a pid namespace
 * of their own (criu/timer.c, encode_notify_thread_id): where a process has one thread it can only be that.
 * @param threads of the process
 */
export function notifiedThread(timer: PosixTimerEntry, threads: ReadonlySet<number>): number | undefined {
  const { notify_thread_id: recorded } = timer;
  if (recorded === undefined || threads.has(recorded)) return recorded;
  const [only] = threads;
  return threads.size === 1 ? only : undefined;
}

/** @param threads of the process */
export function describeTimers(
  interval: readonly ItimerEntry[],
  posix: readonly PosixTimerEntry[],
  table: SignalTable,
  threads: ReadonlySet<number>,
): TimerFacts {
  return {
    interval: INTERVAL_TIMERS.flatMap(([kind, signal], index) => {
      const timer = interval[index];
      if (!timer) return [];
      const remaining = timer.vsec * 1_000_000n + timer.vusec;
      return [{ kind, signal, remaining, interval: timer.isec * 1_000_000n + timer.iusec }];
    }),
    posix: posix.map((timer): PosixTimer => {
      const notification = NOTIFICATIONS.get(timer.it_sigev_notify) ?? 'unknown';
      const threadId = notifiedThread(timer, threads);
      return {
        id: timer.it_id,
        clock: clockName(timer.clock_id),
        notification,
        ...(notification !== 'none' && { signal: table.name(timer.si_signo) }),
        ...(threadId !== undefined && { threadId }),
        value: timer.sival_ptr,
        overrun: timer.overrun,
        remaining: timer.vsec * 1_000_000_000n + timer.vnsec,
        interval: timer.isec * 1_000_000_000n + timer.insec,
      };
    }),
  };
}

/**
 * The kernel makes negative numbers of the clocks of processes' time: these are those of who asked for them. Source:
 * include/linux/posix-timers_types.h, and kernel/time/posix-cpu-timers.c, PROCESS_CLOCK and THREAD_CLOCK.
 */
const OWN_TIME: ReadonlyMap<number, string> = new Map([
  [-6, 'PROCESS_CPUTIME_ID'],
  [-2, 'THREAD_CPUTIME_ID'],
]);

/** Clocks of other processes' time are negative numbers. */
function clockName(id: number): string {
  const signed = id | 0;
  const name = CLOCKS[signed] ?? OWN_TIME.get(signed);
  return name === undefined ? String(signed) : `CLOCK_${name}`;
}
