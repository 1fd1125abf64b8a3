// Loaded before a program (`node --require`): writes what its process took into a file when it ends.
'use strict';
const { readFileSync, writeFileSync } = process.getBuiltinModule('node:fs');

process.on('exit', () => {
  const target = process.env.CHECKPOINT_EXPLORER_BENCH_USAGE;
  if (target === undefined) return;
  const highWater = /^VmHWM:\s+(\d+) kB$/m.exec(readText('/proc/self/status'))?.[1];
  const read = /^rchar: (\d+)$/m.exec(readText('/proc/self/io'))?.[1];
  // Where there is no /proc: this one may begin with the size of the process that started it.
  const memory = highWater === undefined ? process.resourceUsage().maxRSS * 1024 : Number(highWater) * 1024;
  writeFileSync(target, JSON.stringify({ memory, ...(read !== undefined && { read: Number(read) }) }));
});

function readText(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
