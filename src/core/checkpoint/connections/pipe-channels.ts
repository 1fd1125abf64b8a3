import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import type { FileEntry } from '../../criu/schema/generated/messages.ts';
import type { DescriptorTable } from '../descriptors/descriptor-tables.ts';
import type { FileTable } from '../descriptors/file-table.ts';
import { FD_TYPE } from '../descriptors/split-files.ts';
import { known } from '../known-images.ts';
import type { ChannelEnds, ChannelList } from './channel-list.ts';

/** O_ACCMODE and its values. Source: the kernel's include/uapi/asm-generic/fcntl.h, the same on every machine. */
const ACCESS = 3;
const ACCESS_WORDS: Readonly<Record<number, 'reads' | 'writes'>> = { 0: 'reads', 1: 'writes' };

interface Pipe {
  readonly kind: 'pipe' | 'fifo';
  readonly label: string;
  readonly ends: ChannelEnds;
}

/** Finds pipes and FIFOs with the processes that read from them and write into them. */
export async function findPipes(
  list: ChannelList,
  images: ImageDirectory,
  files: FileTable,
  tables: readonly DescriptorTable[],
  signal?: AbortSignal,
): Promise<void> {
  const unread = await unreadBytes(images, signal);
  const pipes = new Map<string, Pipe>();
  for (const { pids, descriptors } of tables) {
    for (const { fd, file } of descriptors) {
      const pipe = file && pipeOf(file, files, pipes, list);
      if (!pipe) continue;
      for (const pid of pids) pipe.found.ends.add(pid, fd, pipe.does);
    }
  }
  for (const [id, { kind, label, ends }] of pipes) {
    const isOpen = ends.reads !== ends.writes;
    const outside = { kind: 'outside', label: ends.writes ? 'reads' : 'writes' } as const;
    list.add(id, kind, label, ends, { unread: unread.get(id) ?? 0, ...(isOpen && { outside }) });
  }
}

function pipeOf(
  file: FileEntry,
  files: FileTable,
  pipes: Map<string, Pipe>,
  list: ChannelList,
): { readonly found: Pipe; readonly does: 'reads' | 'writes' | 'both' } | undefined {
  const { pipe, fifo } = file;
  const number = pipe?.pipe_id ?? fifo?.pipe_id;
  if (number === undefined) return undefined;
  const kind = pipe ? 'pipe' : 'fifo';
  // The path and the flags of a FIFO are a regular file's, which once had the same id.
  const path = fifo && files.entry(fifo.regf_id ?? file.id, FD_TYPE.reg)?.reg;
  const flags = pipe?.flags ?? path?.flags ?? 2;
  const id = `${kind} ${String(number)}`;
  let found = pipes.get(id);
  if (!found) pipes.set(id, (found = { kind, label: path?.name ?? `pipe:[${String(number)}]`, ends: list.ends() }));
  return { found, does: ACCESS_WORDS[flags & ACCESS] ?? 'both' };
}

async function unreadBytes(images: ImageDirectory, signal?: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>();
  for (const data of await known(images, 'PIPES_DATA', fileOf('PIPES_DATA'), signal))
    bytes.set(`pipe ${String(data.pipe_id)}`, data.bytes);
  for (const data of await known(images, 'FIFO_DATA', fileOf('FIFO_DATA'), signal))
    bytes.set(`fifo ${String(data.pipe_id)}`, data.bytes);
  return bytes;
}
