import type { FileHandle } from 'node:fs/promises';
import { rename, statfs, utimes } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { bootMark } from './process-mark.ts';
import { isAbandoned, SpillDirectory, type SpillName } from './spill-directory.ts';

/** Milliseconds that a decompressed copy outlives its last user. */
export const KEEP_FOR = 5 * 60 * 1000;
/** Bytes that are left free on the file system. */
const RESERVE = 256 * 1024 * 1024;
/** How many bytes are written between two looks at the limit and the free space. */
const CHECK_EVERY = 64 * 1024 * 1024;

/** A decompressed copy on disk that this process uses. Releasing it twice does nothing. */
export interface SpilledCopy {
  readonly handle: FileHandle;
  readonly size: number;
  release(): Promise<void>;
}

/** A decompressed copy that is being written. */
export interface SpillWriter {
  readonly handle: FileHandle;
  /** Writes bytes behind those written before, one call after the other. @throws CheckpointError `too-large`, `no-space` */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** All is written: others may use the copy from now on. */
  finish(size: number): Promise<void>;
  /** The copy is not used any more. If it was not finished, it is removed. */
  release(): Promise<void>;
}

type FreeSpace = (directory: string) => Promise<number>;

async function freeSpaceOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

interface State {
  readonly version: 1;
  readonly size: number;
  /** Which start of the machine wrote it: what was not on disk when the power went is not trusted. */
  readonly boot: string;
  /** Milliseconds since 1970 after which it goes if nobody uses it; null: it stays until there are too many. */
  readonly expires: number | null;
}

/**
 * Decompressed copies on disk, by the rules of their sharing: private, found again by what they were made from, used by
 * several processes at once, dropped some time after their last user.
 */
export class SpillStore {
  readonly #directory: SpillDirectory;
  readonly #limit: number;
  readonly #keepFor: number;
  readonly #freeSpace: FreeSpace;

  private constructor(settings: SpillSettings, freeSpace: FreeSpace) {
    this.#freeSpace = freeSpace;
    this.#directory = new SpillDirectory(settings.directory);
    this.#limit = settings.limit;
    this.#keepFor = settings.keepFor ?? KEEP_FOR;
  }

  /**
   * Opens the store, making its directory if needed, and drops what ended processes left there.
   * @param freeSpace tells how many bytes may still be written to the file system of a directory
   * @throws CheckpointError `unreadable`
   */
  static async open(settings: SpillSettings, freeSpace: FreeSpace = freeSpaceOf): Promise<SpillStore> {
    const store = new SpillStore(settings, freeSpace);
    await store.#directory.prepare();
    await store.sweep();
    return store;
  }

  /** Drops copies whose time has come and what ended processes left; what a live process uses stays. */
  async sweep(): Promise<void> {
    const files = await this.#directory.list();
    const orphaned = new Set<string>();
    for (const file of files.filter(isAbandoned)) {
      orphaned.add(file.key);
      await this.#directory.remove(file.name);
    }
    const used = usedKeys(files);
    for (const { key } of files.filter(({ role }) => role === 'data' || role === 'json')) {
      if (used.has(key)) continue;
      const state = await this.#state(key);
      const isDue = state?.expires !== null && (state?.expires ?? 0) < Date.now();
      if (!state || isDue || orphaned.has(key)) await this.#drop(key);
    }
  }

