import { createHash } from 'node:crypto';
import { sentence } from '../../../protocol/sentence.ts';
import type { RemoteSource } from '../../bytes/byte-source.ts';
import { cachedSource } from '../../bytes/cached-source.ts';
import type { Descriptor } from '../../../protocol/checkpoint-image.ts';
import { RegistryError, refusalOf, unreachable } from './failure.ts';
import type { Registry } from './registry.ts';

/**
 * A blob of a repository, read by ranges as it is asked for.
 * @throws RegistryError `unsupported` while reading, where the registry gives blobs only as a whole
 */
export function blobSource(registry: Registry, { digest, size }: Descriptor, name: string): RemoteSource {
  return cachedSource({
    name,
    size,
    identity: `${registry.reference.host}/${digest}`,
    async read(offset, length, signal) {
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      return readRange(registry, { digest, size }, offset, end, signal);
    },
    hash: () => Promise.resolve(digest.replace(/^sha256:/, '')),
    close: () => Promise.resolve(),
  });
}

async function readRange(
  registry: Registry,
  { digest, size }: Omit<Descriptor, 'mediaType'>,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { host, name } = registry.reference;
  const to = `${name}/blobs/${digest}`;
  const headers = { range: `bytes=${String(start)}-${String(end - 1)}` };
  const answer = await registry.expect({ method: 'GET', to, headers, what: digest, signal }, 200, 206);
  const isAll = answer.status === 200;
  if (isAll && (start > 0 || end < size)) {
    // Reading on would fetch all of it, each time.
    await answer.chunks().return();
    throw new RegistryError(
      'unsupported',
      sentence('The registry {0} gives images only as a whole. Download it: the command is download.', host),
      { host },
    );
  }
  const bytes = Buffer.allocUnsafe(end - start);
  let filled = 0;
  try {
    for await (const chunk of answer.chunks()) {
      if (filled + chunk.length > bytes.length) throw tooMuch(host);
      filled += chunk.copy(bytes, filled);
    }
  } catch (error) {
    throw unreachable(host, error);
  }
  if (filled === bytes.length) return bytes;
  throw new RegistryError('unavailable', sentence('The registry {0} sent less than was asked for.', host), { host });
}

function tooMuch(host: string): RegistryError {
  return new RegistryError('unavailable', sentence('The registry {0} sent more than was asked for.', host), { host });
}

/** All of a blob, in order. @throws RegistryError, also `damaged` where it is not what its digest says */
export async function* blobBytes(
  registry: Registry,
  { digest, size }: Descriptor,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const { host, name } = registry.reference;
  const answer = await registry.send({ method: 'GET', to: `${name}/blobs/${digest}`, what: digest, signal });
  if (answer.status !== 200) throw await refusalOf(answer, host, digest, registry.secrets);
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of answer.chunks()) {
      length += chunk.length;
      if (length > size) break;
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw unreachable(host, error);
  }
  if (length === size && `sha256:${hash.digest('hex')}` === digest) return;
  throw new RegistryError(
    'damaged',
    sentence('What the registry {0} sent is not what the image says: its digest is not {1}.', host, digest),
    { host },
  );
}
