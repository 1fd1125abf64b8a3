import type { SpillSettings } from '../../../protocol/checkpoint-api.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { ImageWriter, WriterOptions } from './image-writer.ts';
import { readLayer } from './layer.ts';
import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import { describeImage } from './manifest.ts';

/** What an image is made of. */
export type ImageSource = Pick<Checkpoint, 'overview' | 'openArchive'>;

export interface ImageOptions {
  readonly spill: SpillSettings;
  /** What engines are to call the container, if not as the checkpoint does. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes done and in all, see {@link readLayer}. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

export interface WriteOptions extends ImageOptions {
  /** The image's name in the layout. */
  readonly tag: string;
}

/** Where to write: {@link LayoutFolder} or {@link LayoutArchive}. */
export interface ImageTarget {
  create(path: string, options: WriterOptions): Promise<ImageWriter>;
}

/**
 * Makes a container image of a checkpoint's archive, which is its only layer, byte for byte. Memory does not grow with
 * it. Where it fails or is cancelled nothing of it stays.
 * @throws CheckpointError `unsupported` for a folder, `damaged`, `exists`, `no-space`, `unwritable`, `cancelled`
 */
export async function writeImage(
  checkpoint: ImageSource,
  target: ImageTarget,
  path: string,
  options: WriteOptions,
): Promise<ImageDocuments> {
  const { spill, signal, onProgress, tag, name } = options;
  const overview = await checkpoint.overview(signal);
  const writer = await target.create(path, { layerSize: await storedSize(checkpoint, signal), tag });
  try {
    const layer = await readLayer(() => checkpoint.openArchive(signal), {
      spill,
      signal,
      onProgress,
      onBytes: (bytes) => writer.append(bytes),
    });
    const image = describeImage(layer, overview, name);
    await writer.finish(image);
    return image;
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** The image of a checkpoint without writing it anywhere: what it will be called and said to be. */
export async function measureImage(checkpoint: ImageSource, options: ImageOptions): Promise<ImageDocuments> {
  const overview = await checkpoint.overview(options.signal);
  const layer = await readLayer(() => checkpoint.openArchive(options.signal), options);
  return describeImage(layer, overview, options.name);
}

/** Bytes of the archive as it is stored. */
async function storedSize(checkpoint: ImageSource, signal?: AbortSignal): Promise<number> {
  const source = await checkpoint.openArchive(signal);
  try {
    if (source.size !== undefined) return source.size;
    throw new CheckpointError(
      'unsupported',
      sentence('{0} is still being decompressed: try again when it is done.', source.name),
    );
  } finally {
    await source.close();
  }
}
