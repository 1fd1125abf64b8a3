import type { Engine } from '../../protocol/overview.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { FileSet } from './file-set.ts';

/** Who wrote a checkpoint, and where its images are. */
export interface Layout {
  readonly engine: Engine;
  readonly imagesPrefix: string;
}

/** @throws CheckpointError `not-a-checkpoint` */
export async function detectLayout(files: FileSet, signal?: AbortSignal): Promise<Layout> {
  const prefix = (await files.find('checkpoint/inventory.img', signal)) ? 'checkpoint/' : '';
  if (!files.entries.has(`${prefix}inventory.img`)) {
    throw new CheckpointError(
      'not-a-checkpoint',
      sentence('{0} holds no CRIU images: it is not a checkpoint.', files.name),
      { where: files.name },
    );
  }
  const entry = files.entries.get('spec.dump');
  const spec = entry ? new TextDecoder().decode(await files.open(entry).read(0, entry.size, signal)) : '';
  const engine = spec.includes('"libpod"')
    ? 'podman'
    : spec.includes('"cri-o"')
      ? 'cri-o'
      : files.entries.has('status')
        ? 'containerd'
        : 'criu';
  return { engine, imagesPrefix: prefix };
}
