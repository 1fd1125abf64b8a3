import type { OpenCounts } from '../../../protocol/open-files.ts';
import { Breather } from '../../bytes/cancel.ts';
import type { FdinfoEntry, FileEntry } from '../../criu/schema/generated/messages.ts';
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
  /** By number, each once. */
  readonly descriptors: readonly Descriptor[];
  /** The numbers that the image has more than once, which only damage brings; of each the first counts. */
  readonly repeated: readonly number[];
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
    const byNumber = new Map<number, Descriptor>();
    const repeated = new Set<number>();
    for (const { fd, flags, type, id } of await known(images, 'FDINFO', name, signal)) {
      if (byNumber.has(fd)) {
        repeated.add(fd);
        continue;
      }
      const file = files.entry(id, type);
      byNumber.set(fd, { fd, closeOnExec: (flags & FD_CLOEXEC) !== 0, type, fileId: id, ...(file && { file }) });
    }
    const descriptors = [...byNumber.values()].sort((one, other) => one.fd - other.fd);
    tables.push({ filesId, image: images.path(name), pids: sharers, descriptors, repeated: [...repeated] });
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
    counts.set(pid, countSlots(await known(images, 'FDINFO', name, signal)));
    if (breather.isDue) await breather.breathe(signal);
  }
  return counts;
}

/** Each number once, as in the table. */
function countSlots(slots: readonly FdinfoEntry[]): OpenCounts {
  const seen = new Set<number>();
  let sockets = 0;
  for (const { fd, type } of slots) {
    if (!seen.has(fd) && SOCKETS.has(type)) sockets++;
    seen.add(fd);
  }
  return { files: seen.size, sockets };
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
