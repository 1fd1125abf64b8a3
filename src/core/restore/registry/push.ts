import { memorySource } from '../../bytes/sources.ts';
import type { Blob, ImageDocuments } from '../image/manifest.ts';
import { measureImage, type ImageOptions, type ImageSource } from '../image/write-image.ts';
import type { Registry } from './registry.ts';
import { uploadBlob, type Uploaded, type UploadOptions } from './upload.ts';

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
  const { signal, onProgress, chunk, mountFrom, pause } = options;
  // Whether one may is known before gigabytes are read.
  await registry.has(`sha256:${'0'.repeat(64)}`, signal);
  const image = await measureImage(checkpoint, {
    ...options,
    onProgress: (done, total) => onProgress?.('reading', done, total),
  });
  const { layer, config, manifest } = image;
  const source = await checkpoint.openArchive(signal);
  let sent: Uploaded;
  try {
    sent = await uploadBlob(registry, layer, source, {
      signal,
      chunk,
      mountFrom,
      pause,
      onProgress: (done) => onProgress?.('sending', done, layer.size),
    });
  } finally {
    await source.close();
  }
  await uploadBlob(registry, config, memorySource(config.bytes, config.digest), { signal, pause });
  await putManifest(registry, manifest, signal);
  return { image, layer: sent };
}

async function putManifest(registry: Registry, manifest: Blob, signal: AbortSignal | undefined): Promise<void> {
  const { name, tag } = registry.reference;
  const answer = await registry.expect(
    {
      method: 'PUT',
      to: `${name}/manifests/${tag ?? manifest.digest}`,
      headers: { 'content-type': manifest.mediaType },
      body: { length: manifest.size, chunks: () => [manifest.bytes] },
      what: 'a manifest',
      signal,
    },
    201,
    202,
    200,
  );
  answer.discard();
}
