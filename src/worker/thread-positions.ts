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
  const mappings = await memory.mappings(pid, signal);
  for await (const mapping of mappings ?? []) {
    if (!bases.has(mapping.name)) bases.set(mapping.name, fileBase(mapping));
  }
  const positions: ThreadPosition[] = [];
  for (const { tid } of threads.filter(({ missing }) => !missing).slice(0, MAX_THREADS)) {
    const registers = await generalRegisters(memory, pid, tid, signal);
    const at = async (wanted: RegisterRole): Promise<PointerFacts | undefined> => {
      const register = registers.find(({ role }) => role === wanted);
      return register && (mappings ? pointer(register, bases) : unlistedPointer(memory, pid, register, signal));
    };
    const [instruction, stack] = await Promise.all([at('instruction'), at('stack')]);
    positions.push({ tid, ...(instruction && { instruction }), ...(stack && { stack }) });
  }
  return positions;
}

function pointer({ value: address, target }: Register, bases: ReadonlyMap<string, bigint>): PointerFacts {
  if (!target) return { address };
  const base = target.name === '' ? target.start : (bases.get(target.name) ?? target.start);
  return { address, target: { name: target.name, permissions: target.permissions, offset: address - base } };
}

/** Where no image lists the mappings, what was dumped can be looked at all the same. */
async function unlistedPointer(
  memory: Memory,
  pid: number,
  { value: address }: Register,
  signal: AbortSignal,
): Promise<PointerFacts> {
  try {
    const { ranges } = await memory.locate(pid, address, 1, { signal });
    const isHere = ranges.some(({ present }) => present);
    return { address, ...(isHere && { target: { name: '', permissions: '????', offset: 0n } }) };
  } catch (error) {
    if (CheckpointError.is(error, 'not-found')) return { address };
    throw error;
  }
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
