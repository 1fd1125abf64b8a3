import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { LayoutArchive } from '../core/restore/image/layout-archive.ts';
import { LayoutFolder } from '../core/restore/image/layout-folder.ts';
import { writeImage } from '../core/restore/image/write-image.ts';
import type { ImageForm, SpillSettings } from '../protocol/checkpoint-api.ts';

export interface ImageWish {
  readonly form: ImageForm;
  readonly path: string;
  readonly tag: string;
  readonly spill: SpillSettings;
  readonly signal: AbortSignal;
}

/** @returns the digest of the image's manifest */
export async function buildImage(
  checkpoint: Checkpoint,
  { form, path, tag, spill, signal }: ImageWish,
): Promise<string> {
  const target = form === 'oci-archive' ? LayoutArchive : LayoutFolder;
  const { manifest } = await writeImage(checkpoint, target, path, { tag, spill, signal });
  return manifest.digest;
}
