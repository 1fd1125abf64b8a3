import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { sentence } from '../../../protocol/sentence.ts';
import { readAll } from '../../bytes/read.ts';
import type { FileSet } from '../../archive/file-set.ts';
import type { Descriptor } from '../../../protocol/checkpoint-image.ts';
import { exists, isThere, makeFolder, takeName } from '../../bytes/new-file.ts';
import { createFile, partialPath, requireRoom, unwritable, writeAt } from '../image/private-files.ts';
import { blobBytes } from './blob-source.ts';
import { RegistryError } from './failure.ts';
import { openImageFiles } from './image-files.ts';
import { parseReference } from './reference.ts';
import { Registry, type RegistrySettings } from './registry.ts';

export interface PullOptions extends RegistrySettings {
  readonly signal?: AbortSignal | undefined;
  /** Whether the folder of the file is made if it is not there, once the image is known to be. */
  readonly makesFolder?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Fetches the archive that a checkpoint image holds as its topmost layer into a file, byte for byte and verified.
 * @throws RegistryError, CheckpointError `exists`, `no-space`, `unwritable`, `cancelled`
 */
export async function pullArchive(locator: string, path: string, options: PullOptions): Promise<Descriptor> {
  const { signal, onProgress } = options;
  const target = resolve(path);
  if (await isThere(target)) throw exists(target);
  const reference = parseReference(locator);
  const layer = await topLayer(locator, options);
  const registry = new Registry(reference, { ...options, push: false });
  const partial = partialPath(target);
  try {
    if (options.makesFolder === true) await makeFolder(dirname(target));
    await requireRoom(dirname(target), layer.size);
    const handle = await createFile(partial);
    try {
      let done = 0;
      for await (const bytes of blobBytes(registry, layer, signal)) {
        await writeAt(handle, bytes, done);
        done += bytes.length;
        onProgress?.(done, layer.size);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await takeName(partial, target);
    return layer;
  } catch (error) {
    throw unwritable(target, error);
  } finally {
    await rm(partial, { force: true });
    registry.close();
  }
}

async function topLayer(locator: string, options: PullOptions): Promise<Descriptor> {
  const files = await openImageFiles(locator, options, options.signal);
  try {
    for (const path of files.entries.keys()) {
      const layers = path.startsWith('blobs/') ? await layersIn(files, path) : [];
      const top = layers.at(-1);
      if (top) return top;
    }
  } finally {
    await files.close();
  }
  const { host } = parseReference(locator);
  throw new RegistryError('not-a-checkpoint', sentence('{0} has no layer, so it holds no checkpoint.', locator), {
    host,
  });
}

const LONGEST_MANIFEST = 4 * 1024 * 1024;

async function layersIn(files: FileSet, path: string): Promise<readonly Descriptor[]> {
  const entry = files.entries.get(path);
  if (!entry || entry.size > LONGEST_MANIFEST) return [];
  try {
    const content = JSON.parse(Buffer.from(await readAll(files.open(entry), LONGEST_MANIFEST)).toString('utf8')) as {
      layers?: readonly Descriptor[];
    };
    // Only those that were found to be what the specification says.
    return (content.layers ?? []).filter(({ digest }) => files.entries.has(`blobs/${digest.replace(':', '/')}`));
  } catch {
    return [];
  }
}
