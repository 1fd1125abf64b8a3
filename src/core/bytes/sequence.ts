import { fstatSync, read } from 'node:fs';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { BytePlace, ByteSource } from './byte-source.ts';
import { throwIfCancelled } from './cancel.ts';

/** Bytes of a piece. */
const STEP = 1024 * 1024;
/** One is being read, one is in the reader's hands, and one may still be on its way out of them. */
const BUFFERS = 4;

/**
 * All bytes of a part of a source, piece after piece, the next one read while the last is used. Of a file they come in a
 * few buffers that are used again and again: a piece is good until the next but one is asked for.
 * @throws CheckpointError `changed`, `unreadable`, `cancelled`
 */
export async function* sequence(
  source: ByteSource,
  {
    start = 0,
    end = Infinity,
    signal,
  }: { readonly start?: number; readonly end?: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const place = await source.place?.();
  const last = Math.min(end, source.size ?? Infinity);
  const readPiece = place && last !== Infinity ? pieceReader(source, place, signal) : undefined;
  const fetch = (at: number): Promise<Uint8Array> => {
    const length = Math.min(STEP, last - at);
    if (length <= 0) return Promise.resolve(new Uint8Array(0));
    return readPiece?.(at, length) ?? source.read(at, length, signal);
  };
  let at = start;
  let next = fetch(at);
  try {
    for (;;) {
      const bytes = await next;
      if (bytes.length === 0) return;
      at += bytes.length;
      next = fetch(at);
      yield bytes;
      throwIfCancelled(signal);
    }
  } finally {
    // The file may be closed now, but not while a thread reads it.
    await next.catch(() => undefined);
  }
}

function pieceReader(
  source: ByteSource,
  { descriptor, offset, state }: BytePlace,
  signal: AbortSignal | undefined,
): (at: number, length: number) => Promise<Uint8Array> {
  const buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(STEP));
  let turn = 0;
  return async (at, length) => {
    throwIfCancelled(signal);
    const buffer = buffers[turn++ % BUFFERS] as Buffer;
    for (let filled = 0; filled < length;) {
      const count = await readInto(source, descriptor, buffer, { filled, length, position: offset + at + filled });
      if (count === 0) throw changed(source, at + filled);
      filled += count;
    }
    const now = state && fstatSync(descriptor);
    if (now && (now.size !== state.size || now.mtimeMs !== state.mtimeMs)) throw changed(source, at);
    return buffer.subarray(0, length);
  };
}

function readInto(
  source: ByteSource,
  descriptor: number,
  buffer: Buffer,
  { filled, length, position }: { readonly filled: number; readonly length: number; readonly position: number },
): Promise<number> {
  return new Promise((resolve, reject) =>
    read(descriptor, buffer, filled, length - filled, position, (error, count) => {
      if (!error) resolve(count);
      else {
        const text = sentence('{0} cannot be read at byte {1}: {2}.', source.name, position, error.message);
        reject(new CheckpointError('unreadable', text, { where: source.name, offset: position, cause: error }));
      }
    }),
  );
}

function changed({ name }: ByteSource, offset: number): CheckpointError {
  return new CheckpointError(
    'changed',
    sentence(
      '{0} was changed by another program while it was open, so what it showed may no longer be true. Open it again.',
      name,
    ),
    { where: name, offset },
  );
}
