import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { isCancelled } from '../../errors.ts';

/** A part of the processor's state beyond what every x86-64 has. */
interface Feature {
  readonly name: string;
  /** What /proc/cpuinfo calls it where a processor has it, any of them. */
  readonly flags: readonly string[];
}

/**
 * By their bits in xstate_bv, which says of each part whether it was in use. Sources: Intel SDM volume 1, 13.1 and 13.4;
 * Linux, arch/x86/include/asm/fpu/types.h (enum xfeature) and cpufeatures.h.
 */
const FEATURES: ReadonlyMap<number, Feature> = new Map([
  [2, { name: 'AVX', flags: ['avx'] }],
  [3, { name: 'MPX', flags: ['mpx'] }],
  [4, { name: 'MPX', flags: ['mpx'] }],
  [5, { name: 'AVX-512', flags: ['avx512f'] }],
  [6, { name: 'AVX-512', flags: ['avx512f'] }],
  [7, { name: 'AVX-512', flags: ['avx512f'] }],
  [9, { name: 'PKU', flags: ['pku', 'ospke'] }],
  [11, { name: 'CET', flags: ['user_shstk'] }],
  [17, { name: 'AMX', flags: ['amx_tile'] }],
  [18, { name: 'AMX', flags: ['amx_tile'] }],
]);

/** More threads than that say nothing new. */
const MOST_THREADS = 128;

/**
 * Which of the processor's features held state of a thread when it was dumped, by name; undefined where the dump does not
 * say. What programs asked the processor at their start, and chose by, is not in a dump.
 */
export async function usedCpuFeatures(
  checkpoint: Checkpoint,
  signal?: AbortSignal,
): Promise<readonly string[] | undefined> {
  const found = new Set<string>();
  let isKnown = false;
  const processes = await checkpoint.processes(signal);
  const threads = processes.flatMap(({ pid, threads: all }) => all.map(({ tid }) => ({ pid, tid })));
  for (const { pid, tid } of threads.slice(0, MOST_THREADS)) {
    const used = await stateOf(checkpoint, pid, tid, signal);
    if (used === undefined) continue;
    isKnown = true;
    for (const [bit, { name }] of FEATURES) if ((used >> BigInt(bit)) & 1n) found.add(name);
  }
  return isKnown ? [...found] : undefined;
}

/** Those that a processor lacks. @param flags as /proc/cpuinfo has them */
export function missingCpuFeatures(used: readonly string[], flags: readonly string[]): readonly string[] {
  const has = new Set(flags);
  const known = [...FEATURES.values()];
  return used.filter((name) => !known.some((one) => one.name === name && one.flags.some((flag) => has.has(flag))));
}

/** `xstate_bv` of a thread; undefined for a zombie, another architecture, or an image that is missing or damaged. */
async function stateOf(
  checkpoint: Checkpoint,
  pid: number,
  tid: number,
  signal: AbortSignal | undefined,
): Promise<bigint | undefined> {
  try {
    const { architecture, floating } = await checkpoint.memory.registers(pid, tid, signal);
    const bytes = floating.find(({ name }) => name === 'xstate_bv')?.bytes;
    if (architecture !== 'x86-64' || bytes?.length !== 8) return undefined;
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  } catch (error) {
    if (isCancelled(error)) throw error;
    return undefined;
  }
}
