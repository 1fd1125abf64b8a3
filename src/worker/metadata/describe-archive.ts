import { detectLayout } from '../../core/archive/layout.ts';
import type { FileSet } from '../../core/archive/file-set.ts';
import { orCancelled } from '../../core/bytes/cancel.ts';
import { formatTimestamp } from '../../core/checkpoint/changes.ts';
import { readIdentity } from '../../core/checkpoint/identity.ts';
import { Metadata } from '../../core/checkpoint/metadata.ts';
import { Notebook } from '../../core/checkpoint/notebook.ts';
import { CheckpointError } from '../../core/errors.ts';
import { containerToldBy, type AcquiredContainer } from '../../protocol/acquisition.ts';
import type { ArchiveMetadata } from '../../protocol/metadata-api.ts';
import { openBriefly } from './open-briefly.ts';

/**
 * What a list shows of an archive. A compressed one is decompressed in memory, only until that is known, and never
 * beyond a limit.
 * @returns null for what is no checkpoint
 * @throws CheckpointError `not-found`, `unreadable`, `unsupported`, `cancelled`
 */
export async function describeArchive(locator: string, signal: AbortSignal): Promise<ArchiveMetadata | null> {
  try {
    const opened = await openBriefly(locator, signal);
    try {
      const { files, compression, archiveSize } = opened;
      const facts = await describeFiles(files, signal);
      return {
        ...facts,
        compression,
        ...(archiveSize !== undefined && { archiveSize }),
        ...(facts.container === undefined && opened.reachedLimit() && { partial: true }),
      };
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (CheckpointError.is(error, 'not-a-checkpoint')) return null;
    throw error;
  }
}

/** Whose checkpoint an archive says that it is; null where it says too little. @throws as {@link describeArchive} */
export async function whoseArchive(locator: string, signal: AbortSignal): Promise<AcquiredContainer | null> {
  const opened = await openBriefly(locator, signal);
  try {
    return containerToldBy((await identityOf(opened.files, signal)).identity) ?? null;
  } catch (error) {
    if (CheckpointError.is(error, 'not-a-checkpoint')) return null;
    throw error;
  } finally {
    await opened.close();
  }
}

async function identityOf(files: FileSet, signal: AbortSignal) {
  const { engine, imagesPrefix } = await detectLayout(files, signal);
  // containerd writes what it knows in alphabetical order behind the images, the others in one place.
  if (engine === 'containerd') await orCancelled(files.completed, signal);
  else await files.find('config.dump', signal);
  const identity = await readIdentity(new Metadata(files, new Notebook()), { engine, imagesPrefix }, signal);
  return { engine, imagesPrefix, identity };
}

async function describeFiles(files: FileSet, signal: AbortSignal): Promise<Omit<ArchiveMetadata, 'compression'>> {
  const { engine, imagesPrefix, identity } = await identityOf(files, signal);
  const { container, pod, image, created, checkpointed } = identity;
  const when = checkpointed ?? youngestImage(files, imagesPrefix);
  return {
    engine,
    ...(container.name !== undefined && { container: container.name }),
    ...(pod?.name !== undefined && { pod: pod.name }),
    ...(pod?.namespace !== undefined && { namespace: pod.namespace }),
    ...(image?.name !== undefined && { image: image.name }),
    ...(created !== undefined && { created }),
    ...(when !== undefined && { checkpointed: when }),
  };
}

/** Podman does not record when it took the checkpoint: its images were written within a moment. */
function youngestImage(files: FileSet, imagesPrefix: string): string | undefined {
  let youngest = 0n;
  for (const { path, mtime } of files.entries.values()) {
    if (path.startsWith(imagesPrefix) && path.endsWith('.img') && mtime > youngest) youngest = mtime;
  }
  return youngest === 0n ? undefined : formatTimestamp(youngest);
}
