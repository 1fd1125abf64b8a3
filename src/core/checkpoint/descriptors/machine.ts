import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import { known } from '../known-images.ts';
import type { Processes } from '../processes.ts';

/** core_entry.mtype: which numbers the flags of open(2) have. Undefined where no image tells. */
export async function machineOf(
  images: ImageDirectory,
  processes: Processes,
  signal?: AbortSignal,
): Promise<number | undefined> {
  for (const { pid } of await processes.tree(signal)) {
    const [core] = await known(images, 'CORE', fileOf('CORE', pid), signal, 'outline');
    if (core) return core.mtype;
  }
  return undefined;
}
