import { MAX_MEMORY_WINDOW } from '../../src/protocol/memory.ts';
import type { Read } from './byte-cache.ts';

/** Bytes of any range, and which of them are in the checkpoint (0 for those that are not). */
export type ReadWhole = (
  start: bigint,
  length: number,
) => Promise<{ readonly bytes: Uint8Array; readonly present: Uint8Array }>;

/** Reads a range window by window. */
export function wholeReader(read: Read): ReadWhole {
  return async (start, length) => {
    const bytes = new Uint8Array(length);
    const present = new Uint8Array(length);
    const { signal } = new AbortController();
    for (let done = 0; done < length; done += MAX_MEMORY_WINDOW) {
      const size = Math.min(MAX_MEMORY_WINDOW, length - done);
      const window = await read(start + BigInt(done), size, signal);
      bytes.set(window.bytes.subarray(0, size), done);
      for (const range of window.ranges) {
        if (!range.present) continue;
        const from = Number(BigInt(range.start) - start);
        present.fill(1, from, from + range.length);
      }
    }
    return { bytes, present };
  };
}
