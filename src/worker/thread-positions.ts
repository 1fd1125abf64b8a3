import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import type { Memory } from '../core/checkpoint/memory/memory.ts';
import { CheckpointError } from '../core/errors.ts';
import type { PointerFacts, ThreadPosition } from '../protocol/checkpoint-api.ts';
import { fileBase } from '../protocol/memory.ts';
import type { ProcessFacts } from '../protocol/processes.ts';
import type { Register, RegisterRole } from '../protocol/registers.ts';

/** Of how many threads the registers are read: as many as a list shows before it is asked for more. */
const MAX_THREADS = 200;

/** Where the threads of a process stood. */
export async function threadPositions(
  { memory }: Checkpoint,
  { pid, state, threads }: ProcessFacts,
  signal: AbortSignal,
): Promise<readonly ThreadPosition[]> {
  if (state === 'zombie') return [];
  const bases = new Map<string, bigint>();
  for (const mapping of (await memory.mappings(pid, signal)) ?? []) {
    if (!bases.has(mapping.name)) bases.set(mapping.name, fileBase(mapping));
  }
  const positions: ThreadPosition[] = [];
  for (const { tid } of threads.filter(({ missing }) => !missing).slice(0, MAX_THREADS)) {
    const registers = await generalRegisters(memory, pid, tid, signal);
    const instruction = pointer(registers, 'instruction', bases);
    const stack = pointer(registers, 'stack', bases);
    positions.push({ tid, ...(instruction && { instruction }), ...(stack && { stack }) });
  }
  return positions;
}

function pointer(
  registers: readonly Register[],
  wanted: RegisterRole,
  bases: ReadonlyMap<string, bigint>,
): PointerFacts | undefined {
  const register = registers.find(({ role }) => role === wanted);
  if (!register) return undefined;
  const { value: address, target } = register;
  if (!target) return { address };
  const base = target.name === '' ? target.start : (bases.get(target.name) ?? target.start);
  return { address, target: { name: target.name, permissions: target.permissions, offset: address - base } };
}

/** None where the image of the thread, or that of its process's memory, is lost. */
async function generalRegisters(
  memory: Memory,
  pid: number,
  tid: number,
  signal: AbortSignal,
): Promise<readonly Register[]> {
  try {
    return (await memory.registers(pid, tid, signal)).general;
  } catch (error) {
    if (CheckpointError.is(error, 'not-found')) return [];
    throw error;
  }
}
