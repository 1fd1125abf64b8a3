import { createHash } from 'node:crypto';
import type { Blob, Descriptor, ImageDocuments, LayerFacts } from '../../../protocol/checkpoint-image.ts';
import type { Overview } from '../../../protocol/overview.ts';
import { annotationsOf, goArchitecture } from './annotations.ts';
import { CONFIG, INDEX, MANIFEST } from './media-types.ts';

/**
 * Describes a checkpoint as a container image (OCI image-spec 1.1) of one layer. The same checkpoint always gives the
 * same documents.
 * @param name what engines are to call the container, if not as the checkpoint does
 */
export function describeImage(layer: LayerFacts, overview: Overview, name?: string): ImageDocuments {
  const annotations = annotationsOf(overview, name);
  const created = overview.checkpointed;
  const config = document(CONFIG, {
    ...(created !== undefined && { created }),
    architecture: goArchitecture(overview.criu.architecture) ?? 'unknown',
    os: 'linux',
    // CRI-O knows an image by its configuration alone and keeps the annotations of the first manifest that it saw with
    // it: with the annotations among the labels, another manifest has another configuration.
    config: { Labels: annotations },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [{ ...(created !== undefined && { created }), created_by: 'checkpoint-explorer build' }],
  });
  const manifest = document(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: reference(config),
    layers: [reference(layer)],
    annotations,
  });
  return { layer, config, manifest, annotations };
}

/** The index of a layout that holds one image, by this name. */
export function describeIndex(manifest: Descriptor, tag: string): Uint8Array {
  return document(INDEX, {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [{ ...reference(manifest), annotations: { 'org.opencontainers.image.ref.name': tag } }],
  }).bytes;
}

/** What says that a folder is a layout (OCI image-spec 1.1, "Image Layout"). */
export const LAYOUT_MARK = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

function document(mediaType: string, content: object): Blob {
  const bytes = Buffer.from(JSON.stringify(content));
  return { mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length, bytes };
}

function reference({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
