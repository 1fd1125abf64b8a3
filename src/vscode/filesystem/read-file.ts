import { MAX_READ } from '../../protocol/checkpoint-api.ts';
import { formatSize } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import { failure } from '../failure.ts';
import type { Session } from '../sessions/session.ts';

/** An ordinary editor gets a file as a whole, in the memory of two processes. Bytes. */
export const MAX_FILE = 64 * 1024 * 1024;

/**
 * Reads a file as a whole, in windows.
 * @param path in the file view; not a link
 * @param size as its stat says
 * @throws RemoteError `too-large` beyond {@link MAX_FILE}, and what the worker says
 */
export async function readFile(session: Pick<Session, 'ask'>, path: string, size: number): Promise<Uint8Array> {
  if (size > MAX_FILE) throw tooLarge(path, size);
  const whole = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const from = done;
    const bytes = await session.ask((checkpoint) => checkpoint.fileRead(path, from, Math.min(MAX_READ, size - from)));
    if (bytes.length === 0) break;
    whole.set(bytes.subarray(0, size - from), from);
    done += bytes.length;
  }
  return done < size ? whole.subarray(0, done) : whole;
}

export function tooLarge(path: string, size: number): Error {
  return failure(
    'too-large',
    sentence(
      '{0} is {1} long, and an editor shows files up to {2}. Use Save As to write it to disk.',
      path,
      formatSize(size),
      formatSize(MAX_FILE),
    ),
    path,
  );
}
