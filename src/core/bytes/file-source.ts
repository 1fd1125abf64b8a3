import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { BytePlace, ByteSource } from './byte-source.ts';
import { throwIfCancelled } from './cancel.ts';

/** What tells one state of a file from another. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
}

export interface FileSource extends ByteSource {
  readonly size: number;
  readonly file: FileIdentity;
  readonly identity: string;
}

/** Up to here a read of the page cache takes less time than handing it to a thread. */
const SYNC_READ_LIMIT = 256 * 1024;

/** Opening a pipe must not wait for a writer, should a pipe take the file's place. Windows has neither flag. */
const NO_WAITING = process.platform === 'win32' ? 0 : constants.O_NONBLOCK;
export const NO_FOLLOW = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;

/**
 * Opens a regular file for reading.
 * @param options `follow: false` refuses a symbolic link, which is followed otherwise
 * @throws CheckpointError `not-found`, `unreadable`; `unsupported` for what is not a regular file
 */
export function openFile(
  path: string | Buffer,
  name = String(path),
  options: { readonly follow: boolean } = { follow: true },
): Promise<FileSource> {
  // Synchronous within, as reading is: the first paint waits for it, and threads of their own would take longer.
  return new Promise((resolve) => resolve(openNow(path, name, options.follow)));
}

/**
 * Opens a file again, if it still is what it was.
 * @param identity of a source of it
 * @throws CheckpointError `changed` where another file is in its place, or other bytes are; what {@link openFile} throws
 */
export async function openSameFile(path: string, identity: string): Promise<FileSource> {
  const source = await openFile(path);
  if (source.identity === identity) return source;
  await source.close();
  throw new CheckpointError(
    'changed',
    sentence(
      '{0} is not what it was when it was looked at: another program has changed or replaced it. Open it again.',
      path,
    ),
    { where: path },
  );
}

