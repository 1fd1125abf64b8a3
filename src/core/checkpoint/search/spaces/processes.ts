import type { MemoryMapping } from '../../../../protocol/memory.ts';
import { CheckpointError } from '../../../errors.ts';
import type { Memory } from '../../memory/memory.ts';
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
  #mappings: Promise<readonly MemoryMapping[]> | undefined;

  constructor(pid: number, name: string | null, memory: Memory) {
    this.pid = pid;
    this.name = name;
    this.memory = memory;
  }

  space(signal?: AbortSignal): ReturnType<Memory['space']> {
    return this.memory.space(this.pid, signal);
  }

  /** By address; none where no image lists them. */
  mappings(): Promise<readonly MemoryMapping[]> {
    this.#mappings ??= this.memory.mappings(this.pid).then(
      (mappings) => mappings ?? [],
      (error: unknown) => {
        if (CheckpointError.is(error)) return [];
        throw error;
      },
    );
    return this.#mappings;
  }

  async region(address: bigint): Promise<MemoryMapping | undefined> {
    return lastStarting(await this.mappings(), address);
  }
}

/** The mapping that an address is in: of those that start at or before it the last one, if it reaches so far. */
function lastStarting(mappings: readonly MemoryMapping[], address: bigint): MemoryMapping | undefined {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((mappings[middle] as MemoryMapping).start <= address) low = middle + 1;
    else high = middle;
  }
  const found = mappings[low - 1];
  return found && address < found.end ? found : undefined;
}
