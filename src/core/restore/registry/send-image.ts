import type { ByteSource } from '../../bytes/byte-source.ts';
import { memorySource } from '../../bytes/sources.ts';
import type { Blob, ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import type { Registry } from './registry.ts';
import { uploadBlob, type Uploaded, type UploadOptions } from './upload.ts';

/** An image of which everything is known, and where its layer's bytes are. */
export interface SendableImage {
  readonly image: ImageDocuments;
  /** Gives a new source each time, to be closed. */
  readonly openLayer: (signal?: AbortSignal) => Promise<ByteSource>;
}

/**
 * Asks a registry for something that nobody has, so that it is known whether one may ask it anything before gigabytes are
 * read. @throws RegistryError, CheckpointError `credentials`, `cancelled`
 */
export async function requireLogin(registry: Registry, signal?: AbortSignal): Promise<void> {
  await registry.has(`sha256:${'0'.repeat(64)}`, signal);
}

/**
 * Brings an image into a registry, under the reference's tag: the layer, the configuration, and at last the manifest.
 * @throws RegistryError, CheckpointError `credentials`, `changed`, `cancelled`
 */
export async function sendImage(
  { image, openLayer }: SendableImage,
  registry: Registry,
  options: UploadOptions = {},
): Promise<Uploaded> {
  const { signal, pause } = options;
  const { layer, config, manifest } = image;
  const source = await openLayer(signal);
  let sent: Uploaded;
  try {
    sent = await uploadBlob(registry, layer, source, options);
  } finally {
    await source.close();
  }
  await uploadBlob(registry, config, memorySource(config.bytes, config.digest), { signal, pause });
  await putManifest(registry, manifest, signal);
  return sent;
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
