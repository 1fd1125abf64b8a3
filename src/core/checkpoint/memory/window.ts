import type { MemoryRange, MemoryWindow } from '../../../protocol/memory.ts';
import type { AddressSpace } from '../../criu/address-space.ts';
import type { MemoryExtent } from '../../criu/memory-extents.ts';
import type { MappedContent, MappedFiles } from './mapped-files.ts';

interface Gap {
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads a window of memory: from the dump, and where that has only the name of a mapped file from the file, if the
 * checkpoint holds it.
 * @throws CheckpointError what the sources throw
 */
export async function readWindow(
  space: AddressSpace,
  address: bigint,
  length: number,
  files: MappedFiles,
  signal?: AbortSignal,
): Promise<MemoryWindow> {
  const { bytes, missing } = await space.read(address, length, signal);
  const located = await space.locate(address, length, signal && { signal });
  const ranges: MemoryRange[] = [];
  for (const extent of splitLost(located.extents, missing, address)) {
    if (extent.fileId === undefined) ranges.push(extent);
    else {
      const { start, length: size } = extent;
      const from = Number(start - address);
      ranges.push(...(await readMapped(extent, bytes.subarray(from, from + size), files, signal)));
    }
  }
  return { address, bytes, ranges };
}

/** Where memory is, with what mapped files the checkpoint holds; as {@link AddressSpace.locate}, for many pieces. */
export async function locateWithFiles(
  extents: readonly MemoryExtent[],
  files: MappedFiles,
  signal?: AbortSignal,
): Promise<readonly MemoryRange[]> {
  const ranges: MemoryRange[] = [];
  for (const extent of extents) {
    if (extent.fileId === undefined) ranges.push(extent);
    else
      ranges.push(...splitMapped(extent, await files.find(extent.fileId, signal), await files.target(extent.fileId)));
  }
  return ranges;
}

async function readMapped(
  extent: MemoryExtent,
  into: Uint8Array,
  files: MappedFiles,
  signal?: AbortSignal,
): Promise<readonly MemoryRange[]> {
  const id = extent.fileId ?? 0;
  const content = await files.find(id, signal);
  const name = await files.target(id, signal);
  const ranges = splitMapped(extent, content, name);
  const [first] = ranges;
  if (!content || !first?.present) return ranges;
  const source = await files.open(content, signal);
  try {
    const read = await source.read(Number(first.offset), first.length, signal);
    into.set(read);
    // The file ends before its size: what it should hold there is not here.
    return read.length === first.length
      ? ranges
      : splitMapped(extent, { ...content, size: Number(first.offset) + read.length }, name);
  } finally {
    await source.close();
  }
}

/** A mapping may go on behind the end of its file. */
function splitMapped(
  { fileId: _id, where: _where, ...extent }: MemoryExtent,
  content: MappedContent | undefined,
  name: string | undefined,
): readonly MemoryRange[] {
  const absent: MemoryRange = { ...extent, ...(name !== undefined && { where: name }) };
  const offset = extent.offset ?? 0n;
  const size = BigInt(content?.size ?? 0);
  if (!content || size <= offset) return [absent];
  const here = size - offset < BigInt(extent.length) ? Number(size - offset) : extent.length;
  const present: MemoryRange = { ...extent, length: here, present: true, where: content.path };
  if (here === extent.length) return [present];
  const rest = {
    start: extent.start + BigInt(here),
    length: extent.length - here,
    offset: offset + BigInt(here),
  };
  return [present, { ...absent, ...rest }];
}

/** What the images list and cannot give after all (a damaged block, a file that ends early) is lost. */
function splitLost(
  extents: readonly MemoryExtent[],
  missing: readonly Gap[],
  address: bigint,
): readonly MemoryExtent[] {
  const result: MemoryExtent[] = [];
  for (const extent of extents) {
    const start = Number(extent.start - address);
    let done = 0;
    for (const gap of extent.present ? missing : []) {
      const from = Math.max(done, gap.offset - start);
      const to = Math.min(extent.length, gap.offset + gap.length - start);
      if (from >= to) continue;
      if (from > done) result.push(part(extent, done, from));
      const { offset: _offset, compressed: _compressed, ...lost } = part(extent, from, to);
      result.push({ ...lost, source: 'lost', present: false });
      done = to;
    }
    if (done < extent.length) result.push(part(extent, done, extent.length));
  }
  return result;
}

function part(extent: MemoryExtent, from: number, to: number): MemoryExtent {
  const offset = extent.offset === undefined || extent.compressed ? extent.offset : extent.offset + BigInt(from);
  return {
    ...extent,
    start: extent.start + BigInt(from),
    length: to - from,
    ...(offset !== undefined && { offset }),
  };
}
