import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, statfs, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { formatSize } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { errorCode, fileError, NO_FOLLOW } from '../../bytes/file-source.ts';
import { CheckpointError } from '../../errors.ts';

/** A name beside `path` that only this process uses, for what is not whole yet. */
export function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 200)}.partial-${randomBytes(6).toString('hex')}`);
}

/** Only for its owner: a checkpoint holds whatever the container had in memory. */
export function createFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600);
}

/** Writes all of it. */
export async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** @throws CheckpointError `no-space` where there is certainly too little room */
export async function requireRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Infinity, bsize: 1 }));
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new CheckpointError(
    'no-space',
    sentence(
      'There is not enough room in {0}: the image needs {1}, and {2} are free.',
      folder,
      formatSize(needed),
      formatSize(free),
    ),
    { where: folder },
  );
}

/** What the file system says about writing, in a sentence. */
export function unwritable(path: string, error: unknown): CheckpointError {
  if (error instanceof CheckpointError) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return fileError(dirname(path), error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CheckpointError('no-space', sentence('There is no room left for {0}.', path), { where: path });
  }
  return new CheckpointError('unwritable', sentence('{0} cannot be written ({1}).', path, code ?? String(error)), {
    where: path,
  });
}
