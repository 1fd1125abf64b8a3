import { lstatSync, realpathSync, statSync, writeSync, type BigIntStats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FileStat } from '../../protocol/checkpoint-api.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';

/** What file systems say of a name or size that they do not hold, and of links where the person may make none. */
export const UNFIT = new Set(['ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'EFBIG', 'ENOTSUP', 'ELOOP']);

/** What stands at a path, a link itself and not what it leads to. @throws CheckpointError `unwritable` */
export function look(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false, bigint: true });
  } catch (error) {
    if (UNFIT.has(codeOf(error) ?? '') || codeOf(error) === 'ENOTDIR') return undefined;
    throw new CheckpointError(
      'unwritable',
      sentence('{0} cannot be written ({1}).', path, codeOf(error) ?? 'unknown'),
      { where: path, cause: error },
    );
  }
}

/** Links are followed: for the paths that the person named. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The real path of a folder, as far as it exists: what stands before the target is the person's own, links included. */
export function nearest(folder: string): string {
  if (isFolder(folder)) return realpathSync(folder);
  const parent = dirname(folder);
  return parent === folder ? folder : join(nearest(parent), basename(folder));
}

export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/**
 * Access and modification time in seconds, held within what file systems take. Undefined for what a view made up
 * (`/proc`, the folders above all): nobody recorded a mode or a time of it.
 */
export function times(stat: FileStat): [number, number] | undefined {
  if (stat.mode === undefined && stat.mtime === 0) return undefined;
  const seconds = Number.isFinite(stat.mtime) ? Math.min(Math.max(stat.mtime / 1000, 0), 2 ** 33) : 0;
  return [seconds, seconds];
}

/** Some file systems keep no modes or times: the content counts. */
export function keepAttributes(keep: () => void): void {
  try {
    keep();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

/** The system's error code, `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
