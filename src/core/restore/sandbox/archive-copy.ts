import { isCancelled } from '../../errors.ts';
import { sequence } from '../../bytes/sequence.ts';
import type { Subject } from './sandbox.ts';

/** Writes its standard input to a file that is not there yet; only root reads it, as it is where engines leave theirs. */
export function writeTo(path: string): readonly string[] {
  return ['sh', '-c', 'umask 077 && exec dd of="$1" bs=1048576 conv=excl status=none', 'sh', path];
}

/** The archive as it is stored. */
export async function* archiveBytes(
  { checkpoint }: Subject,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const source = await checkpoint.openArchive(signal);
  try {
    yield* sequence(source, { signal });
  } finally {
    await source.close();
  }
}

/** For a program that may be missing. */
export function isMissing(error: unknown): undefined {
  if (isCancelled(error)) throw error;
  return undefined;
}
