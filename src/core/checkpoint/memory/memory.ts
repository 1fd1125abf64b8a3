import {
  MAX_MEMORY_WINDOW,
  type MemoryMap,
  type MemoryRange,
  type MemoryRegion,
  type MemoryWindow,
} from '../../../protocol/memory.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { ThreadRegisters } from '../../../protocol/registers.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { AddressSpace, readVmas } from '../../criu/address-space.ts';
import { SharedMemory } from '../../criu/shared-memory.ts';
import { CheckpointError } from '../../errors.ts';
import { known } from '../known-images.ts';
import type { Notebook } from '../notebook.ts';
import type { Processes } from '../processes.ts';
import { MappedFiles, type MappedFileSources } from './mapped-files.ts';
import { MemoryFile } from './memory-file.ts';
import { describeRegions, MappingList, targetOf, type MappingSources } from './regions.ts';
import { describeRegisters } from './registers/registers.ts';
import { locateWithFiles, readWindow } from './window.ts';

interface Sources extends MappedFileSources {
  readonly processes: Processes;
  /** Learns what is wrong with pages, as it is met. */
  readonly notebook: Notebook;
}

/** Address spaces that are kept: a page map may take a hundred megabytes, so not many. */
const KEEP = 4;
/** For what does not depend on it. */
const USUAL_PAGE_SIZE = 4096;

/** The memory of the processes: what they had mapped, what of it is in the checkpoint, and its bytes. */
export interface Memory {
  /**
   * The mappings of a process and what the dump holds of each.
   * @throws CheckpointError `not-found` where there is no such process, or where the dump holds no memory of it
   */
  map(pid: number, signal?: AbortSignal): Promise<MemoryMap>;
  /** The same for who takes one after the other: all at once take hundreds of megabytes where there are very many. */
  walk(pid: number, signal?: AbortSignal): Promise<MemoryWalk>;
  /**
   * The mappings alone: known also where the pages are not. Undefined where no image lists them.
   * @throws CheckpointError `not-found` where there is no such process
   */
  mappings(pid: number, signal?: AbortSignal): Promise<MappingList | undefined>;
  /**
   * A window of memory with the origin of each of its bytes.
   * @param length at most {@link MAX_MEMORY_WINDOW} bytes
   * @throws CheckpointError `usage` for a window that is none, else as `map`
   */
  read(pid: number, address: bigint, length: number, signal?: AbortSignal): Promise<MemoryWindow>;
  /**
   * The bytes of a range as a file, of any size and read piece by piece. What is not in the checkpoint stands as zeros
   * there: {@link locate} tells what that is. Undefined where nothing of the range is.
   * @throws CheckpointError as `map`
   */
  open(pid: number, address: bigint, length: number, signal?: AbortSignal): Promise<ByteSource | undefined>;
  /**
   * Where the bytes of a range are, in order and without gaps, as far as `limit` pieces reach; pieces of one origin that
   * follow each other are one. What lies in mapped files is here where the checkpoint holds the file.
   * @param length bytes, at most 2^53
   * @returns the pieces, and how many bytes they cover
   * @throws CheckpointError as `map`
   */
  locate(pid: number, address: bigint, length: number, options?: LocateOptions): Promise<Located>;
  /**
   * The registers of one of its threads, and where they point to.
   * @throws CheckpointError `not-found` where it has no such thread, or the dump has no image of it
   */
  registers(pid: number, tid: number, signal?: AbortSignal): Promise<ThreadRegisters>;
  /**
   * The address space of a process, for who reads more than windows. It is kept for the next question.
   * @throws CheckpointError as `map`
   */
  space(pid: number, signal?: AbortSignal): Promise<AddressSpace>;
}

/** The address space of one process, of which each region is worked out when it is taken. */
export interface MemoryWalk extends Omit<MemoryMap, 'regions'> {
  readonly regions: AsyncIterable<MemoryRegion>;
}

export interface LocateOptions {
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface Located {
  readonly ranges: readonly MemoryRange[];
  readonly length: number;
}

/** Answers from the images of the dump. */
export class DumpedMemory implements Memory {
  readonly #sources: Sources;
  readonly #files: MappedFiles;
  /** Least recently used first. */
  readonly #spaces = new Map<number, Promise<AddressSpace>>();

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#files = new MappedFiles(sources);
  }

