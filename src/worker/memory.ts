import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../core/errors.ts';
import type { MemoryOutline, MemoryProcess, RegionOutline } from '../protocol/memory.ts';
import type { ThreadRegisters } from '../protocol/registers.ts';
import { sentence } from '../protocol/sentence.ts';

/** More than the kernel lets a process have by default (vm.max_map_count is 65,530), and as many as a page can draw. */
const MAX_REGIONS = 100_000;

/** The processes whose memory can be looked at; a zombie has none. */
export async function memoryProcesses(checkpoint: Checkpoint, signal: AbortSignal): Promise<readonly MemoryProcess[]> {
  return (await checkpoint.processes(signal))
    .filter(({ state }) => state !== 'zombie')
    .map(({ pid, comm, dumpedBytes = 0 }) => ({ pid, ...(comm !== undefined && { comm }), dumpedBytes }));
}

/** @throws CheckpointError `not-found` */
export async function memoryOutline(checkpoint: Checkpoint, pid: number, signal: AbortSignal): Promise<MemoryOutline> {
  const { pageSize, regions } = await checkpoint.memory.map(pid, signal);
  const registers = await registersOf(checkpoint, pid, signal);
  const process = (await checkpoint.processes(signal)).find((candidate) => candidate.pid === pid);
  return {
    pid,
    pageSize,
    pointerBytes: registers?.pointerBytes ?? 8,
    byteOrder: registers?.byteOrder ?? 'little',
    regions:
      regions.length > 0 ? regions.slice(0, MAX_REGIONS).map(inShort) : await dumpedRuns(checkpoint, pid, signal),
    threads: (process?.threads ?? []).map(({ tid, comm }) => ({ tid, ...(comm !== undefined && { comm }) })),
  };
}

function inShort({ start, end, permissions, offset, kind, name, bytes }: RegionOutline): RegionOutline {
  return { start, end, permissions, offset, kind, name, bytes };
}

/** What there is to see where the image that lists the mappings is lost. */
async function dumpedRuns(checkpoint: Checkpoint, pid: number, signal: AbortSignal): Promise<readonly RegionOutline[]> {
  const space = await checkpoint.memory.space(pid, signal);
  return Iterator.from(space.listed())
    .take(MAX_REGIONS)
    .map(({ start, length }): RegionOutline => {
      const bytes = { own: Number(length) };
      return { start, end: start + length, permissions: '????', offset: 0n, kind: 'other', name: '', bytes };
    })
    .toArray();
}

/** Of the first thread; its image may be lost. */
async function registersOf(
  checkpoint: Checkpoint,
  pid: number,
  signal: AbortSignal,
): Promise<ThreadRegisters | undefined> {
  try {
    return await checkpoint.memory.registers(pid, pid, signal);
  } catch (error) {
    if (CheckpointError.is(error, 'not-found')) return undefined;
    throw error;
  }
}

/** @throws CheckpointError `usage` for what is no address */
export function readAddress(text: string): bigint {
  if (!/^0x[0-9a-f]{1,16}$/i.test(text)) throw new CheckpointError('usage', sentence('{0} is not an address.', text));
  return BigInt(text);
}
