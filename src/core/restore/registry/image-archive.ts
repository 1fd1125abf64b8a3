import { sentence } from '../../../protocol/sentence.ts';
import type { Entry, FileSet } from '../../archive/file-set.ts';
import type { RemoteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../errors.ts';
import { blobPath } from '../image/image-writer.ts';
import { openImageFiles } from './image-files.ts';
import type { RegistrySettings } from './registry.ts';

/** By what engines know a checkpoint's image; see `image/annotations.ts`. */
const ANNOTATION =
  /^(?:org\.criu\.checkpoint\.|io\.podman\.annotations\.checkpoint\.|io\.kubernetes\.cri-o\.annotations\.checkpoint\.)/;

/**
 * The checkpoint archive in the image that a `docker://` locator names, read in place as it is asked for: the only layer
 * of an image that says that it is a checkpoint, or has but one. Closing it closes the connections.
 * @throws RegistryError, CheckpointError `not-a-checkpoint`, `usage`, `credentials`, `cancelled`
 */
export async function openImageArchive(
  locator: string,
  settings: RegistrySettings,
  signal?: AbortSignal,
): Promise<RemoteSource> {
  const files = await openImageFiles(locator, settings, signal);
  try {
    const entry = await findLayer(files, locator, signal);
    const layer = files.open(entry);
    return {
      name: locator,
      size: entry.size,
      ...(layer.identity !== undefined && { identity: layer.identity }),
      read: (offset, length, wanted) => layer.read(offset, length, wanted),
      // Registries find contents by their digest: to fetch all of it only to compute the same would be no better.
      hash: () => Promise.resolve(entry.path.replace(blobPath('sha256:'), '')),
      async close() {
        await layer.close();
        await files.close();
      },
    };
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function findLayer(files: FileSet, locator: string, signal: AbortSignal | undefined): Promise<Entry> {
  const manifests = await manifestsOf(files, 'index.json', signal);
  const sorted = manifests.toSorted((a, b) => Number(isCheckpoint(b)) - Number(isCheckpoint(a)));
  for (const manifest of sorted) {
    const [layer, ...more] = listIn(manifest, 'layers');
    const digest = textIn(layer, 'digest');
    const entry = digest === undefined || more.length > 0 ? undefined : files.entries.get(blobPath(digest));
    if (entry) return entry;
  }
  throw new CheckpointError(
    'not-a-checkpoint',
    sentence('{0} is no checkpoint image: the archive of a checkpoint is the only layer of its image.', locator),
    { where: locator },
  );
}

/** The manifests of images that a document leads to; those of an index in an index, too. */
async function manifestsOf(
  files: FileSet,
  path: string,
  signal: AbortSignal | undefined,
  depth = 0,
): Promise<readonly unknown[]> {
  const entry = files.entries.get(path);
  if (!entry || depth > 4) return [];
  const document: unknown = JSON.parse(
    Buffer.from(await files.open(entry).read(0, entry.size, signal)).toString('utf8'),
  );
  const inner = listIn(document, 'manifests').flatMap((one) => textIn(one, 'digest') ?? []);
  if (inner.length === 0) return [document];
  const all: unknown[] = [];
  for (const digest of inner) all.push(...(await manifestsOf(files, blobPath(digest), signal, depth + 1)));
  return all;
}

function isCheckpoint(manifest: unknown): boolean {
  const annotations = memberOf(manifest, 'annotations');
  return (
    typeof annotations === 'object' &&
    annotations !== null &&
    Object.keys(annotations).some((key) => ANNOTATION.test(key))
  );
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}

function textIn(value: unknown, name: string): string | undefined {
  const text = memberOf(value, name);
  return typeof text === 'string' ? text : undefined;
}