function openNow(path: string | Buffer, name: string, follow: boolean): FileSource {
  const look = follow ? statSync : lstatSync;
  // Looked at before it is opened: opening a tape rewinds it, and opening a pipe takes its reader's place.
  refuseUnlessRegular(
    named(name, () => look(path, { bigint: true })),
    name,
  );
  const flags = constants.O_RDONLY | NO_WAITING | (follow ? 0 : NO_FOLLOW);
  const descriptor = named(name, () => openSync(path, flags));
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    refuseUnlessRegular(stats, name);
    return new OpenFile(descriptor, stats, name);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Names the state of a file, see {@link ByteSource.identity}. */
export function nameOfState(stats: BigIntStats): string {
  return `file:${[stats.dev, stats.ino, stats.size, stats.mtimeNs].join(':')}`;
}

class OpenFile implements FileSource {
  readonly name: string;
  readonly size: number;
  readonly file: FileIdentity;
  readonly identity: string;
  readonly #descriptor: number;
  readonly #modified: number;
  /** Reads that a thread is doing. */
  readonly #underWay = new Set<Promise<number>>();
  #closed = false;
  /** In this turn of the event loop, nothing had changed. */
  #isConfirmed = false;

  constructor(descriptor: number, stats: BigIntStats, name: string) {
    this.#descriptor = descriptor;
    this.name = name;
    this.size = Number(stats.size);
    this.file = { device: stats.dev, inode: stats.ino, size: stats.size, mtime: stats.mtimeNs };
    this.identity = nameOfState(stats);
    this.#modified = fstatSync(descriptor).mtimeMs;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfCancelled(signal);
    const now = this.readNow(offset, length);
    if (now) return now;
    const buffer = Buffer.allocUnsafe(this.#within(offset, length));
    return this.#checked(buffer, offset, await this.#fill(buffer, offset, signal));
  }

  readNow(offset: number, length: number): Uint8Array | undefined {
    this.#requireOpen();
    const wanted = this.#within(offset, length);
    if (wanted > SYNC_READ_LIMIT) return undefined;
    const buffer = Buffer.allocUnsafe(wanted);
    return wanted === 0 ? buffer : this.#checked(buffer, offset, this.#readSync(buffer, wanted, offset));
  }

  fillNow(target: Uint8Array, offset: number): number | undefined {
    this.#requireOpen();
    const wanted = this.#within(offset, target.length);
    if (wanted > SYNC_READ_LIMIT) return undefined;
    if (wanted > 0) this.#check(this.#readSync(target, wanted, offset), wanted, offset);
    return wanted;
  }

  async fill(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    throwIfCancelled(signal);
    const now = this.fillNow(target, offset);
    if (now !== undefined) return now;
    const part = target.subarray(0, this.#within(offset, target.length));
    this.#check(await this.#fill(part, offset, signal), part.length, offset);
    return part.length;
  }

  confirm(): void {
    this.#requireOpen();
    if (this.#isConfirmed) return;
    if (this.#hasChanged()) throw this.#changed(0);
    this.#isConfirmed = true;
    setImmediate(() => (this.#isConfirmed = false));
  }

  place(): BytePlace {
    this.#requireOpen();
    const state = { size: this.size, mtimeMs: this.#modified };
    return { descriptor: this.#descriptor, offset: 0, state };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Once it is closed, the number of the descriptor may be another file's.
    await Promise.allSettled(this.#underWay);
    closeSync(this.#descriptor);
  }

  #requireOpen(): void {
    if (!this.#closed) return;
    throw new CheckpointError('unreadable', sentence('{0} was closed.', this.name), { where: this.name });
  }

  #within(offset: number, length: number): number {
    return Math.max(0, Math.min(length, this.size - offset));
  }

  #checked(buffer: Buffer, offset: number, filled: number): Buffer {
    this.#check(filled, buffer.length, offset);
    return buffer;
  }

  /** @throws CheckpointError `changed` where there was less to read than there was, or others wrote to it */
  #check(filled: number, wanted: number, offset: number): void {
    if (filled < wanted || this.#hasChanged()) throw this.#changed(offset + filled);
  }

  #readSync(target: Uint8Array, wanted: number, offset: number): number {
    let filled = 0;
    while (filled < wanted) {
      const count = this.#tryReadSync(target, filled, wanted - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  #tryReadSync(target: Uint8Array, at: number, length: number, position: number): number {
    try {
      return readSync(this.#descriptor, target, at, length, position);
    } catch (error) {
      throw unreadable(this.name, position, error);
    }
  }

  async #fill(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      throwIfCancelled(signal);
      const count = await this.#readAside(buffer, filled, offset + filled);
      this.#requireOpen();
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  /** In a thread of its own, for what takes longer than handing it over. */
  async #readAside(buffer: Uint8Array, at: number, position: number): Promise<number> {
    const reading = new Promise<number>((resolve, reject) =>
      read(this.#descriptor, buffer, at, buffer.length - at, position, (error, count) =>
        error ? reject(unreadable(this.name, position, error)) : resolve(count),
      ),
    );
    this.#underWay.add(reading);
    try {
      return await reading;
    } finally {
      this.#underWay.delete(reading);
    }
  }

  #hasChanged(): boolean {
    // Without `bigint`, which takes four times as long: this runs after every read.
    const now = fstatSync(this.#descriptor);
    return now.size !== this.size || now.mtimeMs !== this.#modified;
  }

  #changed(offset: number): CheckpointError {
    return new CheckpointError(
      'changed',
      sentence(
        '{0} was changed by another program while it was open, so what it showed may no longer be true. Open it again.',
        this.name,
      ),
      { where: this.name, offset },
    );
  }
}

function refuseUnlessRegular(stats: BigIntStats, name: string): void {
  if (stats.isFile()) return;
  throw new CheckpointError(
    'unsupported',
    sentence('{0} is {1}, not a file. Only regular files and folders can be opened.', name, kindOf(stats)),
    {
      where: name,
    },
  );
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  return 'something else';
}

/** Does something with a file by its path. @throws CheckpointError what the file system says, in a sentence */
export function named<T>(name: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw fileError(name, error);
  }
}

/** Turns what the file system says into a sentence. */
export function rethrowAs(name: string): (error: unknown) => never {
  return (error) => {
    throw fileError(name, error);
  };
}

export function fileError(name: string, error: unknown): CheckpointError {
  const place = { where: name, cause: error };
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new CheckpointError('not-found', sentence('There is no file or folder {0}.', name), place);
    case 'EACCES':
    case 'EPERM':
      return new CheckpointError(
        'unreadable',
        sentence(
          '{0} cannot be read: permission denied. Engines write checkpoints as root; ask for a copy that you may read.',
          name,
        ),
        place,
      );
    case 'ELOOP':
      return new CheckpointError(
        'unreadable',
        sentence('{0} cannot be read: its symbolic links go round in a circle.', name),
        place,
      );
    default:
      return new CheckpointError('unreadable', sentence('{0} cannot be read: {1}.', name, describe(error)), place);
  }
}

function unreadable(name: string, offset: number, error: unknown): CheckpointError {
  return new CheckpointError(
    'unreadable',
    sentence('{0} cannot be read at byte {1}: {2}.', name, offset, describe(error)),
    {
      where: name,
      offset,
      cause: error,
    },
  );
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `EIO: i/o error, read` → `i/o error`. */
function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9_]+: ([^,]+)/.exec(text)?.[1] ?? text;
}
