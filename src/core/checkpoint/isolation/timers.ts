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

export function describeTimers(
  interval: readonly ItimerEntry[],
  posix: readonly PosixTimerEntry[],
  table: SignalTable,
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
      return {
        id: timer.it_id,
        clock: clockName(timer.clock_id),
        notification,
        ...(notification !== 'none' && { signal: table.name(timer.si_signo) }),
        ...(timer.notify_thread_id !== undefined && { threadId: timer.notify_thread_id }),
        value: timer.sival_ptr,
        overrun: timer.overrun,
        remaining: timer.vsec * 1_000_000_000n + timer.vnsec,
        interval: timer.isec * 1_000_000_000n + timer.insec,
      };
    }),
  };
}

/** Clocks of other processes' time are negative numbers. */
function clockName(id: number): string {
  const signed = id | 0;
  const name = CLOCKS[signed];
  return name === undefined ? String(signed) : `CLOCK_${name}`;
}
