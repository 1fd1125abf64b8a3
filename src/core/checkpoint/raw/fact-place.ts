import type { FactRef, ImagePlace } from '../../../protocol/raw.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf, kindOfFile } from '../../criu/kinds.ts';
import { findPlace } from '../image-place.ts';
import { known } from '../known-images.ts';

/** Where the images tell of a fact; undefined where none does. */
export async function placeOfFact(
  images: ImageDirectory,
  fact: FactRef,
  signal?: AbortSignal,
): Promise<ImagePlace | undefined> {
  switch (fact.of) {
    case 'process':
      return withEntry(await findPlace(images, fileOf('PSTREE'), hasNumber('pid', fact.pid), signal));
    case 'thread':
      return withEntry(await findPlace(images, fileOf('CORE', fact.tid), () => true, signal));
    case 'identity':
      return identityPlace(images, fact.pid, signal);
    case 'mapping':
      return mappingPlace(images, fact.pid, fact.start, signal);
    case 'mount':
      return mountPlace(images, fact.id, signal);
  }
}

function withEntry(place: ImagePlace): ImagePlace | undefined {
  return place.entry === undefined ? undefined : place;
}

function hasNumber(name: string, number: number): (message: object) => boolean {
  return (message) => name in message && (message as Readonly<Record<string, unknown>>)[name] === number;
}

/** Credentials lie in the core image; before CRIU 2.0 in one of their own. */
async function identityPlace(
  images: ImageDirectory,
  pid: number,
  signal?: AbortSignal,
): Promise<ImagePlace | undefined> {
  const name = fileOf('CORE', pid);
  const [core] = await known(images, 'CORE', name, signal);
  if (core?.thread_core?.creds) return { image: images.path(name), entry: 0, field: 'thread_core.creds' };
  return withEntry(await findPlace(images, fileOf('CREDS', pid), () => true, signal));
}

/** Mappings lie in the image of the address space; in old dumps in one of their own. */
async function mappingPlace(
  images: ImageDirectory,
  pid: number,
  start: string,
  signal?: AbortSignal,
): Promise<ImagePlace | undefined> {
  const isMeant = (vma: object): boolean => 'start' in vma && `0x${(vma.start as bigint).toString(16)}` === start;
  const name = fileOf('MM', pid);
  const [layout] = await known(images, 'MM', name, signal);
  const number = layout?.vmas.findIndex(isMeant) ?? -1;
  if (number >= 0) return { image: images.path(name), entry: 0, field: `vmas.${String(number)}` };
  return withEntry(await findPlace(images, fileOf('VMAS', pid), isMeant, signal));
}

/** There is an image of mounts for each mount namespace; the numbers of mounts are those of the machine. */
async function mountPlace(images: ImageDirectory, id: number, signal?: AbortSignal): Promise<ImagePlace | undefined> {
  for (const name of images.names()) {
    if (kindOfFile(name)?.row.kind !== 'MNTS') continue;
    const place = withEntry(await findPlace(images, name, hasNumber('mnt_id', id), signal));
    if (place) return place;
  }
  return undefined;
}
