import { constants } from 'node:fs';
import { open, readFile, rename, rm, statfs, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sentence } from '../../../protocol/sentence.ts';
import { formatSize } from '../../../protocol/format.ts';
import { throwIfCancelled } from '../../bytes/cancel.ts';
import { errorCode, fileError, NO_FOLLOW } from '../../bytes/file-source.ts';
import { exists, isThere, takeName } from '../../bytes/new-file.ts';
import { isRunning, processMark } from '../../bytes/process-mark.ts';
import { CheckpointError } from '../../errors.ts';
import { FileHash } from './file-hash.ts';

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

/** Bytes after which the disk is asked to take what there is. */
const SYNC_AHEAD = 32 * 1024 * 1024;

/** In the place of a process's mark where none writes it. */
const NOBODY = 'nobody';

interface Companion {
  readonly format: typeof FORMAT;
  /** The process that writes it. */
  readonly mark: string;
  readonly of: PartialOf;
}

/**
 * A download that is not whole yet: `NAME.partial`, with `NAME.partial.json` beside it. Only what is whole and verified
 * gets the name itself.
 */
export class PartialFile {
  readonly target: string;
  readonly #handle: FileHandle;
  readonly #of: PartialOf;
  readonly #size: number;
  readonly #hash: FileHash;
  #length = 0;
  /** Bytes that are on the disk for certain. */
  #synced = 0;
  #isSyncing = false;
  /** What the disk said while nobody waited for it. */
  #failure: { readonly error: unknown } | undefined;

  /**
   * Opens a partial file, to go on with what is there if it is of the same file.
   * @throws CheckpointError `exists` where the target, or somebody else's partial file, is there; `no-space`;
   * `unwritable`; `cancelled`
   */
  static async open(target: string, of: PartialOf, signal?: AbortSignal): Promise<PartialFile> {
    if (await isThere(target)) throw exists(target);
    if (inUse.has(target)) throw busy(target);
    inUse.add(target);
    try {
      await claim(target, of);
      const flags = constants.O_RDWR | constants.O_CREAT | NO_FOLLOW;
      const handle = await open(partialName(target), flags, 0o600).catch(rethrowUnwritable(target));
      const file = new PartialFile(target, handle, of);
      try {
        throwIfCancelled(signal);
        await file.#takeUp();
        await file.#requireRoom();
        return file;
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      inUse.delete(target);
      throw error;
    }
  }

  private constructor(target: string, handle: FileHandle, of: PartialOf) {
    this.target = target;
    this.#handle = handle;
    this.#of = of;
    this.#size = of.size;
    this.#hash = new FileHash(handle.fd, target);
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  async #takeUp(): Promise<void> {
    const { size } = await this.#handle.stat();
    // Longer than it can be: nothing of it can be trusted.
    if (size > this.#size) await this.#handle.truncate(0);
    else this.#length = size;
    if (this.#length > 0) this.#hash.reach(this.#length);
  }

  async #requireRoom(): Promise<void> {
    const folder = dirname(this.target);
    const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Infinity, bsize: 1 }));
    const [free, needed] = [bavail * bsize, this.#size - this.#length];
    if (free >= needed) return;
    throw new CheckpointError(
      'no-space',
      sentence(
        'There is not enough room in {0}: the archive needs {1} more, and {2} are free.',
        folder,
        formatSize(needed),
        formatSize(free),
      ),
      { where: folder },
    );
  }