  async space(pid: number, signal?: AbortSignal): Promise<AddressSpace> {
    const known = this.#spaces.get(pid);
    const opening = known ?? this.#open(pid);
    this.#spaces.delete(pid);
    this.#spaces.set(pid, opening);
    if (!known) {
      opening.catch(() => this.#spaces.get(pid) === opening && this.#spaces.delete(pid));
      const [oldest] = this.#spaces.keys();
      if (this.#spaces.size > KEEP && oldest !== undefined) this.#spaces.delete(oldest);
    }
    return orCancelled(opening, signal);
  }

  async map(pid: number, signal?: AbortSignal): Promise<MemoryMap> {
    const walk = await this.walk(pid, signal);
    return { ...walk, regions: await Array.fromAsync(walk.regions) };
  }

  async walk(pid: number, signal?: AbortSignal): Promise<MemoryWalk> {
    const space = await this.space(pid, signal);
    const sources = await this.#mappingSources(pid, space.shared, signal);
    return { pid, pageSize: space.pageSize, regions: this.#regions(space, sources, signal) };
  }

  async *#regions(space: AddressSpace, sources: MappingSources, signal?: AbortSignal): AsyncGenerator<MemoryRegion> {
    yield* describeRegions(space, sources, signal);
    this.#sources.notebook.add(...space.notes);
  }

  async mappings(pid: number, signal?: AbortSignal): Promise<MappingList | undefined> {
    const { images } = this.#sources;
    await this.#process(pid, signal);
    const vmas = await readVmas(images, pid, signal);
    const shared = new SharedMemory(images, USUAL_PAGE_SIZE);
    return vmas && new MappingList(vmas.mappings, await this.#mappingSources(pid, shared, signal), signal);
  }

  async open(pid: number, address: bigint, length: number, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const space = await this.space(pid, signal);
    for (let done = 0; done < length;) {
      const at = address + BigInt(done);
      const { ranges, length: covered } = await this.locate(pid, at, length - done, {
        limit: 1000,
        ...(signal && { signal }),
      });
      if (ranges.some(({ present }) => present)) {
        const name = `/proc/${String(pid)}/mem/${address.toString(16)}-${(address + BigInt(length)).toString(16)}`;
        return new MemoryFile(name, space, address, length, this.#files);
      }
      done += covered;
    }
    return undefined;
  }

  async locate(pid: number, address: bigint, length: number, options: LocateOptions = {}): Promise<Located> {
    const space = await this.space(pid, options.signal);
    const { extents, length: covered } = await space.locate(address, length, options);
    return { ranges: await locateWithFiles(extents, this.#files, options.signal), length: covered };
  }

  async registers(pid: number, tid: number, signal?: AbortSignal): Promise<ThreadRegisters> {
    const { processes } = this.#sources;
    const process = await this.#process(pid, signal);
    const core = process.threads.some((thread) => thread.tid === tid) ? await processes.core(tid, signal) : undefined;
    if (!core) {
      throw new CheckpointError(
        'not-found',
        sentence('The registers of thread {0} of process {1} are not in this checkpoint.', tid, pid),
      );
    }
    const space = await this.space(pid, signal);
    const sources = await this.#mappingSources(pid, space.shared, signal);
    return describeRegisters(tid, core, (address) => {
      const vma = space.mappings.at(address);
      return vma && targetOf(vma, sources);
    });
  }

  async read(pid: number, address: bigint, length: number, signal?: AbortSignal): Promise<MemoryWindow> {
    const end = address + BigInt(Number.isSafeInteger(length) ? length : 0);
    if (address < 0n || !(length >= 0 && length <= MAX_MEMORY_WINDOW) || end > 1n << 64n) {
      throw new CheckpointError(
        'usage',
        sentence('{0} bytes of memory cannot be read from {1} on.', length, `0x${address.toString(16)}`),
      );
    }
    const space = await this.space(pid, signal);
    const window = await readWindow(space, address, length, this.#files, signal);
    this.#sources.notebook.add(...space.notes);
    return window;
  }

  /** Images of processes that pstree.img does not list are left over from an earlier dump. */
  async #process(pid: number, signal?: AbortSignal): Promise<ProcessFacts> {
    const process = await this.#sources.processes.one(pid, signal);
    if (process) return process;
    throw new CheckpointError('not-found', sentence('There is no process {0} in this checkpoint.', pid));
  }

  async #open(pid: number): Promise<AddressSpace> {
    const process = await this.#process(pid);
    if (process.state === 'zombie') {
      throw new CheckpointError(
        'not-found',
        sentence('Process {0} had ended and was waiting for its parent: it had no memory any more.', pid),
      );
    }
    return AddressSpace.open(this.#sources.images, pid);
  }

  async #mappingSources(pid: number, shared: SharedMemory, signal?: AbortSignal): Promise<MappingSources> {
    const { images, processes, mounts } = this.#sources;
    const namespace = (await processes.ids(pid, signal))?.ipc_ns_id;
    const segments =
      namespace === undefined ? [] : await known(images, 'IPCNS_SHM', `ipcns-shm-${String(namespace)}.img`, signal);
    return {
      mm: await processes.memoryLayout(pid, signal),
      machine: await processes.machine(pid, signal),
      shared,
      files: await this.#files.table(signal),
      mounts: new Map((await mounts(signal)).map((mount) => [mount.id, mount])),
      segments: new Map(segments.map((segment) => [BigInt(segment.desc.id), segment])),
    };
  }
}
