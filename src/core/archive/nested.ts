import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { Entry, FileSet } from './file-set.ts';
import { openTar } from './tar-file-set.ts';

/** Opens an archive that lies in an archive. */
export function openNested(
  files: FileSet,
  entry: Entry,
  _spill: SpillSettings,
  signal?: AbortSignal,
): Promise<FileSet> {
  return Promise.resolve(openTar(files.open(entry), signal));
}
