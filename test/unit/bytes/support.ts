import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { say } from '../../../src/protocol/sentence.ts';

/** A folder that is removed after the work. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bytes-test-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function text(source: ByteSource, offset: number, length: number, signal?: AbortSignal): Promise<string> {
  return Buffer.from(await source.read(offset, length, signal)).toString();
}

/** Notes as `kind@offset: message`. */
export function told(notes: readonly Note[]): readonly string[] {
  return notes.map(({ kind, offset, text: words }) => `${kind}@${String(offset)}: ${say(words)}`);
}

/** The same bytes each time, hard to compress, without a period. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = (state >>> 24) % 61;
  }
  return bytes;
}
