import { open, readFile, rename, rm } from 'node:fs/promises';
import { bootMark } from '../../bytes/process-mark.ts';
import { errorCode } from '../../bytes/file-source.ts';

/** What a partial file is a part of: written beside it, so that it is never gone on with by mistake. */
export interface PartialOf {
  readonly server: string;
  readonly node: string;
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly inode: string;
}

const FORMAT = 'checkpoint-explorer/partial';

/** In the place of a process's mark where none writes it. */
export const NOBODY = 'nobody';

/** What stands beside a partial file. */
export interface Companion {
  /** The process that writes it. */
  readonly mark: string;
  readonly of: PartialOf;
  /** Bytes from its beginning that the disk has said to have. */
  readonly safe: number;
  /**
   * The start of the machine in which it was written: until the next one the system has what was written, also what the
   * disk has not, whatever becomes of the process. `0`, where that is not so: then only what is safe counts.
   */
  readonly boot: string;
}

/** Bytes of a partial file, of as many as it has, that can be gone on with. */
export function trusted({ safe, boot }: Companion, length: number): number {
  return boot !== '0' && boot === bootMark() ? length : Math.min(safe, length);
}

export function partialName(target: string): string {
  return `${target}.partial`;
}

function companionName(target: string): string {
  return `${target}.partial.json`;
}

/** @returns `foreign` for what was not written here; undefined where there is none */
export async function readCompanion(target: string): Promise<Companion | 'foreign' | undefined> {
  try {
    const value = JSON.parse(await readFile(companionName(target), 'utf8')) as Partial<Companion & { format: string }>;
    const { format, mark, of, safe = 0, boot = '0' } = value;
    if (format !== FORMAT || mark === undefined || !of) return 'foreign';
    return { mark, of, safe: Number.isSafeInteger(safe) && safe >= 0 ? safe : 0, boot };
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? undefined : 'foreign';
  }
}

/** On the disk at once: what it says of the file must not be older than what it said before. */
export async function writeCompanion(target: string, companion: Companion): Promise<void> {
  const temporary = `${companionName(target)}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify({ format: FORMAT, ...companion }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, companionName(target));
}

export async function removeCompanion(target: string): Promise<void> {
  await rm(companionName(target), { force: true });
  await rm(`${companionName(target)}.new`, { force: true });
}
