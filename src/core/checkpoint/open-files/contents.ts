import type { Note } from '../../../protocol/note.ts';
import type { ContentFacts } from '../../../protocol/open-files.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { memorySource } from '../../bytes/sources.ts';
import type { Span } from '../../criu/image-reader.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import type { BpfmapDataEntry, FileEntry } from '../../criu/schema/generated/messages.ts';
import { FD_TYPE, type FileType } from '../descriptors/split-files.ts';
import { hasStream } from '../sockets/inet-sockets.ts';
import { SocketQueues } from '../sockets/socket-queues.ts';
import { contentsPath } from '../sockets/sockets.ts';
import { baseName, contentPath, ghostPath } from './content-paths.ts';
import type { FileIndex, PipeData } from './file-index.ts';
import { openGhostFile, readGhostFile } from './ghost-file.ts';
import { SharedMemoryContent } from './memfd-content.ts';
import { PiecesSource, fileOffset, type Piece } from './pieces-source.ts';
import { ghostImage } from '../descriptors/remaps.ts';

/** Something of an open file that no file system keeps, and that the checkpoint therefore holds itself. */
export interface FileContent {
  readonly what: ContentFacts['what'];
  /** Bytes. */
  readonly size: number;
  /** Where the file view has it, below {@link CONTENTS}: one place, however many descriptors stand for the file. */
  readonly path: string;
  /** Milliseconds since 1970, and st_mode, of what was a file. */
  readonly mtime?: number;
  readonly mode?: number;
  /** The caller closes it. @throws CheckpointError `truncated`, `damaged` */
  open(signal?: AbortSignal): Promise<ByteSource | undefined>;
}

export interface ContentSources {
  readonly images: ImageDirectory;
  readonly index: FileIndex;
  /** Bytes of a page in this dump, where that is known. */
  readonly pageSize: (signal?: AbortSignal) => Promise<number | undefined>;
  readonly note: (note: Note) => void;
}

/** What a type of file has to be opened; the first is what a process that reads from it would get. */
type ContentReader = (
  file: FileEntry,
  sources: ContentSources,
  signal?: AbortSignal,
) => Promise<readonly FileContent[]> | readonly FileContent[];

/** By type of file. A type that is not here has nothing in the checkpoint but its facts. */
const READERS: ReadonlyMap<FileType, ContentReader> = new Map<FileType, ContentReader>([
  [FD_TYPE.reg, ghostContent],
  [FD_TYPE.memfd, memfdContent],
  [FD_TYPE.pipe, ({ pipe }, { images, index }) => (pipe ? unread(images, 'pipes', pipe.pipe_id, index.pipeData) : [])],
  [FD_TYPE.fifo, ({ fifo }, { images, index }) => (fifo ? unread(images, 'fifos', fifo.pipe_id, index.fifoData) : [])],
  [FD_TYPE.tty, terminalContent],
  [FD_TYPE.inetsk, streamContents],
  [FD_TYPE.unixsk, packetContents],
  [FD_TYPE.bpfmap, bpfContent],
]);

/** Whether a file may have something to be opened: most have nothing, which is told without reading. */
export function mayHaveContents(file: FileEntry, index: FileIndex): boolean {
  const { reg, pipe, fifo, tty } = file;
  if (reg) return index.remaps.get(reg.id)?.how === 'ghost';
  if (pipe) return (index.pipeData.get(pipe.pipe_id)?.bytes ?? 0) > 0;
  if (fifo) return (index.fifoData.get(fifo.pipe_id)?.bytes ?? 0) > 0;
  return tty ? index.terminalData.has(tty.tty_info_id) : READERS.has(file.type);
}

/** @throws CheckpointError `damaged` where what an image claims cannot be */
export async function contentsOf(
  file: FileEntry,
  sources: ContentSources,
  signal?: AbortSignal,
): Promise<readonly FileContent[]> {
  return (await READERS.get(file.type)?.(file, sources, signal)) ?? [];
}

async function ghostContent(
  { id, reg }: FileEntry,
  { images, index }: ContentSources,
  signal?: AbortSignal,
): Promise<readonly FileContent[]> {
  const remap = index.remaps.get(id);
  const name = remap && ghostImage(remap);
  const ghost = name === undefined ? undefined : await readGhostFile(images, name, reg?.size, signal);
  if (name === undefined || !ghost?.layout) return [];
  const { mtim, mode } = ghost.facts;
  return [
    {
      what: 'content',
      size: ghost.layout.size,
      path: ghostPath(remap?.id ?? id, reg?.name ?? name),
      ...(mtim && { mtime: Number(mtim.tv_sec * 1000n + mtim.tv_usec / 1000n) }),
      mode,
      open: (inner) => openGhostFile(images, name, reg?.size, inner),
    },
  ];
}

