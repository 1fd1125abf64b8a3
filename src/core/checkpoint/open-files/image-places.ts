import type { ImagePlace } from '../../../protocol/raw.ts';
import type { ImageDirectory, MessageOf } from '../../criu/image-directory.ts';
import { fileOf, type KindName } from '../../criu/kinds.ts';
import type { Descriptor } from '../descriptors/descriptor-tables.ts';
import { SPLIT_IMAGES } from '../descriptors/split-files.ts';
import { findPlace } from '../image-place.ts';
import { SocketQueues } from '../sockets/socket-queues.ts';
import type { FileIndex } from './file-index.ts';
import { ghostImage } from '../descriptors/remaps.ts';

/** An image that tells of a descriptor, and which of its entries does; all of them where it does not say. */
interface Telling {
  readonly name: string;
  readonly isOf?: (message: object) => boolean;
}

/** The images that tell of a descriptor, the most telling first. */
export function imagesOf(
  images: ImageDirectory,
  index: FileIndex,
  pid: number,
  descriptor: Descriptor,
): readonly ImagePlace[] {
  return tellingOf(images, index, pid, descriptor).map(({ name }) => ({ image: images.path(name) }));
}

/** As {@link imagesOf}, with the entry of each: that means looking through all of them. */
export async function placesOf(
  images: ImageDirectory,
  index: FileIndex,
  pid: number,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<readonly ImagePlace[]> {
  const places: ImagePlace[] = [];
  for (const { name, isOf } of tellingOf(images, index, pid, descriptor)) {
    places.push(await findPlace(images, name, isOf, signal));
  }
  return places;
}

function tellingOf(
  images: ImageDirectory,
  index: FileIndex,
  pid: number,
  { fd, file, fileId }: Descriptor,
): readonly Telling[] {
  const list: Telling[] = [];
  const add = (name: string, isOf?: Telling['isOf']): void => {
    if (images.has(name)) list.push({ name, ...(isOf && { isOf }) });
  };
  const addKind = <K extends KindName>(kind: K, isOf: (message: MessageOf<K>) => boolean): void =>
    add(fileOf(kind), (message) => isOf(message as MessageOf<K>));
  const isFile = ({ id }: { readonly id?: number }): boolean => id === fileId;

  addKind('FILES', isFile);
  for (const kind of (file && SPLIT_IMAGES[file.type]) ?? []) add(fileOf(kind), isFile);
  const remap = index.remaps.get(fileId);
  const ghost = remap && ghostImage(remap);
  if (ghost !== undefined) add(ghost);
  if (remap) addKind('REMAP_FPATH', ({ orig_id }) => orig_id === fileId);
  if (index.locks(pid, fd).length > 0) addKind('FILE_LOCKS', (lock) => lock.pid === pid && lock.fd === fd);
  const { memfd, tty, pipe, fifo, bpf, isk } = file ?? {};
  if (memfd) addKind('MEMFD_INODE', ({ inode_id }) => inode_id === BigInt(memfd.inode_id));
  if (tty) addKind('TTY_INFO', ({ id }) => id === tty.tty_info_id);
  if (pipe && index.pipeData.has(pipe.pipe_id)) addKind('PIPES_DATA', ({ pipe_id }) => pipe_id === pipe.pipe_id);
  if (fifo && index.fifoData.has(fifo.pipe_id)) addKind('FIFO_DATA', ({ pipe_id }) => pipe_id === fifo.pipe_id);
  if (bpf) addKind('BPFMAP_DATA', ({ map_id }) => map_id === bpf.map_id);
  if (isk) add(fileOf('TCP_STREAM', isk.ino));
  if (index.queues.packets(fileId).length > 0) {
    add(SocketQueues.packetImage, (message) => (message as MessageOf<'SK_QUEUES'>).id_for === fileId);
  }
  const table = index.table(pid);
  if (table) add(fileOf('FDINFO', table.filesId), (message) => (message as MessageOf<'FDINFO'>).fd === fd);
  return list;
}
