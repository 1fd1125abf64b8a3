import { IMG_COMMON, IMG_SERVICE } from '../../../src/core/criu/kinds.ts';
import { visitImage } from '../../../src/core/criu/image.ts';
import { MemorySource } from './memory-file-set.ts';

/** Each four bytes from a place on, the last first. */
export function turnWords(bytes: Uint8Array, ...places: readonly number[]): void {
  for (const place of places) bytes.subarray(place, place + 4).reverse();
}

/** An image of messages as a big-endian machine would have written it: its magic words and the length of each entry. */
export async function turnImage(content: Uint8Array, name: string): Promise<Uint8Array> {
  const turned = new Uint8Array(content);
  const places: number[] = [];
  const visit = ({ offset }: { readonly offset: number }): boolean => places.push(offset) > 0;
  await visitImage(new MemorySource(content, name), name, visit, { extent: 'frames' });
  const first = Buffer.from(content.subarray(0, 4)).readUInt32LE();
  turnWords(turned, 0, ...(first === IMG_COMMON || first === IMG_SERVICE ? [4] : []), ...places);
  return turned;
}
