import { gunzip, type Gunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import { memorySource } from './sources.ts';

/** Decompressed bytes of what is small. */
const MOST = 1024 * 1024;

/**
 * Decompresses a gzip source at once and in memory, which spares it a copy on disk. The result owns the source and closes
 * it.
 * @param size its bytes, which must be few
 * @returns undefined where it is not small when unpacked, or anything about it is not as it should be: then who tells why
 * must look
 */
export async function gunzipSmall(
  source: ByteSource,
  size: number,
  signal?: AbortSignal,
): Promise<ByteSource | undefined> {
  const compressed = await source.read(0, size, signal);
  const bytes = compressed.length === size ? await inflated(compressed) : undefined;
  return bytes && { ...memorySource(bytes, source.name), close: () => source.close() };
}

function inflated(compressed: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    // With `info`, zlib tells how much it has read; types know nothing of it.
    const options = { maxOutputLength: MOST, info: true };
    gunzip(compressed, options, (error: Error | null, result: unknown) => {
      const { buffer, engine } = (error ? {} : result) as { buffer?: Uint8Array; engine?: Gunzip };
      resolve(engine?.bytesWritten === compressed.length ? buffer : undefined);
    });
  });
}
