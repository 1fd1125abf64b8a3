import { constants, rmSync } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import { errorCode, NO_FOLLOW } from './file-source.ts';
import { isRunning, processMark } from './process-mark.ts';

/**
 * What files of the spill directory are called:
 *
 *     KEY.data                 a whole decompressed copy
 *     KEY.json                 its size and when it may go; written last
 *     KEY.MARK.NONCE.part      a copy that the process MARK is writing
 *     KEY.MARK.NONCE.use       the process MARK reads KEY.data
 *
 * A name says all there is to know about a lock, so that nobody ever reads half of one.
 */
export type SpillRole = 'data' | 'json' | 'part' | 'use' | 'temporary';

export interface SpillName {
  readonly name: string;
  readonly key: string;
  readonly role: SpillRole;
  /** Of `part`, `use` and `temporary`: the process whose they are. */
  readonly mark?: string;
}

const NAME = /^([0-9a-f]{40})(?:\.([0-9a-f-]+)\.([0-9a-f]{12}))?\.(data|json|part|use|temporary)$/;

export class SpillDirectory {
  readonly path: string;

  /** @param path a directory that {@link prepare} has looked at */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the directory if needed, for this user alone.
   * @throws CheckpointError `unreadable` where it is not, and cannot be made, a private directory of this user
   */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      const stats = await lstat(this.path);
      if (!stats.isDirectory()) throw this.#refusal('it is a link or a file, not a folder');
      if (process.getuid && stats.uid !== process.getuid()) throw this.#refusal('it belongs to another user');
      if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) await this.#makePrivate();
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw this.#refusal(errorCode(error) ?? String(error), error);
    }
  }

  /** A folder that holds other things, such as /tmp, may be meant for others: its mode is left alone. */
  async #makePrivate(): Promise<void> {
    const [all, own] = await Promise.all([readdir(this.path), this.list()]);
    if (all.length > own.length) throw this.#refusal('others may read it, and it holds other files');
    await chmod(this.path, 0o700);
  }

  async list(): Promise<readonly SpillName[]> {
    const names: SpillName[] = [];
    for (const name of await readdir(this.path)) {
      const [, key, mark, , role] = NAME.exec(name) ?? [];
      if (key === undefined || role === undefined) continue;
      if ((role === 'data' || role === 'json') !== (mark === undefined)) continue;
      names.push({ name, key, role: role as SpillRole, ...(mark !== undefined && { mark }) });
    }
    return names;
  }

  /** A new file of this process for a key; 0600. */
  async create(
    key: string,
    role: 'part' | 'use' | 'temporary',
  ): Promise<{ readonly name: string; readonly handle: FileHandle }> {
    const name = `${key}.${processMark()}.${randomBytes(6).toString('hex')}.${role}`;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
    return { name, handle: await open(join(this.path, name), flags, 0o600) };
  }

  /** Opens a file that must be a regular one of this user, with no other name. Undefined if there is none such. */
  async open(name: string): Promise<FileHandle | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(join(this.path, name), constants.O_RDONLY | NO_FOLLOW);
      const stats = await handle.stat();
      const isOwn =
        !process.getuid || (stats.uid === process.getuid() && (stats.mode & 0o077) === 0 && stats.nlink === 1);
      if (stats.isFile() && isOwn) return handle;
    } catch {
      // As good as absent: it is decompressed again.
    }
    await handle?.close();
    return undefined;
  }

  /** Bytes and time of last use of a file; undefined if there is none. */
  async measure(name: string): Promise<{ readonly size: number; readonly modified: number } | undefined> {
    try {
      const stats = await stat(join(this.path, name));
      return { size: stats.size, modified: stats.mtimeMs };
    } catch {
      return undefined;
    }
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.path, name), { force: true });
  }

  removeNow(...names: readonly string[]): void {
    for (const name of names) rmSync(join(this.path, name), { force: true });
  }

  #refusal(why: string, cause?: unknown): CheckpointError {
    return new CheckpointError(
      'unreadable',
      sentence('Decompressed copies cannot be kept in {0}: {1}. Choose another folder for them.', this.path, why),
      { where: this.path, cause },
    );
  }
}

/** True where the process that a file belongs to is gone. */
export function isAbandoned(file: SpillName): boolean {
  return file.mark !== undefined && !isRunning(file.mark);
}
