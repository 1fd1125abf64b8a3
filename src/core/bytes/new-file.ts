import { link, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import { errorCode } from './file-source.ts';

/** Renames a file without replacing anything: what has the name meanwhile is not ours. @throws CheckpointError `exists` */
export async function takeName(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    await rm(from);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw exists(to);
    // Not every file system has hard links.
    if (await isThere(to)) throw exists(to);
    await rename(from, to);
  }
}

/** Whether anything has the name, a link to nowhere included. */
export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes a folder, and those above it that are missing, for nobody else to look into; one that is there stays as it is.
 * @throws CheckpointError `exists` where something else has a name on the way; `unwritable`
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = errorCode(error) ?? String(error);
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new CheckpointError('exists', sentence('{0} cannot be a folder: there is a file in its place.', folder), {
        where: folder,
      });
    }
    throw new CheckpointError('unwritable', sentence('The folder {0} cannot be made ({1}).', folder, code), {
      where: folder,
    });
  }
}

export function exists(path: string): CheckpointError {
  return new CheckpointError(
    'exists',
    sentence('{0} is there already, and is not written over. Choose another name, or move it away.', path),
    { where: path },
  );
}
