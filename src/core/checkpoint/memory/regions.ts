import type { MappedFile, MemoryMapping, MemoryRegion, RegionKind } from '../../../protocol/memory.ts';
import type { MountFacts } from '../../../protocol/mounts.ts';
import type { Target } from '../../../protocol/registers.ts';
import { Breather } from '../../bytes/cancel.ts';
import type { AddressSpace } from '../../criu/address-space.ts';
import {
  SHARED_MEMORY,
  VMA_AREA_AIORING,
  VMA_AREA_GUARD,
  VMA_AREA_HEAP,
  VMA_AREA_MEMFD,
  VMA_AREA_SOCKET,
  VMA_AREA_STACK,
  VMA_AREA_SYSVIPC,
  VMA_AREA_UPROBES,
  VMA_AREA_VDSO,
  VMA_AREA_VSYSCALL,
  VMA_AREA_VVAR,
  VMA_FILE_PRIVATE,
  VMA_FILE_SHARED,
} from '../../criu/mappings.ts';
import { encodedPageBytes, hasMapFlag } from '../../criu/map-flags.ts';
import type { Mappings } from '../../criu/mappings.ts';
import type { IpcShmEntry, MmEntry, VmaEntry } from '../../criu/schema/generated/messages.ts';
import type { SharedMemory } from '../../criu/shared-memory.ts';
import type { FileTable } from '../descriptors/file-table.ts';
import { FD_TYPE } from '../descriptors/split-files.ts';
import { buildIdWord, permissionWord, RegionWords } from './region-words.ts';

/** What names of mappings are made of. */
export interface NameSources {
  readonly mm: MmEntry | undefined;
  readonly files: FileTable;
  /** Of System V shared memory, by its id. */
  readonly segments?: ReadonlyMap<bigint, IpcShmEntry>;
  /** CRIU's number of the architecture. */
  readonly machine?: number | undefined;
}

/** What is known beside the mappings themselves. */
export interface MappingSources extends NameSources {
  readonly machine: number | undefined;
  /** By CRIU's mount id. */
  readonly mounts: ReadonlyMap<number, MountFacts>;
  readonly shared: SharedMemory;
}

/** One memory object's mapping has this name where its own is not known. */
const sharedAnonymous = '/dev/zero (deleted)';

/**
 * The mappings of a process by address. Each is described when it is asked for: of a quarter of a million all at once
 * would be a hundred megabytes.
 */
export class MappingList implements AsyncIterable<MemoryMapping> {
  readonly #mappings: Mappings;
  readonly #sources: MappingSources;
  readonly #words: RegionWords;
  readonly #signal: AbortSignal | undefined;

