import type { Readable } from 'node:stream';

/**
 * Hands what a stream of buffers gives to somebody who takes his time, many pieces at once. The next batch comes while
 * the last one is taken, and no more than that: then the stream waits.
 * @param size bytes of a batch
 * @param accept told of each piece as it comes; what it throws ends the stream
 * @returns when the stream has ended and all is taken
 * @throws what `take` and `accept` throw, and what the stream fails with; but for the first, what had come is taken
 */
export async function inBatches(
  stream: Readable,
  size: number,
  accept: (piece: Buffer) => void,
  take: (pieces: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  const ended = collect(stream, size, accept);
  for (;;) {
    const { pieces, isLast } = await ended.next();
    try {
      if (pieces.length > 0) await take(pieces);
    } catch (error) {
      stream.destroy();
      throw error;
    }
    if (!isLast) continue;
    if (ended.failure) throw ended.failure.error;
    return;
  }
}

interface Collected {
  /** What came first of all, once there is a batch of it or nothing more comes. */
  next(): Promise<{ readonly pieces: readonly Buffer[]; readonly isLast: boolean }>;
  /** Why nothing more comes, if it is not the end. */
  readonly failure: { readonly error: unknown } | undefined;
}

function collect(stream: Readable, size: number, accept: (piece: Buffer) => void): Collected {
  let [batch, gathered]: [Buffer[], number] = [[], 0];
  let [isOver, failure, wake]: [boolean, Collected['failure'], () => void] = [false, undefined, () => undefined];
  const end = (why?: Collected['failure']): void => {
    if (isOver) return;
    isOver = true;
    failure = why;
    wake();
  };
  stream.on('data', (piece: Buffer) => {
    if (isOver) return;
    try {
      accept(piece);
    } catch (error) {
      end({ error });
      stream.destroy();
      return;
    }
    batch.push(piece);
    gathered += piece.length;
    if (gathered < size) return;
    stream.pause();
    wake();
  });
  stream.once('error', (error) => end({ error }));
  stream.once('close', () => end());
  return {
    get failure() {
      return failure;
    },
    async next() {
      if (gathered < size && !isOver) await new Promise<void>((resolve) => (wake = resolve));
      const pieces = batch;
      [batch, gathered] = [[], 0];
      // The stream goes on while these are taken.
      stream.resume();
      return { pieces, isLast: isOver };
    },
  };
}
