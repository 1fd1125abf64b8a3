import { readFileSync, writeFileSync } from 'node:fs';

/** What a piece of work took of its process, bytes. */
export interface Usage {
  /** Milliseconds of processor time, all threads: what is left of a time when others' work is taken away. */
  readonly cpu: number;
  /** The highest resident size, less what it was before. */
  readonly memory: number;
  /** Read and written by any system call; absent where the system does not count. */
  readonly read?: number;
  readonly written?: number;
}

const SAMPLING_INTERVAL = 10;

/** Begins to watch this process; the function that it returns says what was taken since. */
export function watchUsage(): () => Usage {
  globalThis.gc?.();
  const resident = process.memoryUsage.rss();
  const io = ioCounters();
  const cpu = process.cpuUsage();
  const peak = watchPeak();
  return () => {
    const after = ioCounters();
    const { user, system } = process.cpuUsage(cpu);
    const usage = { cpu: (user + system) / 1000, memory: Math.max(0, peak() - resident) };
    return io && after ? { ...usage, read: after.read - io.read, written: after.written - io.written } : usage;
  };
}

/** The kernel's own high-water mark where it can be set back, else samples. */
function watchPeak(): () => number {
  const before = process.memoryUsage.rss();
  if (resetHighWater() && (highWater() ?? Infinity) < before + 4 * 1024 * 1024) return () => highWater() ?? before;
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), SAMPLING_INTERVAL).unref();
  return () => {
    clearInterval(timer);
    return Math.max(peak, process.memoryUsage.rss());
  };
}

/** See proc(5): 5 sets the high-water mark to what is resident now. */
function resetHighWater(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function highWater(): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readText('/proc/self/status'))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function ioCounters(): { readonly read: number; readonly written: number } | undefined {
  const match = /^rchar: (\d+)\nwchar: (\d+)$/m.exec(readText('/proc/self/io'));
  return match ? { read: Number(match[1]), written: Number(match[2]) } : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
