import type { ImageDirectory } from '../../../criu/image-directory.ts';
import { oldSegments, segmentKeys } from '../../../criu/old-segments.ts';
import { openMemoryObject } from '../../../criu/shared-memory.ts';
import { CheckpointError } from '../../../errors.ts';
import { known } from '../../known-images.ts';
import { systemVName } from '../../memory/regions.ts';
import type { DumpedFiles } from '../../open-files/open-files.ts';
import { ContentOwners, type Owner } from './content-owners.ts';
import type { Places } from './places.ts';
import type { MappedProcess } from './processes.ts';
import { SharedSpace, type ObjectMapping } from './shared-space.ts';

/**
 * The memory objects of a dump.
 * @param processes those that are searched
 * @param onlyMapped leave out those that none of them maps
 */
export async function* sharedSpaces(
  images: ImageDirectory,
  places: Places,
  openFiles: DumpedFiles,
  processes: readonly MappedProcess[],
  onlyMapped: boolean,
  signal?: AbortSignal,
): AsyncGenerator<SharedSpace> {
  const ids = images.names().flatMap((name) => /^pagemap-shmem-(\d+)\.img$/.exec(name)?.[1] ?? []);
  const segments = await oldSegments(images, signal);
  if (ids.length + segments.size === 0) return;
  const inodes = await known(images, 'MEMFD_INODE', 'memfd.img', signal);
  const memfds = new Map(inodes.toReversed().map((inode) => [BigInt(inode.shmid), inode]));
  const keys = await segmentKeys(images, signal);
  const mappings = await mappingsOf(processes);
  for (const shmid of [...ids.map(BigInt), ...segments.keys()]) {
    const mapped = mappings.get(shmid) ?? [];
    if (onlyMapped && mapped.length === 0) continue;
    const pages = await openMemoryObject(images, shmid, await pageSizeOf(mapped, processes, signal), signal);
    if (!pages) continue;
    const memfd = memfds.get(shmid);
    const isMemfd = memfd !== undefined && memfd.name !== '/dev/zero';
    const [first] = mapped;
    const own = isMemfd ? `/memfd:${memfd.name} (deleted)` : nameOf(memfd === undefined ? keys.get(shmid) : undefined);
    const owner = async (): Promise<Owner> => (await ContentOwners.load(openFiles, signal)).memfd(shmid);
    yield new SharedSpace({ shmid, pages, name: first?.name ?? own, isMemfd, mappings: mapped, owner }, places);
  }
}

/** As mappings of the object are called. @param key of a segment of System V's */
function nameOf(key: number | undefined): string {
  return key === undefined ? '/dev/zero (deleted)' : systemVName(key);
}

type NamedMapping = ObjectMapping & { readonly name: string };

async function mappingsOf(processes: readonly MappedProcess[]): Promise<ReadonlyMap<bigint, readonly NamedMapping[]>> {
  const found = new Map<bigint, NamedMapping[]>();
  for (const process of processes) {
    for await (const { shared, start, end, offset, name } of (await process.mappings()) ?? []) {
      if (!shared) continue;
      const known = found.get(shared.shmid);
      const mapping = { process, start, end, offset, name };
      if (known) known.push(mapping);
      else found.set(shared.shmid, [mapping]);
    }
  }
  return found;
}

/** Of one of those that map it, or of the first process that has memory. */
async function pageSizeOf(
  mapped: readonly ObjectMapping[],
  processes: readonly MappedProcess[],
  signal?: AbortSignal,
): Promise<number | undefined> {
  for (const process of [...mapped.map((mapping) => mapping.process), ...processes]) {
    try {
      return (await process.space(signal)).pageSize;
    } catch (error) {
      if (!CheckpointError.is(error, 'not-found')) throw error;
    }
  }
  return undefined;
}
