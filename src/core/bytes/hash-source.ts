import { createHash } from 'node:crypto';
import type { HashResult, Progress } from '../../protocol/checkpoint-api.ts';
import type { ByteSource } from './byte-source.ts';
import { InputBuffers } from './input-buffers.ts';

const WINDOW = 4 * 1024 * 1024;

/** SHA-256 over a source as it is, in windows: memory does not grow with its size. */
export async function hashSource(
  source: ByteSource,
  onProgress?: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<HashResult> {
  const hash = createHash('sha256');
  const total = source.size;
  const input = new InputBuffers(source, WINDOW);
  let done = 0;
  const report = (finished: boolean) =>
    onProgress?.({ task: 'hash', done, ...(total !== undefined && { total }), finished });
  for (;;) {
    signal?.throwIfAborted();
    const bytes = await input.read(done, WINDOW, signal);
    if (bytes.length === 0) break;
    hash.update(bytes);
    done += bytes.length;
    input.giveBack(bytes);
    report(false);
    // Between two windows other questions get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  report(true);
  return { algorithm: 'sha256', hex: hash.digest('hex'), bytes: done };
}
