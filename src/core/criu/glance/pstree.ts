import { isSound } from '../outline.ts';
import { messageType } from '../schema.ts';
import type { PstreeEntry } from '../schema/generated/messages.ts';
import { WireReader } from '../wire.ts';
import { hasHead, wordAt } from './sole-message.ts';

/** The process tree, see sole-message.ts. @returns undefined where the image must be decoded to tell what is in it */
export function glancePstree(bytes: Uint8Array): readonly PstreeEntry[] | undefined {
  if (bytes.length < 8 || !hasHead('PSTREE', bytes)) return undefined;
  const type = messageType('pstree_entry');
  const entries: PstreeEntry[] = [];
  for (let at = 8; at < bytes.length;) {
    const start = at + 4;
    const end = start + (start <= bytes.length ? wordAt(bytes, at) : Infinity);
    if (end > bytes.length || !isSound(type, bytes, start, end)) return undefined;
    entries.push(readEntry(bytes, start, end));
    at = end;
  }
  return entries;
}

/** All of its fields are numbers. */
function readEntry(bytes: Uint8Array, start: number, end: number): PstreeEntry {
  const reader = new WireReader(bytes, start);
  const numbers = [0, 0, 0, 0, 0];
  const threads: number[] = [];
  while (reader.position < end) {
    const field = reader.uint32(end) >>> 3;
    const value = reader.uint32(end);
    if (field === 5) threads.push(value);
    else numbers[field] = value;
  }
  const [, pid = 0, ppid = 0, pgid = 0, sid = 0] = numbers;
  return { pid, ppid, pgid, sid, threads };
}
