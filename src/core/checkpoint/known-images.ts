import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { FileSet } from '../archive/file-set.ts';
import { ImageDirectory, type MessageOf } from '../criu/image-directory.ts';
import type { KindName } from '../criu/kinds.ts';
import type { Extent } from '../criu/outline.ts';

/**
 * An image's messages as far as they are known now: none while the image has not come out of the decompressor. Who
 * asks again later gets them; nobody waits for the end of an archive to be shown its beginning.
 */
export function known<K extends KindName>(
  images: ImageDirectory,
  kind: K,
  name: string,
  signal?: AbortSignal,
  extent?: Extent,
): Promise<readonly MessageOf<K>[]> {
  return images.complete || images.has(name) ? images.messages(kind, name, signal, extent) : Promise.resolve([]);
}

/** CRIU takes an image without a byte for an empty set; of those that it always writes that is damage. */
export function emptyImage(where: string): Note {
  const text = sentence('{0} is empty, which no dump leaves behind: what it would tell cannot be shown.', where);
  return { kind: 'damaged', where, text };
}

/** stats-dump lies beside the image directory (Podman, CRI-O, containerd), or in it where CRIU ran by itself. */
export function statisticsDirectory(files: FileSet, images: ImageDirectory): ImageDirectory {
  return files.entries.has('stats-dump') ? new ImageDirectory(files, '') : images;
}
