import type { OpenCounts } from '../../../protocol/open-files.ts';
import { Breather } from '../../bytes/cancel.ts';
import type { FileEntry } from '../../criu/schema/generated/messages.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import { known } from '../known-images.ts';
import type { Processes } from '../processes.ts';
import type { FileTable } from './file-table.ts';
import { FD_TYPE, type FileType } from './split-files.ts';

const SOCKETS: ReadonlySet<FileType> = new Set([FD_TYPE.inetsk, FD_TYPE.unixsk, FD_TYPE.packetsk, FD_TYPE.netlinksk]);

/** Source: include/uapi/linux/fcntl.h. CRIU keeps the descriptor's own flags as F_GETFD gave them. */
const FD_CLOEXEC = 1;

/** One slot of a process's table of descriptors. */
export interface Descriptor {
  readonly fd: number;
  readonly closeOnExec: boolean;
  /** As the table has it; the file's own is the same in every sound dump. */
  readonly type: FileType;
  /** Joins the file, and other descriptors that stand for the same open file. */
  readonly fileId: number;
  /** Absent where no image holds a file of that id. */
  readonly file?: FileEntry;
}

/** A table of descriptors and the processes that have it: with clone's CLONE_FILES several share one. */
export interface DescriptorTable {
  readonly filesId: number;
  /** Of which image it was read: where notes and "show in image" point. */
  readonly image: string;
  readonly pids: readonly number[];
  /** By number. */
  readonly descriptors: readonly Descriptor[];
}

/**
 * The tables of descriptors of some processes, or of all, each once. A process without one (a zombie, or one whose ids
 * or fdinfo image is not there yet or is missing) has no table here.
 * @param pids all processes where absent
 */
export async function readDescriptorTables(
  images: ImageDirectory,
  processes: Processes,
  files: FileTable,
  pids?: ReadonlySet<number>,
  signal?: AbortSignal,
): Promise<readonly DescriptorTable[]> {
  const owners = await tableOwners(processes, signal);
  const tables: DescriptorTable[] = [];
  for (const [filesId, sharers] of owners) {
    if (pids && !sharers.some((pid) => pids.has(pid))) continue;
    const name = fileOf('FDINFO', filesId);
    if (!images.has(name)) continue;
    const slots = await known(images, 'FDINFO', name, signal);
    const descriptors = slots.map(({ fd, flags, type, id }): Descriptor => {
      const file = files.entry(id, type);
      return { fd, closeOnExec: (flags & FD_CLOEXEC) !== 0, type, fileId: id, ...(file && { file }) };
    });
    descriptors.sort((one, other) => one.fd - other.fd);
    tables.push({ filesId, image: images.path(name), pids: sharers, descriptors });
  }
  return tables;
}

/** How many descriptors, and how many sockets among them, the table of each process has. */
export async function countDescriptors(
  images: ImageDirectory,
  processes: Processes,
  pids: Iterable<number>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, OpenCounts>> {
  const counts = new Map<number, OpenCounts>();
  const breather = new Breather();
  for (const pid of pids) {
    const filesId = (await processes.ids(pid, signal))?.files_id;
    const name = fileOf('FDINFO', filesId ?? 0);
    if (filesId === undefined || !images.has(name)) continue;
    const slots = await known(images, 'FDINFO', name, signal);
    counts.set(pid, { files: slots.length, sockets: slots.filter(({ type }) => SOCKETS.has(type)).length });
    if (breather.isDue) await breather.breathe(signal);
  }
  return counts;
}

/** The processes of each table by its number, in the order of pstree.img. */
export async function tableOwners(
  processes: Processes,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const owners = new Map<number, number[]>();
  for (const { pid } of await processes.tree(signal)) {
    const filesId = (await processes.ids(pid, signal))?.files_id;
    if (filesId === undefined) continue;
    const sharers = owners.get(filesId);
    if (sharers) sharers.push(pid);
    else owners.set(filesId, [pid]);
  }
  return owners;
}
