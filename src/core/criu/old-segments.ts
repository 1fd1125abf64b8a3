import type { ImageDirectory } from './image-directory.ts';
import { fileOf, kindOfFile } from './kinds.ts';
import type { IpcShmEntry } from './schema/generated/messages.ts';

/** The segments of System V's shared memory that images list. @throws CheckpointError what the sources throw */
async function* listedSegments(images: ImageDirectory, signal?: AbortSignal) {
  for (const name of images.names()) {
    if (!name.startsWith('ipcns-shm-') || kindOfFile(name)?.row.kind !== 'IPCNS_SHM') continue;
    const image = await images.image(name, signal);
    if (image?.row?.kind !== 'IPCNS_SHM') continue;
    for (const { message, extra } of image.entries) yield { name, segment: message as IpcShmEntry, extra };
  }
}

/** A System V shared memory segment whose bytes stand behind its entry, as CRIU wrote it before 3.0. */
export interface OldSegment {
  /** Name of the image in the folder. */
  readonly name: string;
  /** Where the bytes start in the image, and how many of them it holds. */
  readonly offset: number;
  readonly length: number;
  /** Bytes that the segment had. */
  readonly size: number;
}

/**
 * Segments by their id, which is the shmid of mappings. None in dumps of today: they have a pagemap of each.
 * Source: criu/ipc_ns.c of 2.12, dump_ipc_shm_pages.
 * @throws CheckpointError what the sources throw
 */
export async function oldSegments(
  images: ImageDirectory,
  signal?: AbortSignal,
): Promise<ReadonlyMap<bigint, OldSegment>> {
  const found = new Map<bigint, OldSegment>();
  for await (const { name, segment, extra } of listedSegments(images, signal)) {
    const id = BigInt(segment.desc.id);
    if (extra?.type !== 'bytes' || images.has(fileOf('SHMEM_PAGEMAP', id))) continue;
    found.set(id, { name, ...extra.span, size: Number(segment.size) });
  }
  return found;
}

/** Keys of segments by their id, which is the shmid of mappings. @throws CheckpointError what the sources throw */
export async function segmentKeys(images: ImageDirectory, signal?: AbortSignal): Promise<ReadonlyMap<bigint, number>> {
  const found = new Map<bigint, number>();
  for await (const { segment } of listedSegments(images, signal)) found.set(BigInt(segment.desc.id), segment.desc.key);
  return found;
}
