import type { ImagePlace } from '../../protocol/raw.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';

/**
 * Where an image tells of something.
 * @param name of the image, without its folder
 * @param isMeant the first entry that it is true of is the one; without it all of the image is meant
 */
export async function findPlace(
  images: ImageDirectory,
  name: string,
  isMeant?: (message: object) => boolean,
  signal?: AbortSignal,
): Promise<ImagePlace> {
  const entries = isMeant && images.has(name) ? (await images.image(name, signal))?.entries : undefined;
  const entry = entries?.findIndex(({ message }) => isMeant?.(message)) ?? -1;
  return { image: images.path(name), ...(entry >= 0 && { entry }) };
}
