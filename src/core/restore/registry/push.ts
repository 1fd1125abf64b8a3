import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import { measureImage, type ImageOptions, type ImageSource } from '../image/write-image.ts';
import type { Registry } from './registry.ts';
import { requireLogin, sendImage } from './send-image.ts';
import type { Uploaded, UploadOptions } from './upload.ts';

export interface PushOptions extends Omit<ImageOptions, 'onProgress'>, Omit<UploadOptions, 'signal' | 'onProgress'> {
  readonly onProgress?: (step: 'reading' | 'sending', done: number, total: number | undefined) => void;
}

export interface Pushed {
  readonly image: ImageDocuments;
  readonly layer: Uploaded;
}

/**
 * Makes a container image of a checkpoint's archive and brings it into a registry, under the reference's tag. The
 * archive is read twice, since a registry wants to know a blob's digest first; nothing is written to disk.
 * @throws RegistryError, CheckpointError `credentials`, `cancelled`, and as `measureImage`
 */
export async function pushImage(checkpoint: ImageSource, registry: Registry, options: PushOptions): Promise<Pushed> {
  const { signal, onProgress, chunk, mountFrom, pause, places, onAnew } = options;
  await requireLogin(registry, signal);
  const image = await measureImage(checkpoint, {
    ...options,
    onProgress: (done, total) => onProgress?.('reading', done, total),
  });
  const openLayer: ImageSource['openArchive'] = (wanted) => checkpoint.openArchive(wanted);
  const layer = await sendImage({ image, openLayer }, registry, {
    signal,
    chunk,
    mountFrom,
    pause,
    places,
    onAnew,
    onProgress: (done) => onProgress?.('sending', done, image.layer.size),
  });
  return { image, layer };
}
