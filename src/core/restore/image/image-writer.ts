import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';

/** Something that an image is written into, under a name that nobody else uses until it is whole. */
export interface ImageWriter {
  /** Takes the layer's bytes, in order. */
  append(bytes: Uint8Array): Promise<void>;
  /** Adds the rest, once all of the layer was given, and gives the image its name. */
  finish(image: ImageDocuments): Promise<void>;
  /** Takes away what was written. Does nothing after {@link finish}. */
  discard(): Promise<void>;
}

export interface WriterOptions {
  /** Of the layer, bytes. */
  readonly layerSize: number;
  /** The image's name in what is written. */
  readonly tag: string;
}

/** Where in a layout a blob is. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}
