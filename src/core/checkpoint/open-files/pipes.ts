import type { HolderFacts, PipeEndFacts, PipeFacts } from '../../../protocol/open-files.ts';
import type { FileEntry } from '../../criu/schema/generated/messages.ts';
import type { FileIndex, Holder } from './file-index.ts';
import { accessOf } from './flag-words.ts';

/** Adds to a descriptor what its process is called. */
export type Name = (holder: Holder) => HolderFacts;

/** The container's own streams, by their descriptors. */
export const STREAMS = ['standard input', 'standard output', 'standard error'] as const;

/** A pipe or FIFO with those who hold one of its ends. @param most so many of them */
export function describePipe(file: FileEntry, index: FileIndex, name: Name, most: number): PipeFacts | undefined {
  const pipeId = file.pipe?.pipe_id ?? file.fifo?.pipe_id;
  if (pipeId === undefined) return undefined;
  const ends: PipeEndFacts[] = [];
  const files = index.pipes(file.pipe ? 'pipe' : 'fifo', pipeId);
  let isCut = files.length > most;
  for (const other of files.slice(0, most)) {
    const end = endOf(other, index);
    if (end === 'none') continue;
    for (const holder of index.holders(other.id, most + 1)) {
      if (ends.length < most) ends.push({ ...name(holder), end, fileId: other.id });
      else isCut = true;
    }
    if (isCut) break;
  }
  const reads = ends.some(({ end }) => end !== 'write');
  const writes = ends.some(({ end }) => end !== 'read');
  const capacity = (file.pipe ? index.pipeData : index.fifoData).get(pipeId)?.capacity;
  const stream = file.pipe && STREAMS[index.streams.indexOf(`pipe:[${pipeId}]`)];
  return {
    of: 'pipe',
    pipeId,
    ...(capacity !== undefined && { capacity }),
    ends,
    ...(isCut && { more: true as const }),
    // Whoever has the other end may be among those that are left out.
    ...(!isCut && !reads && { missingEnd: 'read' as const }),
    ...(!isCut && reads && !writes && { missingEnd: 'write' as const }),
    ...(stream !== undefined && { stream }),
  };
}

/** Which end of a pipe or FIFO an open file is; `none` of one that can neither be read nor written, or is none. */
export function endOf(file: FileEntry, index: FileIndex): PipeEndFacts['end'] | 'none' {
  const flags = file.pipe?.flags ?? index.pathEntry(file)?.flags;
  return flags === undefined ? 'none' : accessOf(flags);
}