  /** @param signal ends going through them */
  constructor(mappings: Mappings, sources: MappingSources, signal?: AbortSignal) {
    this.#mappings = mappings;
    this.#sources = sources;
    this.#signal = signal;
    this.#words = new RegionWords(sources.machine);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MemoryMapping> {
    const breather = new Breather();
    for (const vma of this.#mappings.all) {
      if (breather.isDue) await breather.breathe(this.#signal);
      yield await describeMapping(vma, this.#sources, this.#words, this.#signal);
    }
  }

  /** The one that an address is in. */
  async at(address: bigint, signal?: AbortSignal): Promise<MemoryMapping | undefined> {
    const vma = this.#mappings.at(address);
    return vma && describeMapping(vma, this.#sources, this.#words, signal);
  }
}

/** The same with what the dump holds of each, one after the other. */
export async function* describeRegions(
  space: AddressSpace,
  sources: MappingSources,
  signal?: AbortSignal,
): AsyncGenerator<MemoryRegion> {
  const words = new RegionWords(sources.machine);
  const breather = new Breather();
  for (const vma of space.mappings.all) {
    if (breather.isDue) await breather.breathe(signal);
    const bytes = await space.count(vma, signal);
    yield { ...(await describeMapping(vma, sources, words, signal)), bytes };
  }
}

async function describeMapping(
  vma: VmaEntry,
  sources: MappingSources,
  words: RegionWords,
  signal?: AbortSignal,
): Promise<MemoryMapping> {
  const { shared, mounts } = sources;
  const { permissions, flags, status, advice, hugePageBytes = segmentPageBytes(vma, sources) } = words.of(vma);
  const shmid = await shared.idOf(vma, signal);
  const file = isFile(vma) ? mappedFile(vma, sources) : undefined;
  const device = file?.mountId === undefined ? undefined : deviceOf(mounts.get(file.mountId));
  return {
    start: vma.start,
    end: vma.end,
    permissions,
    offset: vma.pgoff,
    kind: kindOf(vma, sources),
    name: nameOf(vma, sources),
    ...nameBytesOf(vma, sources),
    ...(device !== undefined && { device }),
    ...(shmid !== undefined && { inode: shmid, shared: { shmid, image: await shared.imageOf(shmid, signal) } }),
    ...(file && { file }),
    flags,
    status,
    advice,
    ...(hugePageBytes !== undefined && { hugePageBytes }),
  };
}

/** A mapping as what an address points into. */
export function targetOf(vma: VmaEntry, sources: MappingSources): Target {
  const { start, end } = vma;
  return { start, end, permissions: permissionWord(vma), kind: kindOf(vma, sources), name: nameOf(vma, sources) };
}

/** What is mapped, as the kernel names it in /proc/PID/maps; empty for private anonymous memory. */
export function nameOf(vma: VmaEntry, { files, segments, mm, machine }: NameSources): string {
  const { status } = vma;
  if (status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) {
    return files.target(Number(vma.shmid)) ?? (status & VMA_AREA_MEMFD ? sharedAnonymous : '');
  }
  if (status & VMA_AREA_HEAP) return '[heap]';
  if (status & VMA_AREA_VDSO) return '[vdso]';
  if (status & VMA_AREA_VVAR) return '[vvar]';
  if (status & VMA_AREA_VSYSCALL) return '[vsyscall]';
  if (status & VMA_AREA_UPROBES) return '[uprobes]';
  if (status & VMA_AREA_SYSVIPC) return systemVName(segments?.get(vma.shmid)?.desc.key);
  if (status & SHARED_MEMORY) return sharedAnonymous;
  if (status & VMA_AREA_AIORING) return '/[aio] (deleted)';
  if (status & VMA_AREA_SOCKET) return 'socket:';
  if (isStack(vma, mm)) return '[stack]';
  // Of these the kernel makes a file of its own. Source: mm/mmap.c, ksys_mmap_pgoff.
  return hasMapFlag(vma.flags, 'MAP_HUGETLB', machine) ? '/anon_hugepage (deleted)' : '';
}

/** Of a mapped segment of huge pages only the segment tells their size. */
function segmentPageBytes({ status, shmid }: VmaEntry, { segments }: NameSources): number | undefined {
  if ((status & VMA_AREA_SYSVIPC) === 0) return undefined;
  return encodedPageBytes(segments?.get(shmid)?.hugetlb_flag ?? 0);
}

/** A shared memory segment of System V's. Source: ipc/shm.c, newseg. */
export function systemVName(key = 0): string {
  return `/SYSV${(key >>> 0).toString(16).padStart(8, '0')} (deleted)`;
}

function nameBytesOf({ shmid, status }: VmaEntry, { files }: NameSources): { readonly nameBytes?: string } {
  const isNamed = (status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) !== 0;
  const bytes = isNamed ? files.targetBytes(Number(shmid)) : undefined;
  return bytes ? { nameBytes: Buffer.from(bytes).toString('base64') } : {};
}

function kindOf(vma: VmaEntry, { mm }: NameSources): RegionKind {
  const { status, prot } = vma;
  if (status & SHARED_MEMORY) return 'shared';
  if (status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) return (prot & 4) !== 0 ? 'code' : 'file';
  if (status & VMA_AREA_HEAP) return 'heap';
  if (status & (VMA_AREA_VDSO | VMA_AREA_VVAR | VMA_AREA_VSYSCALL)) return 'kernel';
  if (status & (VMA_AREA_AIORING | VMA_AREA_SOCKET | VMA_AREA_UPROBES | VMA_AREA_GUARD)) return 'other';
  return isStack(vma, mm) ? 'stack' : 'anonymous';
}

/** CRIU no longer marks the main stack; the kernel names the mapping that holds the start of it. */
function isStack({ status, start, end }: VmaEntry, mm: MmEntry | undefined): boolean {
  if (status & VMA_AREA_STACK) return true;
  return mm !== undefined && start <= mm.mm_start_stack && mm.mm_start_stack < end;
}

function isFile({ status }: VmaEntry): boolean {
  return (status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) !== 0 && (status & VMA_AREA_MEMFD) === 0;
}

/** Undefined where no image describes the file. */
function mappedFile(vma: VmaEntry, { files }: NameSources): MappedFile | undefined {
  const id = Number(vma.shmid);
  const reg = files.entry(id, FD_TYPE.reg)?.reg;
  if (!reg) return undefined;
  const buildId = buildIdWord(reg.build_id);
  return {
    id,
    path: reg.name,
    ...(reg.mnt_id !== undefined && { mountId: reg.mnt_id }),
    ...(reg.size !== undefined && { size: reg.size }),
    ...(buildId !== undefined && { buildId }),
  };
}

/** As the kernel's `%02x:%02x`. */
function deviceOf(mount: MountFacts | undefined): string | undefined {
  if (mount?.deviceMajor === undefined || mount.deviceMinor === undefined) return undefined;
  const hex = (number: number): string => number.toString(16).padStart(2, '0');
  return `${hex(mount.deviceMajor)}:${hex(mount.deviceMinor)}`;
}