function memfdContent({ memfd }: FileEntry, sources: ContentSources): readonly FileContent[] {
  const { images, index, pageSize, note } = sources;
  const inode = memfd && index.files.memfd(memfd.inode_id);
  if (!inode || !images.has(fileOf('SHMEM_PAGEMAP', inode.shmid))) return [];
  const size = fileOffset(inode.size, images.path(fileOf('MEMFD_INODE')));
  const open = async (signal?: AbortSignal) => {
    const content = await SharedMemoryContent.open(images, inode.shmid, size, await pageSize(signal), signal);
    content?.notes.forEach(note);
    return content;
  };
  const path = contentPath('memfd', memfd.inode_id, baseName(inode.name));
  return [{ what: 'content', size, path, ...(inode.mode !== undefined && { mode: inode.mode }), open }];
}

function unread(
  images: ImageDirectory,
  place: string,
  pipeId: number,
  contents: ReadonlyMap<number, PipeData>,
): readonly FileContent[] {
  const data = contents.get(pipeId);
  if (!data?.span || data.bytes === 0) return [];
  const { image, span, bytes } = data;
  const path = contentPath(place, pipeId);
  return [{ what: 'unread', size: bytes, path, open: (signal) => openSpan(images, image, span, bytes, signal) }];
}

function terminalContent({ tty }: FileEntry, { index }: ContentSources): readonly FileContent[] {
  const data = tty && index.terminalData.get(tty.tty_info_id)?.data;
  if (!tty || !data || data.length === 0) return [];
  const open = () => Promise.resolve(memorySource(data, fileOf('TTY_DATA')));
  return [{ what: 'unread', size: data.length, path: contentPath('terminals', tty.tty_info_id), open }];
}

/** What a TCP connection received, and what it had sent without an answer or not sent yet. */
async function streamContents(
  { id, isk }: FileEntry,
  { images, index }: ContentSources,
  signal?: AbortSignal,
): Promise<readonly FileContent[]> {
  const queues = isk && hasStream(isk) ? await index.queues.stream(isk.ino, signal) : undefined;
  if (!isk || !queues) return [];
  const { image, stream, received, sent } = queues;
  const part = (what: 'unread' | 'unsent', queue: 'received' | 'sent', size: number, span: Span) => {
    if (size === 0) return [];
    const path = contentsPath({ id, inode: isk.ino }, queue);
    return [{ what, size, path, open: (inner?: AbortSignal) => openSpan(images, image, span, size, inner) }];
  };
  return [...part('unread', 'received', stream.inq_len, received), ...part('unsent', 'sent', stream.outq_len, sent)];
}

/** The packets in the queue of a UNIX socket, one after the other. */
function packetContents({ id, usk }: FileEntry, { images, index }: ContentSources): readonly FileContent[] {
  const pieces: Piece[] = [];
  let size = 0;
  let end: number | undefined;
  for (const { bytes, span } of index.queues.packets(id)) {
    pieces.push({ offset: size, length: span.length, from: span.offset });
    if (span.length < bytes) end ??= size + span.length;
    size += bytes;
  }
  if (!usk || size === 0) return [];
  const name = SocketQueues.packetImage;
  const open = async (signal?: AbortSignal): Promise<ByteSource | undefined> => {
    const image = await images.open(name, signal);
    return image && new PiecesSource(image, { pieces, size, end: end ?? size }, name);
  };
  return [{ what: 'unread', size, path: contentsPath({ id, inode: usk.ino }, 'received'), open }];
}

async function bpfContent(
  { bpf }: FileEntry,
  { images }: ContentSources,
  signal?: AbortSignal,
): Promise<readonly FileContent[]> {
  const data = bpf && (await readBpfData(images, bpf.map_id, signal));
  if (!data) return [];
  const { keys_bytes: keys, values_bytes: values } = data.message;
  const name = fileOf('BPFMAP_DATA');
  const part = (what: 'keys' | 'values', offset: number, size: number): readonly FileContent[] => {
    const span = {
      offset: data.span.offset + offset,
      length: Math.max(0, Math.min(size, data.span.length - offset)),
    };
    if (size === 0) return [];
    const path = contentPath('bpf-maps', bpf.map_id, what);
    return [{ what, size, path, open: (inner) => openSpan(images, name, span, size, inner) }];
  };
  return [...part('keys', 0, keys), ...part('values', keys, values)];
}

/** What the dump holds of a BPF map: all its keys, then all its values. */
export async function readBpfData(
  images: ImageDirectory,
  mapId: number,
  signal?: AbortSignal,
): Promise<{ readonly message: BpfmapDataEntry; readonly span: Span } | undefined> {
  const name = fileOf('BPFMAP_DATA');
  const image = images.has(name) ? await images.image(name, signal) : undefined;
  for (const { type, message, extra } of image?.entries ?? []) {
    if (type !== 'bpfmap_data_entry' || extra?.type !== 'bytes') continue;
    const data = message as BpfmapDataEntry;
    if (data.map_id === mapId) return { message: data, span: extra.span };
  }
  return undefined;
}

/** A part of an image, of which fewer bytes may be there than the message before it claims. */
async function openSpan(
  images: ImageDirectory,
  name: string,
  span: Span,
  size: number,
  signal?: AbortSignal,
): Promise<ByteSource | undefined> {
  const image = await images.open(name, signal);
  if (!image) return undefined;
  const pieces = [{ offset: 0, length: span.length, from: span.offset }];
  return new PiecesSource(image, { pieces, size, end: span.length }, name);
}
