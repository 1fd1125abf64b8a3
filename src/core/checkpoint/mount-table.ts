import type { MountFacts } from '../../protocol/mounts.ts';
import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import { PRE_CHECKPOINT } from '../archive/layout.ts';
import { known } from './known-images.ts';
import type { Metadata } from './metadata.ts';
import { joinMounts } from './mounts.ts';
import type { Processes } from './processes.ts';

export interface MountTableParts {
  readonly images: ImageDirectory;
  /** Before the names of images; empty for a bare image directory. */
  readonly imagesPrefix: string;
  readonly metadata: Metadata;
  readonly processes: Processes;
}

/** The mounts of all namespaces that the processes were in, joined with what the specification asked for. */
export interface MountTable {
  readonly mounts: readonly MountFacts[];
  readonly notes: readonly Note[];
}

/** @returns without a note of a missing table while entries still come out of a decompressor */
export async function readMountTable(parts: MountTableParts, signal?: AbortSignal): Promise<MountTable> {
  const { images, metadata, processes } = parts;
  const spec = await metadata.spec(signal);
  const used = await namespacesOf(processes, signal);
  const dumped = images
    .names()
    .flatMap((name) => /^mountpoints-(\d+)\.img$/.exec(name)?.[1] ?? [])
    .map(Number);
  const ofProcesses = dumped.filter((namespace) => used.has(namespace));
  const tables = [];
  // Where the processes do not say which are theirs, all that were dumped.
  for (const namespace of ofProcesses.length > 0 ? ofProcesses : dumped) {
    const entries = await known(images, 'MNTS', `mountpoints-${String(namespace)}.img`, signal);
    if (entries.length > 0) tables.push({ namespace, entries });
  }
  const lacking = tables.length === 0 && images.complete;
  return { mounts: joinMounts(tables, spec), notes: lacking ? await noTable(parts, dumped, used, signal) : [] };
}

async function namespacesOf(processes: Processes, signal?: AbortSignal): Promise<ReadonlySet<number>> {
  const used = new Set<number>();
  for (const { pid } of await processes.tree(signal)) {
    const namespace = await processes.mountNamespace(pid, signal);
    if (namespace !== undefined) used.add(namespace);
  }
  return used;
}

/**
 * CRIU dumps no mount table for the namespace that it runs in itself, whose number is in `root_ids` of inventory.img,
 * and none in a pre-dump. Source: criu/mount.c, criu/namespaces.c.
 */
async function noTable(
  { images, imagesPrefix }: MountTableParts,
  dumped: readonly number[],
  used: ReadonlySet<number>,
  signal?: AbortSignal,
): Promise<readonly Note[]> {
  if (imagesPrefix === PRE_CHECKPOINT) return [];
  const where = images.path('mountpoints-*.img');
  const [inventory] = await known(images, 'INVENTORY', 'inventory.img', signal);
  const own = inventory?.root_ids?.mnt_ns_id;
  const ofHost = own !== undefined && own !== 0 && used.size > 0 && [...used].every((namespace) => namespace === own);
  if (ofHost && dumped.length === 0) {
    const text = sentence(
      'The processes used the mounts of the host, where CRIU itself ran: of these it dumps no table.',
    );
    return [{ kind: 'may-be-incomplete', where, text, byDesign: true }];
  }
  const text = sentence(
    '{0} is missing or empty: which mounts there were is not known, only those that the specification asked for.',
    where,
  );
  return [{ kind: 'missing', where, text }];
}
