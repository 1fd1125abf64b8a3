import { createHash } from 'node:crypto';
import { sentence } from '../../../protocol/sentence.ts';
import type { Entry, FileSet } from '../../archive/file-set.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { memorySource } from '../../bytes/sources.ts';
import { DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST } from '../image/media-types.ts';
import { blobPath } from '../image/image-writer.ts';
import type { Descriptor } from '../../../protocol/checkpoint-image.ts';
import { blobSource } from './blob-source.ts';
import { RegistryError } from './failure.ts';
import { Registry, type RegistrySettings } from './registry.ts';
import { parseReference } from './reference.ts';

/** Manifests read of an index; a checkpoint's image has one. */
const MOST_MANIFESTS = 16;

/**
 * The image that a `docker://` locator names, as the files of an OCI layout: small documents are here, layers are read in
 * place when they are asked for. Closing it closes the connections.
 * @throws RegistryError, CheckpointError `usage`, `credentials`, `cancelled`
 */
export async function openImageFiles(
  locator: string,
  settings: RegistrySettings,
  signal?: AbortSignal,
): Promise<FileSet> {
  const registry = new Registry(parseReference(locator), { ...settings, push: false });
  try {
    return await new ImageReader(registry, signal).read();
  } catch (error) {
    registry.close();
    throw error;
  }
}

class ImageReader {
  readonly #registry: Registry;
  readonly #signal: AbortSignal | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #open = new Map<string, () => ByteSource>();
  #manifests = 0;

  constructor(registry: Registry, signal: AbortSignal | undefined) {
    this.#registry = registry;
    this.#signal = signal;
  }

  async read(): Promise<FileSet> {
    const { tag, digest } = this.#registry.reference;
    const top = await this.#manifest(digest ?? tag ?? 'latest', digest);
    this.#add('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [top] })));
    const entries = this.#entries;
    const openers = this.#open;
    const registry = this.#registry;
    return {
      name: registry.name,
      entries,
      complete: true,
      completed: Promise.resolve(),
      notes: [],
      find: (path) => Promise.resolve(entries.get(path)),
      open: ({ path }) => openers.get(path)?.() ?? memorySource(new Uint8Array(), path),
      onGrowth: () => () => undefined,
      close: () => {
        registry.close();
        return Promise.resolve();
      },
    };
  }

  /** Reads a manifest, and those that it refers to. */
  async #manifest(version: string, expected?: string): Promise<Descriptor> {
    const { bytes, mediaType } = await this.#registry.manifest(version, this.#signal);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (expected !== undefined && digest !== expected) {
      const { host } = this.#registry.reference;
      throw new RegistryError(
        'damaged',
        sentence('What the registry {0} sent is not what was asked for: its digest is not {1}.', host, expected),
        { host },
      );
    }
    this.#add(blobPath(digest), bytes);
    const content = parse(bytes);
    const kind = mediaType === '' || mediaType === 'application/json' ? String(content['mediaType']) : mediaType;
    if (kind === INDEX || kind === DOCKER_INDEX) {
      for (const inner of descriptorsIn(content['manifests'])) {
        if (++this.#manifests <= MOST_MANIFESTS) await this.#manifest(inner.digest, inner.digest);
      }
    } else if (kind === MANIFEST || kind === DOCKER_MANIFEST) {
      for (const layer of descriptorsIn(content['layers'])) this.#layer(layer);
    }
    return { mediaType: kind, digest, size: bytes.length };
  }

  #layer(layer: Descriptor): void {
    const path = blobPath(layer.digest);
    this.#put(path, layer.size, () => blobSource(this.#registry, layer, path));
  }

  #add(path: string, bytes: Buffer): void {
    this.#put(path, bytes.length, () => memorySource(bytes, path));
  }

  #put(path: string, size: number, open: () => ByteSource): void {
    this.#entries.set(path, { path, type: 'file', size, mode: 0o600, uid: 0, gid: 0, mtime: 0n });
    this.#open.set(path, open);
  }
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Those that are what the specification says: a digest is going to be part of a path. */
function descriptorsIn(list: unknown): readonly Descriptor[] {
  if (!Array.isArray(list)) return [];
  return list.slice(0, 128).filter((one: unknown): one is Descriptor => {
    const { digest, size } = (one ?? {}) as Partial<Record<keyof Descriptor, unknown>>;
    return (
      typeof digest === 'string' &&
      /^sha256:[0-9a-f]{64}$/.test(digest) &&
      Number.isSafeInteger(size) &&
      Number(size) >= 0
    );
  });
}
