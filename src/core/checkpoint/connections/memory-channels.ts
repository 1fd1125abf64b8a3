import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import { SHARED_MEMORY, VMA_AREA_MEMFD, VMA_AREA_SYSVIPC, VMA_FILE_SHARED } from '../../criu/mappings.ts';
import type { VmaEntry } from '../../criu/schema/generated/messages.ts';
import { Breather } from '../../bytes/cancel.ts';
import type { FileTable } from '../descriptors/file-table.ts';
import { known } from '../known-images.ts';
import type { ChannelEnds, ChannelList } from './channel-list.ts';

/** PROT_WRITE of the kernel's include/uapi/asm-generic/mman-common.h. */
const WRITE = 2;

interface Shared {
  readonly label: string;
  readonly ends: ChannelEnds;
  written: boolean;
}

/**
 * Finds memory that several processes have mapped together and at least one of them can write into: anonymous, System V,
 * memfds, and files.
 */
export async function findSharedMemory(
  list: ChannelList,
  images: ImageDirectory,
  files: FileTable,
  pids: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  const shared = new Map<string, Shared>();
  const breather = new Breather();
  for (const pid of pids) {
    if (breather.isDue) await breather.breathe(signal);
    const [mm] = await known(images, 'MM', fileOf('MM', pid), signal);
    for (const vma of mm?.vmas ?? []) {
      const object = objectOf(vma, files);
      if (!object) continue;
      let found = shared.get(object.id);
      if (!found) shared.set(object.id, (found = { label: object.label, ends: list.ends(), written: false }));
      const writes = (vma.prot & WRITE) !== 0;
      found.written ||= writes;
      found.ends.add(pid, undefined, writes ? 'both' : 'reads');
    }
  }
  for (const [id, { label, ends, written }] of shared)
    if (ends.size > 1 && written) list.add(id, 'memory', label, ends);
}

function objectOf(vma: VmaEntry, files: FileTable): { readonly id: string; readonly label: string } | undefined {
  const id = Number(vma.shmid);
  if ((vma.status & VMA_AREA_MEMFD) !== 0) {
    // The mapping names the file, and several files may be of one memory.
    const inode = files.entry(id)?.memfd?.inode_id;
    const name = inode === undefined ? undefined : files.memfd(inode)?.name;
    const label = name === undefined ? 'memfd' : name === '/dev/zero' ? 'shared memory' : `memfd:${name}`;
    return { id: `memfd ${String(inode ?? `of ${String(id)}`)}`, label };
  }
  if ((vma.status & SHARED_MEMORY) !== 0) {
    const label = (vma.status & VMA_AREA_SYSVIPC) !== 0 ? 'SysV shared memory' : 'shared memory';
    return { id: `memory ${String(vma.shmid)}`, label };
  }
  const path = (vma.status & VMA_FILE_SHARED) === 0 ? undefined : files.path(id);
  return path === undefined ? undefined : { id: `file ${path}`, label: path };
}
