import type { ImageDirectory } from '../criu/image-directory.ts';
import { fileOf } from '../criu/kinds.ts';
import { known } from './known-images.ts';
import type { Processes } from './processes.ts';

/** Kept once all images are known: it is asked for with each image that is decoded, and all processes may lack theirs. */
const kept = new WeakMap<Processes, { readonly machine: number | undefined }>();

/** core_entry.mtype: whose numbers flags, types and signals have. Undefined where no image tells. */
export async function machineOf(
  images: ImageDirectory,
  processes: Processes,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const before = kept.get(processes);
  if (before) return before.machine;
  const { complete } = images;
  const machine = await firstMachine(images, processes, signal);
  if (complete) kept.set(processes, { machine });
  return machine;
}

async function firstMachine(
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
