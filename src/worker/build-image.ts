import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { LayoutArchive } from '../core/restore/image/layout-archive.ts';
import { LayoutFolder } from '../core/restore/image/layout-folder.ts';
import { measureImage, writeImage } from '../core/restore/image/write-image.ts';
import type { ImageForm, SpillSettings } from '../protocol/checkpoint-api.ts';
import type { ImageDocuments, ImageProgress } from '../protocol/checkpoint-image.ts';
import { Throttle } from './throttle.ts';

/** Milliseconds between two words about how far an image is. */
const PROGRESS_INTERVAL = 200;

export interface ImageWish {
  /** By which whoever asked for it knows its progress. */
  readonly job: string;
  readonly spill: SpillSettings;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ImageProgress) => void;
}

/** @returns the digest of the image's manifest */
export async function buildImage(
  checkpoint: Checkpoint,
  { form, path, tag, ...wish }: ImageWish & { readonly form: ImageForm; readonly path: string; readonly tag: string },
): Promise<string> {
  const target = form === 'oci-archive' ? LayoutArchive : LayoutFolder;
  const { manifest } = await told(wish, (options) => writeImage(checkpoint, target, path, { ...options, tag }));
  return manifest.digest;
}

/** Reads the archive through, to describe the image that it is. */
export function describeArchive(checkpoint: Checkpoint, wish: ImageWish): Promise<ImageDocuments> {
  return told(wish, (options) => measureImage(checkpoint, options));
}

async function told<T>(
  { job, spill, signal, onProgress }: ImageWish,
  work: (options: {
    readonly spill: SpillSettings;
    readonly signal: AbortSignal;
    readonly onProgress: (done: number, total: number | undefined) => void;
  }) => Promise<T>,
): Promise<T> {
  const throttle = new Throttle<ImageProgress>(PROGRESS_INTERVAL, onProgress);
  try {
    return await work({
      spill,
      signal,
      onProgress: (done, total) => throttle.push({ job, done, ...(total !== undefined && { total }) }),
    });
  } finally {
    throttle.stop();
  }
}