  /** @throws CheckpointError `no-space`, `unwritable` */
  async append(parts: readonly Buffer[]): Promise<void> {
    try {
      if (this.#failure) throw this.#failure.error;
      let left = parts;
      while (left.length > 0) {
        const { bytesWritten } = await this.#handle.writev(left, this.#length);
        this.#length += bytesWritten;
        left = after(left, bytesWritten);
      }
      this.#hash.reach(this.#length);
      this.#syncAhead();
    } catch (error) {
      throw unwritable(this.target, error);
    }
  }

  /** Has the disk take what is there while more comes: at the end little is left to wait for. */
  #syncAhead(): void {
    if (this.#isSyncing || this.#length - this.#synced < SYNC_AHEAD) return;
    this.#isSyncing = true;
    const reached = this.#length;
    this.#handle
      .datasync()
      .then(
        () => (this.#synced = reached),
        // A disk tells of a failure once: it is kept for whoever writes next, or ends.
        (error: unknown) => (this.#failure ??= { error }),
      )
      .finally(() => (this.#isSyncing = false));
  }

  /** Has all that is there on the disk. @throws CheckpointError `no-space`, `unwritable` */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
      if (this.#failure) throw this.#failure.error;
    } catch (error) {
      throw unwritable(this.target, error);
    }
  }

  /** SHA-256 of what is there. @throws CheckpointError `unreadable` */
  digest(): Promise<string> {
    return this.#hash.digest(this.#length);
  }

  /** Gives the file its name; {@link sync} comes before. @throws CheckpointError `exists`, `unwritable` */
  async finish(): Promise<void> {
    const { target } = this;
    try {
      await this.#end();
      await takeName(partialName(target), target);
      await rm(companionName(target), { force: true });
    } catch (error) {
      throw error instanceof CheckpointError ? error : unwritable(target, error);
    } finally {
      inUse.delete(target);
    }
  }

  /** Leaves it as it is, to be gone on with another time. */
  async close(): Promise<void> {
    await this.#end();
    inUse.delete(this.target);
    await writeCompanion(this.target, { format: FORMAT, mark: NOBODY, of: this.#of }).catch(() => undefined);
  }

  /** The thread reads the file by its descriptor, which is somebody else's once it is closed. */
  async #end(): Promise<void> {
    await this.#hash.close();
    await this.#handle.close();
  }

  /** Takes it away. */
  async discard(): Promise<void> {
    await this.#end();
    await rm(partialName(this.target), { force: true });
    await rm(companionName(this.target), { force: true });
    inUse.delete(this.target);
  }
}

/** What of buffers is left when some bytes of them are written. Mostly nothing is. */
function after(parts: readonly Buffer[], written: number): readonly Buffer[] {
  let count = written;
  for (const [index, part] of parts.entries()) {
    if (count < part.length) return [part.subarray(count), ...parts.slice(index + 1)];
    count -= part.length;
  }
  return [];
}

/** Targets that this process is writing. */
const inUse = new Set<string>();

export function partialName(target: string): string {
  return `${target}.partial`;
}

function companionName(target: string): string {
  return `${target}.partial.json`;
}

/** Makes sure that the partial file is ours to write, and of this file. */
async function claim(target: string, of: PartialOf): Promise<void> {
  const found = await readCompanion(companionName(target));
  const isPartialThere = await isThere(partialName(target));
  if (found === 'foreign' || (found === undefined && isPartialThere)) throw exists(partialName(target));
  if (found !== undefined && ![NOBODY, processMark()].includes(found.mark) && isRunning(found.mark)) throw busy(target);
  if (found !== undefined && JSON.stringify(found.of) !== JSON.stringify(of)) {
    await rm(partialName(target), { force: true });
  }
  await writeCompanion(target, { format: FORMAT, mark: processMark(), of }).catch(rethrowUnwritable(target));
}

async function writeCompanion(target: string, content: Companion): Promise<void> {
  const temporary = `${companionName(target)}.new`;
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
  await rename(temporary, companionName(target));
}

function busy(target: string): CheckpointError {
  return new CheckpointError('exists', sentence('{0} is being downloaded already.', target), { where: target });
}

async function readCompanion(path: string): Promise<Companion | 'foreign' | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Companion>;
    return value.format === FORMAT && value.mark !== undefined && value.of ? (value as Companion) : 'foreign';
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? undefined : 'foreign';
  }
}

export function rethrowUnwritable(target: string): (error: unknown) => never {
  return (error) => {
    throw unwritable(target, error);
  };
}

function unwritable(target: string, error: unknown): CheckpointError {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CheckpointError(
      'no-space',
      sentence('There is no room left for {0}. What was downloaded is kept: make room and go on.', target),
      { where: target },
    );
  }
  if (code === 'ENOENT') return fileError(dirname(target), error);
  return new CheckpointError('unwritable', sentence('{0} cannot be written ({1}).', target, code ?? String(error)), {
    where: target,
  });
}
