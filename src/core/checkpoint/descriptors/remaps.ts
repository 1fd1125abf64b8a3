import type { DeletedFacts } from '../../../protocol/open-files.ts';
import type { RemapFilePathEntry } from '../../criu/schema/generated/messages.ts';
import { fileOf } from '../../criu/kinds.ts';

/** What became of a file whose path leads nowhere any more: one entry of remap-fpath.img. */
export interface Remap {
  readonly how: DeletedFacts['how'];
  /** Of `ghost` the number of its image, of `linked` a file id, of `process` a pid. */
  readonly id: number;
}

const LINKED = 0;
const GHOST = 1;
const PROCFS = 2;
/** Before there was a type this bit of the id said it. Source: criu/files-reg.c, collect_one_remap. */
const OLD_GHOST_BIT = 0x80000000;
const WAYS = new Map<number, Remap['how']>([
  [LINKED, 'linked'],
  [GHOST, 'ghost'],
  [PROCFS, 'process'],
]);

export function readRemap(entry: RemapFilePathEntry): Remap {
  const { remap_id: id, remap_type: type } = entry;
  if (type !== undefined) return { how: WAYS.get(type) ?? 'unknown', id };
  return id >= OLD_GHOST_BIT ? { how: 'ghost', id: id - OLD_GHOST_BIT } : { how: 'linked', id };
}

/** A name that an NFS client gives to a file that was removed while open: the kernel does not call it deleted. */
const SILLY_NAME = /(?:^|\/)\.nfs[0-9a-fA-F]{24}$/;

/** Whether the kernel marks the target of the descriptor as deleted. */
export function isMarkedDeleted(remap: Remap, path: string): boolean {
  return remap.how !== 'process' && !(remap.how === 'linked' && SILLY_NAME.test(path));
}

export function ghostImage(remap: Remap): string | undefined {
  return remap.how === 'ghost' ? fileOf('GHOST_FILE', remap.id) : undefined;
}