  /** The whole copy for a key, if there is one. */
  async find(key: string): Promise<SpilledCopy | undefined> {
    const lock = await this.#lock(key);
    const state = await this.#state(key);
    const handle = state && (await this.#directory.open(`${key}.data`));
    if (handle && (await handle.stat()).size === state.size) {
      return { handle, size: state.size, release: once(() => this.#leave(key, lock, handle, state)) };
    }
    await handle?.close();
    await this.#removeOwn(lock);
    return undefined;
  }

  /**
   * Begins a new copy.
   * @param key undefined: nobody else will find it
   * @param expected bytes that it will have at least
   * @throws CheckpointError `no-space`, `too-large`
   */
  async create(key: string | undefined, expected: number): Promise<SpillWriter> {
    await this.#makeRoom(expected);
    await this.#requireSpace(expected);
    const fileKey = key ?? randomBytes(20).toString('hex');
    const { name, handle } = await this.#directory.create(fileKey, 'part');
    ownFiles(this.#directory).add(name);
    return this.#writer(fileKey, name, handle, key !== undefined);
  }

  #writer(key: string, part: string, handle: FileHandle, canBeShared: boolean): SpillWriter {
    let lock: string | undefined;
    let checkAt = 0;
    return {
      handle,
      write: async (bytes, position) => {
        const end = position + bytes.length;
        if (end > this.#limit) throw tooLarge(this.#limit);
        if (end > checkAt) {
          checkAt = end + Math.min(CHECK_EVERY, Math.ceil(this.#limit / 16));
          await this.#makeRoom(0);
          await this.#requireSpace(0);
        }
        await writeSparse(handle, bytes, position);
      },
      finish: async (size) => {
        if (!canBeShared || this.#keepFor === 0) return;
        lock = await this.#lock(key);
        await rename(join(this.#directory.path, part), join(this.#directory.path, `${key}.data`));
        ownFiles(this.#directory).delete(part);
        await this.#writeState(key, { version: 1, size, boot: bootMark(), expires: this.#expiry() });
      },
      release: once(async () => {
        if (lock !== undefined) return this.#leave(key, lock, handle);
        await handle.close();
        await this.#removeOwn(part);
      }),
    };
  }

  /** Gives up one use of a copy, and lets its remaining time begin. */
  async #leave(key: string, lock: string, handle: FileHandle, found?: State): Promise<void> {
    await handle.close();
    const state = found ?? (await this.#state(key));
    // What somebody wanted to be kept is kept.
    if (state && state.expires !== null) await this.#writeState(key, { ...state, expires: this.#expiry() });
    await this.#removeOwn(lock);
    if (Number.isFinite(this.#keepFor)) {
      setTimeout(() => void this.sweep().catch(() => undefined), this.#keepFor + 1000).unref();
    }
  }

  #expiry(): number | null {
    return Number.isFinite(this.#keepFor) ? Date.now() + this.#keepFor : null;
  }

  async #lock(key: string): Promise<string> {
    const { name, handle } = await this.#directory.create(key, 'use');
    ownFiles(this.#directory).add(name);
    await handle.close();
    return name;
  }

  async #state(key: string): Promise<State | undefined> {
    const handle = await this.#directory.open(`${key}.json`);
    if (!handle) return undefined;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
      const state: unknown = JSON.parse(buffer.toString('utf8', 0, bytesRead));
      return isState(state) && state.boot === bootMark() ? state : undefined;
    } catch {
      return undefined;
    } finally {
      await handle.close();
    }
  }

  /** Whole or not at all: written under another name first. */
  async #writeState(key: string, state: State): Promise<void> {
    const { name, handle } = await this.#directory.create(key, 'temporary');
    try {
      await handle.writeFile(JSON.stringify(state));
    } finally {
      await handle.close();
    }
    await rename(join(this.#directory.path, name), join(this.#directory.path, `${key}.json`));
    const now = new Date();
    await utimes(join(this.#directory.path, `${key}.json`), now, now);
  }

  /** Drops copies that nobody uses, the longest unused first, until `expected` bytes more are within the limit. */
  async #makeRoom(expected: number): Promise<void> {
    const files = await this.#directory.list();
    const sizes = new Map<string, number>();
    let total = expected;
    for (const { name, key, role } of files) {
      if (role !== 'data' && role !== 'part') continue;
      const size = (await this.#directory.measure(name))?.size ?? 0;
      if (role === 'data') sizes.set(key, size);
      total += size;
    }
    if (total <= this.#limit) return;
    for (const key of await this.#unusedOldestFirst(files)) {
      await this.#drop(key);
      total -= sizes.get(key) ?? 0;
      if (total <= this.#limit) return;
    }
    throw tooLarge(this.#limit);
  }

  async #unusedOldestFirst(files: readonly SpillName[]): Promise<readonly string[]> {
    const used = usedKeys(files);
    const unused: { key: string; modified: number }[] = [];
    for (const { name, key, role } of files) {
      if (role !== 'data' || used.has(key)) continue;
      const measure = (await this.#directory.measure(`${key}.json`)) ?? (await this.#directory.measure(name));
      unused.push({ key, modified: measure?.modified ?? 0 });
    }
    return unused.sort((a, b) => a.modified - b.modified).map(({ key }) => key);
  }

  async #requireSpace(expected: number): Promise<void> {
    if ((await this.#freeSpace(this.#directory.path)) - expected >= RESERVE) return;
    throw new CheckpointError(
      'no-space',
      sentence(
        'There is not enough free space in {0} for the decompressed copy. Free some, or choose another folder for such copies.',
        this.#directory.path,
      ),
      { where: this.#directory.path },
    );
  }

  async #drop(key: string): Promise<void> {
    await this.#directory.remove(`${key}.json`, `${key}.data`);
  }

  async #removeOwn(name: string): Promise<void> {
    await this.#directory.remove(name);
    ownFiles(this.#directory).delete(name);
  }
}

/**
 * The key under which the decompressed copy of a source is found again: a hash of what identifies its bytes, and of the
 * first and last 4 KiB. Undefined where nothing identifies them.
 */
export async function spillKey(source: ByteSource, kind: string, signal?: AbortSignal): Promise<string | undefined> {
  const { identity, size } = source;
  if (identity === undefined || size === undefined) return undefined;
  const hash = createHash('sha256').update(JSON.stringify([identity, kind]));
  hash.update(await source.read(0, Math.min(size, 4096), signal));
  hash.update(await source.read(Math.max(0, size - 4096), 4096, signal));
  return hash.digest('hex').slice(0, 40);
}

function usedKeys(files: readonly SpillName[]): ReadonlySet<string> {
  return new Set(files.filter((file) => file.role === 'use' && !isAbandoned(file)).map(({ key }) => key));
}

function isState(value: unknown): value is State {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Partial<Record<keyof State, unknown>>;
  const isTime = state.expires === null || typeof state.expires === 'number';
  return state.version === 1 && Number.isSafeInteger(state.size) && typeof state.boot === 'string' && isTime;
}

function tooLarge(limit: number): CheckpointError {
  return new CheckpointError(
    'too-large',
    sentence(
      'Its decompressed copy would take more than the {0} bytes that such copies may take together. Raise that limit, or close other checkpoints.',
      limit,
    ),
  );
}

/** Memory of processes is full of zeros: pieces of this size without anything else become holes of the file. */
const HOLE = 64 * 1024;
const ZEROS = Buffer.alloc(HOLE);

/** Writes bytes behind those that are in the file, without its zeros. */
async function writeSparse(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let start = 0;
  for (let at = 0; at < bytes.length; at += HOLE) {
    const end = Math.min(at + HOLE, bytes.length);
    if (ZEROS.compare(bytes, at, end, 0, end - at) !== 0) continue;
    await writeAll(handle, bytes.subarray(start, at), position + start);
    start = end;
  }
  if (start < bytes.length) await writeAll(handle, bytes.subarray(start), position + start);
  else await handle.truncate(position + bytes.length);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

/** Files of this process that must not outlive it, even if it ends without releasing them. */
const mine = new Map<string, { directory: SpillDirectory; names: Set<string> }>();

function ownFiles(directory: SpillDirectory): Set<string> {
  if (mine.size === 0) {
    process.once('exit', () => {
      for (const own of mine.values()) own.directory.removeNow(...own.names);
    });
  }
  let own = mine.get(directory.path);
  if (!own) mine.set(directory.path, (own = { directory, names: new Set() }));
  return own.names;
}
