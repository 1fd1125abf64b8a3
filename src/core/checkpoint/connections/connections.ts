import type { ConnectionGraph } from '../../../protocol/connections.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { readDescriptorTables } from '../descriptors/descriptor-tables.ts';
import { FileTable } from '../descriptors/file-table.ts';
import type { Processes } from '../processes.ts';
import type { Sockets } from '../sockets/sockets.ts';
import { ChannelList } from './channel-list.ts';
import { drawConnections } from './graph.ts';
import { findSharedMemory } from './memory-channels.ts';
import { findPipes } from './pipe-channels.ts';
import { findSockets } from './socket-channels.ts';

interface Sources {
  readonly images: ImageDirectory;
  readonly processes: Processes;
  readonly sockets: Sockets;
}

/**
 * Who talks to whom: processes, what they talk through, and who is outside.
 * @param apart processes that are drawn by themselves however much they are like others
 */
export async function readConnections(
  { images, processes, sockets }: Sources,
  apart: readonly number[],
  signal?: AbortSignal,
): Promise<ConnectionGraph> {
  const files = await FileTable.load(images, signal);
  const tables = await readDescriptorTables(images, processes, files, undefined, signal);
  const facts = await processes.list(signal);
  const pids = facts.map(({ pid }) => pid);
  const list = new ChannelList();
  await findPipes(list, images, files, tables, signal);
  findSockets(list, await sockets.list(signal));
  await findSharedMemory(list, images, files, pids, signal);
  return drawConnections(facts, list, new Set(apart));
}
