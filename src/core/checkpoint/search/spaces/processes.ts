import type { MemoryMapping } from '../../../../protocol/memory.ts';
import { CheckpointError } from '../../../errors.ts';
import type { Memory } from '../../memory/memory.ts';
import type { MappingList } from '../../memory/regions.ts';
import type { Processes } from '../../processes.ts';
import type { SearchedProcess } from './memory-space.ts';

/**
 * The processes whose memory is searched.
 * @param pids only these, where they are given
 * @throws CheckpointError `not-found` for one that there is not, or that has no memory any more
 */
export async function searchedProcesses(
  processes: Processes,
  memory: Memory,
  pids: readonly number[] | undefined,
  signal: AbortSignal,
): Promise<readonly MappedProcess[]> {
  const list = await processes.list(signal);
  const found = (pid: number, comm: string | undefined) => new MappedProcess(pid, comm ?? null, memory);
  if (!pids) return list.flatMap(({ pid, comm, state }) => (state === 'zombie' ? [] : [found(pid, comm)]));
  // Says why it has none.
  for (const pid of pids) await memory.space(pid, signal);
  return [...new Set(pids)].map((pid) => found(pid, list.find((process) => process.pid === pid)?.comm));
}

/** A process, and its mappings as they are needed. */
export class MappedProcess implements SearchedProcess {
  readonly pid: number;
  readonly name: string | null;
  readonly memory: Memory;
  /** Kept while a search goes on: a match needs the name of its mapping, and many may come. */
  #mappings: Promise<MappingList | undefined> | undefined;

  constructor(pid: number, name: string | null, memory: Memory) {
    this.pid = pid;
    this.name = name;
    this.memory = memory;
  }

  space(signal?: AbortSignal): ReturnType<Memory['space']> {
    return this.memory.space(this.pid, signal);
  }

  /** Undefined where no image lists them. */
  mappings(): Promise<MappingList | undefined> {
    this.#mappings ??= this.memory.mappings(this.pid).catch((error: unknown) => {
      if (CheckpointError.is(error)) return undefined;
      throw error;
    });
    return this.#mappings;
  }

  async region(address: bigint, signal?: AbortSignal): Promise<MemoryMapping | undefined> {
    return (await this.mappings())?.at(address, signal);
  }
}
