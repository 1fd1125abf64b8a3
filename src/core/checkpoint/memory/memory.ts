import { MAX_MEMORY_WINDOW, type MemoryMap, type MemoryRange, type MemoryWindow } from '../../../protocol/memory.ts';
import type { MountFacts } from '../../../protocol/mounts.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { AddressSpace } from '../../criu/address-space.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { MemoryExtent } from '../../criu/memory-extents.ts';
import { CheckpointError } from '../../errors.ts';
import { FileTable } from '../descriptors/file-table.ts';
import { known } from '../known-images.ts';
import type { Processes } from '../processes.ts';
import { describeRegions, type RegionSources } from './regions.ts';

interface Sources {
  readonly images: ImageDirectory;
  readonly processes: Processes;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
}

/** Address spaces that are kept: a page map may take a hundred megabytes, so not many. */
const KEEP = 4;

/** The memory of the processes: what they had mapped, what of it is in the checkpoint, and its bytes. */
export interface Memory {
  /**
   * The mappings of a process and what the dump holds of each.
   * @throws CheckpointError `not-found` where there is no such process, or where the dump holds no memory of it
   */
  map(pid: number, signal?: AbortSignal): Promise<MemoryMap>;
  /**
   * A window of memory with the origin of each of its bytes.
   * @param length at most {@link MAX_MEMORY_WINDOW} bytes
   * @throws CheckpointError `usage` for a window that is none, else as `map`
   */
  read(pid: number, address: bigint, length: number, signal?: AbortSignal): Promise<MemoryWindow>;
  /**
   * The address space of a process, for who reads more than windows. It is kept for the next question.
   * @throws CheckpointError as `map`
   */
  space(pid: number, signal?: AbortSignal): Promise<AddressSpace>;
}

/** Answers from the images of the dump. */
export class DumpedMemory implements Memory {
  readonly #sources: Sources;
  /** Least recently used first. */
  readonly #spaces = new Map<number, Promise<AddressSpace>>();

  constructor(sources: Sources) {
    this.#sources = sources;
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
    const space = await this.space(pid, signal);
    const mm = await this.#sources.processes.memoryLayout(pid, signal);
    const regions = await describeRegions(space, mm, await this.#regionSources(pid, signal), signal);
    return { pid, pageSize: space.pageSize, regions };
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
    const { bytes, missing } = await space.read(address, length, signal);
    const { extents } = await space.locate(address, length, signal && { signal });
    const files = await this.#files(signal);
    const ranges = splitLost(extents, missing, address).map((extent) => withPath(extent, files));
    return { address, bytes, ranges };
  }

  /** Images of processes that pstree.img does not list are left over from an earlier dump. */
  async #open(pid: number): Promise<AddressSpace> {
    const { images, processes } = this.#sources;
    const process = (await processes.list()).find((candidate) => candidate.pid === pid);
    if (!process) {
      throw new CheckpointError('not-found', sentence('There is no process {0} in this checkpoint.', pid));
    }
    if (process.state === 'zombie') {
      throw new CheckpointError(
        'not-found',
        sentence('Process {0} had ended and was waiting for its parent: it had no memory any more.', pid),
      );
    }
    return AddressSpace.open(images, pid);
  }

  #files(signal?: AbortSignal): Promise<FileTable> {
    return FileTable.load(this.#sources.images, signal);
  }

  async #regionSources(pid: number, signal?: AbortSignal): Promise<RegionSources> {
    const { images, processes, mounts } = this.#sources;
    const namespace = (await processes.ids(pid, signal))?.ipc_ns_id;
    const segments =
      namespace === undefined ? [] : await known(images, 'IPCNS_SHM', `ipcns-shm-${String(namespace)}.img`, signal);
    return {
      files: await this.#files(signal),
      mounts: new Map((await mounts(signal)).map((mount) => [mount.id, mount])),
      keys: new Map(segments.map(({ desc }) => [BigInt(desc.id), desc.key])),
    };
  }
}

/** What the images list and cannot give after all (a damaged block, a file that ends early) is lost. */
function splitLost(
  extents: readonly MemoryExtent[],
  missing: readonly { readonly offset: number; readonly length: number }[],
  address: bigint,
): readonly MemoryExtent[] {
  const result: MemoryExtent[] = [];
  for (const extent of extents) {
    const start = Number(extent.start - address);
    let done = 0;
    for (const gap of extent.present ? missing : []) {
      const from = Math.max(done, gap.offset - start);
      const to = Math.min(extent.length, gap.offset + gap.length - start);
      if (from >= to) continue;
      if (from > done) result.push(part(extent, done, from));
      const { offset: _offset, compressed: _compressed, ...lost } = part(extent, from, to);
      result.push({ ...lost, source: 'lost', present: false });
      done = to;
    }
    if (done < extent.length) result.push(part(extent, done, extent.length));
  }
  return result;
}

function part(extent: MemoryExtent, from: number, to: number): MemoryExtent {
  const offset = extent.offset === undefined || extent.compressed ? extent.offset : extent.offset + BigInt(from);
  return {
    ...extent,
    start: extent.start + BigInt(from),
    length: to - from,
    ...(offset !== undefined && { offset }),
  };
}

function withPath({ fileId, ...extent }: MemoryExtent, files: FileTable): MemoryRange {
  const where = extent.where ?? (fileId === undefined ? undefined : files.path(fileId));
  return where === undefined ? extent : { ...extent, where };
}
