import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A short text without dots that names this process among all that may share a folder: its id, when it started (ids are
 * used again), the machine, and when that was started.
 */
export function processMark(): string {
  own ??= [process.pid, startOf(process.pid) ?? 0, shortHash(hostname()), bootMark()].join('-');
  return own;
}

let own: string | undefined;

/** Tells one start of this machine from the next; `0` where the system does not say. */
export function bootMark(): string {
  try {
    return shortHash(readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  } catch {
    return '0';
  }
}

/**
 * Whether the process that a mark names still runs. Of another machine, which shares the folder, that cannot be known:
 * it counts as running.
 */
export function isRunning(mark: string): boolean {
  const [pid = '', start = '', host, boot] = mark.split('-');
  if (host !== shortHash(hostname())) return true;
  if (boot !== bootMark()) return false;
  const id = Number(pid);
  if (!Number.isSafeInteger(id) || id <= 0) return false;
  const started = startOf(id);
  if (started !== undefined) return start === '0' || String(started) === start;
  return exists(id);
}

/**
 * Clock ticks from the machine's start to the process's, field 22 of Linux's /proc/PID/stat; undefined elsewhere, and of
 * a process that has ended, though nobody has asked how: in a container often nobody ever does.
 */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // The second field, the command in parentheses, may hold spaces and parentheses.
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(state) ? undefined : Number(rest[18]);
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}
