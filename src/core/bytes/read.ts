import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/**
 * Reads exactly `length` bytes.
 * @throws CheckpointError `truncated` with the place where the bytes end, and what `read` throws
 */
export async function readExactly(
  source: ByteSource,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await source.read(offset, length, signal);
  if (bytes.length === length) return bytes;
  const end = offset + bytes.length;
  throw new CheckpointError(
    'truncated',
    sentence('{0} ends after {1} of {2} bytes.', source.name, end, offset + length),
    {
      where: source.name,
      offset: end,
    },
  );
}

const READ_ALL_STEP = 1024 * 1024;

/**
 * Reads a whole source of at most `maxBytes`, also one whose size is not known yet.
 * @throws CheckpointError `too-large`, and what `read` throws
 */
export async function readAll(source: ByteSource, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  if (source.size !== undefined && source.size > maxBytes) throw tooLarge(source, maxBytes);
  if (source.size !== undefined) return source.read(0, source.size, signal);
  const parts: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const part = await source.read(total, Math.min(READ_ALL_STEP, maxBytes + 1 - total), signal);
    if (part.length === 0) return Buffer.concat(parts);
    parts.push(part);
    total += part.length;
    if (total > maxBytes) throw tooLarge(source, maxBytes);
  }
}

function tooLarge(source: ByteSource, maxBytes: number): CheckpointError {
  return new CheckpointError(
    'too-large',
    sentence('{0} is longer than the {1} bytes that are read of such a file.', source.name, maxBytes),
    {
      where: source.name,
    },
  );
}
