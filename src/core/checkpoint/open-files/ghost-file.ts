import type { ByteSource } from '../../bytes/byte-source.ts';
import type { DecodedImage } from '../../criu/image.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { GhostChunkEntry, GhostFileEntry } from '../../criu/schema/generated/messages.ts';
import { PiecesSource, fileOffset, type Layout, type Piece } from './pieces-source.ts';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** A file that had no name left: its facts and, of a regular file, where its content is. */
export interface GhostFile {
  readonly facts: GhostFileEntry;
  /** Absent for directories, devices, FIFOs and links, which have none. */
  readonly layout?: Layout;
}

/**
 * Reads where the content of a removed file lies in its image. A large one is kept in chunks with holes between them,
 * which are zeros; a small one as it is. Source: criu/files-reg.c, dump_ghost_file.
 * @param expected the size of the file, where its regular file entry has it
 * @returns undefined where there is no such image, or nothing of it can be read
 * @throws CheckpointError `damaged`
 */
export async function readGhostFile(
  images: ImageDirectory,
  name: string,
  expected: bigint | undefined,
  signal?: AbortSignal,
): Promise<GhostFile | undefined> {
  const image = images.has(name) ? await images.image(name, signal) : undefined;
  const head = image?.entries[0];
  if (!image || head?.type !== 'ghost_file_entry') return undefined;
  const facts = head.message as GhostFileEntry;
  if ((facts.mode & S_IFMT) !== S_IFREG) return { facts };
  const where = images.path(name);
  if (facts.chunks === true) return { facts, layout: chunkLayout(image, facts, where) };
  const span = head.extra?.type === 'bytes' ? head.extra.span : { offset: 0, length: 0 };
  const size = Math.max(span.length, expected === undefined ? 0 : fileOffset(expected, where));
  const pieces = [{ offset: 0, length: span.length, from: span.offset }];
  return { facts, layout: { pieces, size, end: span.length } };
}

/** The content of a removed file; undefined where its image holds none. The caller closes it. */
export async function openGhostFile(
  images: ImageDirectory,
  name: string,
  expected: bigint | undefined,
  signal?: AbortSignal,
): Promise<ByteSource | undefined> {
  const ghost = await readGhostFile(images, name, expected, signal);
  const layout = ghost?.layout;
  const source = layout && (await images.open(name, signal));
  return source && new PiecesSource(source, layout, name);
}

/** CRIU makes a file of the size and writes the chunks into it. A chunk that is cut off ends what is known. */
function chunkLayout(image: DecodedImage, facts: GhostFileEntry, where: string): Layout {
  const pieces: Piece[] = [];
  let size = facts.size === undefined ? 0 : fileOffset(facts.size, where);
  let end: number | undefined;
  let reached = 0;
  for (const { type, message, extra } of image.entries) {
    if (type !== 'ghost_chunk_entry') continue;
    const { off, len } = message as GhostChunkEntry;
    const offset = fileOffset(off, where);
    const length = fileOffset(len, where);
    const span = extra?.type === 'bytes' ? extra.span : { offset: 0, length: 0 };
    if (span.length > 0) pieces.push({ offset, length: span.length, from: span.offset });
    size = Math.max(size, fileOffset(off + len, where));
    if (span.length < length) end ??= offset + span.length;
    reached = Math.max(reached, offset + span.length);
  }
  const intact = image.notes.length === 0;
  return { pieces, size, end: Math.min(end ?? (intact ? size : reached), size) };
}
