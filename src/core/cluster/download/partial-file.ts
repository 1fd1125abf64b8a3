import { rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { formatSize } from '../../../protocol/format.ts';
import { throwIfCancelled } from '../../bytes/cancel.ts';
import { errorCode, fileError } from '../../bytes/file-source.ts';
import { exists, isThere, takeName } from '../../bytes/new-file.ts';
import { bootMark, isRunning, processMark } from '../../bytes/process-mark.ts';
import { CheckpointError } from '../../errors.ts';
import { DiskFile } from './disk-file.ts';
import { FileHash } from './file-hash.ts';
import {
  NOBODY,
  partialName,
  readCompanion,
  removeCompanion,
  trusted,
  writeCompanion,
  type Companion,
  type PartialOf,
} from './partial-companion.ts';

/** Bytes after which the disk is asked to take what there is, where it is in the system's cache. */
const SYNC_AHEAD = 32 * 1024 * 1024;

/** Bytes after which it is written down how far the disk has it. */
const NOTE_AFTER = 128 * 1024 * 1024;

/**
 * A download that is not whole yet: `NAME.partial`, with `NAME.partial.json` beside it. Only what is whole and verified
 * gets the name itself.
 */
export class PartialFile {
  readonly target: string;
  readonly #file: DiskFile;
  readonly #hash: FileHash;
  #length = 0;
  /** Bytes that are on the disk for certain. */
  #synced = 0;
  #syncing: Promise<void> | undefined;
  /** As it was last written down. */
  #companion: Companion;
  /** Why what was to be added is not there, or not all of it. */
  #refused: CheckpointError | undefined;
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
      const companion = await claim(target, of);
      const onDisk = await DiskFile.open(partialName(target)).catch(rethrowUnwritable(target));
      const file = new PartialFile(target, onDisk, companion);
      await file.#takeUp();
      try {
        throwIfCancelled(signal);
        await file.#requireRoom();
        return file;
      } catch (error) {
        await file.leave();
        throw error;
      }
    } catch (error) {
      inUse.delete(target);
      throw error;
    }
  }

  private constructor(target: string, file: DiskFile, companion: Companion) {
    this.target = target;
    this.#file = file;
    this.#companion = companion;
    this.#hash = new FileHash(file.descriptor, target);
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  get #size(): number {
    return this.#companion.of.size;
  }

  async #takeUp(): Promise<void> {
    try {
      const size = await this.#file.size();
      // Longer than it can be: nothing of it can be trusted.
      const kept = size > this.#size ? 0 : trusted(this.#companion, size);
      if (kept < size) await this.#file.truncate(kept);
      this.#length = kept;
      this.#synced = Math.min(this.#companion.safe, kept);
      const [safe, boot] = [this.#synced, bootMark()];
      // Only now that nothing is left of what must not count.
      if (safe !== this.#companion.safe || boot !== this.#companion.boot) await this.#note({ safe, boot });
    } catch (error) {
      await this.#end();
      throw unwritable(this.target, error);
    }
    if (this.#length > 0) this.#hash.begin(this.#length);
  }

  /** Writes down how it is now. */
  async #note(change: Partial<Companion>): Promise<void> {
    const companion = { ...this.#companion, ...change };
    await writeCompanion(this.target, companion);
    this.#companion = companion;
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

  /**
   * Adds what comes next, after what came before is there. Once that failed nothing more can be added.
   * @throws CheckpointError `no-space`, `unwritable`
   */
  async append(part: Buffer): Promise<void> {
    if (this.#refused) throw this.#refused;
    try {
      if (this.#failure) throw this.#failure.error;
      const written = this.#write(part);
      this.#hash.update(part);
      await written;
      this.#hash.reach(this.#length);
      this.#syncAhead();
    } catch (error) {
      // The sum is of more than what is there.
      this.#refused = unwritable(this.target, error);
      throw this.#refused;
    }
  }

  async #write(part: Buffer): Promise<void> {
    for (let done = 0; done < part.length;) {
      const count = await this.#file.write(part.subarray(done), this.#length);
      this.#length += count;
      done += count;
    }
  }

  /** Has the disk take what is there while more comes: at the end little is left to wait for. */
  #syncAhead(): void {
    const step = this.#file.isDirect ? NOTE_AFTER : SYNC_AHEAD;
    if (this.#syncing || this.#length - this.#synced < step) return;
    this.#syncing = this.#syncTo(this.#length).finally(() => (this.#syncing = undefined));
  }

  /** @param reached bytes that were written when the disk is asked */
  async #syncTo(reached: number): Promise<void> {
    try {
      await this.#file.datasync();
      this.#synced = reached;
      if (reached - this.#companion.safe >= NOTE_AFTER) await this.#note({ safe: reached });
    } catch (error) {
      // A disk tells of a failure once: it is kept for whoever writes next, or ends.
      this.#failure ??= { error };
    }
  }

  /** Has all that is there on the disk. @throws CheckpointError `no-space`, `unwritable` */
  async sync(): Promise<void> {
    await this.#syncing;
    const reached = this.#length;
    try {
      if (this.#failure) throw this.#failure.error;
      await this.#file.sync();
      this.#synced = reached;
    } catch (error) {
      this.#failure ??= { error };
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
      await removeCompanion(target);
    } catch (error) {
      throw error instanceof CheckpointError ? error : unwritable(target, error);
    } finally {
      inUse.delete(target);
    }
  }

  /** Ends without having it whole. What is there can be gone on with another time; where nothing is, nothing stays. */
  async leave(): Promise<void> {
    if (this.#length === 0) {
      await this.discard();
      return;
    }
    await this.sync().catch(() => undefined);
    // What a disk has refused the system takes for written all the same: only what the disk had before counts.
    if (this.#failure) await this.#file.truncate(this.#synced).catch(() => undefined);
    const boot = this.#failure ? '0' : bootMark();
    await this.#end();
    await this.#note({ mark: NOBODY, safe: this.#synced, boot }).catch(() => undefined);
    inUse.delete(this.target);
  }

  /** The thread reads the file by its descriptor, which is somebody else's once it is closed. */
  async #end(): Promise<void> {
    await this.#hash.close();
    await this.#file.close();
  }

  /** Takes it away. */
  async discard(): Promise<void> {
    await this.#end();
    await rm(partialName(this.target), { force: true });
    await removeCompanion(this.target);
    inUse.delete(this.target);
  }
}

/** Targets that this process is writing. */
const inUse = new Set<string>();

/** Makes sure that the partial file is ours to write, and of this file. @returns what is known of it */
async function claim(target: string, of: PartialOf): Promise<Companion> {
  const found = await readCompanion(target);
  const isPartialThere = await isThere(partialName(target));
  if (found === 'foreign' || (found === undefined && isPartialThere)) throw exists(partialName(target));
  if (found !== undefined && ![NOBODY, processMark()].includes(found.mark) && isRunning(found.mark)) throw busy(target);
  const isSame = found !== undefined && JSON.stringify(found.of) === JSON.stringify(of);
  if (found !== undefined && !isSame) await rm(partialName(target), { force: true });
  const companion = { ...(isSame ? found : { safe: 0, boot: bootMark() }), mark: processMark(), of };
  await writeCompanion(target, companion).catch(rethrowUnwritable(target));
  return companion;
}

function busy(target: string): CheckpointError {
  return new CheckpointError('exists', sentence('{0} is being downloaded already.', target), { where: target });
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
      sentence('There is no room left for {0}. What is there of it is kept: make room and go on.', target),
      { where: target },
    );
  }
  if (code === 'ENOENT') return fileError(dirname(target), error);
  return new CheckpointError('unwritable', whyUnwritable(target, code ?? String(error)), { where: target });
}

function whyUnwritable(target: string, code: string): Sentence {
  if (code === 'EIO') {
    return sentence(
      'The disk did not take all of {0}: it reports an error (EIO). What it has of it is kept: look at the disk, and go on, or choose a folder on another one.',
      target,
    );
  }
  if (code === 'EFBIG') {
    return sentence(
      '{0} would be larger than its file system, or a limit of this process, lets a file be. What is there of it is kept. Choose a folder on another file system, or raise the limit.',
      target,
    );
  }
  return sentence('{0} cannot be written ({1}).', target, code);
}
