import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { Buffer } from 'node:buffer';
import { sentence } from '../../protocol/sentence.ts';
import type { FileType } from '../../protocol/changes.ts';
import type { Note } from '../../protocol/note.ts';
import type { BytePlace, ByteSource } from '../bytes/byte-source.ts';
import { Breather } from '../bytes/cancel.ts';
import { fileError, nameOfState, openFile, type FileSource } from '../bytes/file-source.ts';
import { CheckpointError } from '../errors.ts';
import { EntryIndex } from './entry-index.ts';
import type { Entry, FileSet } from './file-set.ts';
import { asText } from './tar-pax.ts';

const MAX_DEPTH = 64;

/**
 * The files of a folder on disk, listed in the background. Symbolic links are entries like others and never followed,
 * so nothing outside the folder is listed or opened.
 * @param signal ends the listing, also after this returned
 */
export function openFolder(path: string, signal?: AbortSignal): FileSet {
  return new FolderFileSet(path, signal);
}

/** A folder still to be listed. Paths on disk are bytes: names need not be UTF-8. */
interface Pending {
  readonly disk: Buffer;
  readonly prefix: Buffer;
  readonly depth: number;
}

class FolderFileSet implements FileSet {
  readonly name: string;
  readonly completed: Promise<void>;
  readonly #index = new EntryIndex();
  readonly #onDisk = new Map<string, { readonly path: Buffer; readonly stats: BigIntStats }>();
  readonly #stop = new AbortController();

  constructor(path: string, signal: AbortSignal | undefined) {
    this.name = path;
    this.completed = this.#walk(path, signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal);
    // Nobody may be listening: the failure is kept for those who ask.
    this.completed.catch(() => undefined);
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#index.entries;
  }

  get complete(): boolean {
    return this.#index.complete;
  }

  get notes(): readonly Note[] {
    return this.#index.notes;
  }

  async find(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const entry = await this.#index.find(path, signal);
    if (!entry) await this.completed;
    return entry;
  }

  open(entry: Entry): ByteSource {
    const place = this.#onDisk.get(entry.path);
    const identity = place && nameOfState(place.stats);
    return new LazyFile(entry, identity, async () => {
      if (!place)
        throw new CheckpointError('not-found', sentence('{0} is not a file of this folder.', entry.path), {
          where: entry.path,
        });
      const file = await openFile(place.path, entry.path, { follow: false });
      if (file.identity === identity) return file;
      await file.close();
      throw new CheckpointError(
        'changed',
        sentence('{0} was changed by another program since the folder was opened. Open it again.', entry.path),
        { where: entry.path },
      );
    });
  }

  onGrowth(listener: () => void): () => void {
    return this.#index.onGrowth(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.completed.catch(() => undefined);
  }

  async #walk(root: string, signal: AbortSignal): Promise<void> {
    const breather = new Breather();
    const pending: Pending[] = [{ disk: Buffer.from(root), prefix: Buffer.alloc(0), depth: 0 }];
    try {
      // The caller gets its set before the first entry is told of.
      await breather.breathe(signal);
      for (let next = pending.shift(); next; next = pending.shift()) {
        for (const name of this.#names(next)) {
          if (breather.isDue) {
            this.#index.flush();
            await breather.breathe(signal);
          }
          const folder = this.#add(next, name);
          if (folder === 'full') return;
          if (folder) pending.push(folder);
        }
      }
    } finally {
      this.#index.finish();
    }
  }

  #names({ disk, prefix }: Pending): readonly Buffer[] {
    try {
      return readdirSync(disk, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b));
    } catch (error) {
      if (prefix.length === 0) throw fileError(this.name, error);
      const where = asText(prefix.subarray(0, -1));
      this.#index.note({ kind: 'missing', where, text: fileError(where, error).sentence });
      return [];
    }
  }

  /** @returns the folder to list, if it is one; `full` when no more entries can be kept */
  #add(parent: Pending, name: Buffer): Pending | 'full' | undefined {
    const disk = Buffer.concat([parent.disk, SLASH, name]);
    const raw = Buffer.concat([parent.prefix, name]);
    let entry: Entry | undefined;
    let stats: BigIntStats;
    try {
      stats = lstatSync(disk, { bigint: true });
      entry = this.#index.add(entryOf(raw, stats, disk));
    } catch (error) {
      const where = asText(raw);
      this.#index.note({ kind: 'missing', where, text: fileError(where, error).sentence });
      return undefined;
    }
    if (!entry) {
      this.#noteLimit(
        raw,
        sentence('The folder {0} holds more files than can be listed. The rest is not shown.', this.name),
      );
      return 'full';
    }
    if (entry.type === 'file') this.#onDisk.set(entry.path, { path: disk, stats });
    if (!stats.isDirectory()) return undefined;
    if (parent.depth < MAX_DEPTH) return { disk, prefix: Buffer.concat([raw, SLASH]), depth: parent.depth + 1 };
    this.#noteLimit(raw, sentence('{0} lies too deep: what is in it is not shown.', asText(raw)));
    return undefined;
  }

  #noteLimit(raw: Buffer, text: Note['text']): void {
    this.#index.note({ kind: 'missing', where: asText(raw), text });
  }
}

const SLASH = Buffer.from('/');

function entryOf(raw: Buffer, stats: BigIntStats, disk: Buffer): Entry {
  const path = asText(raw);
  const type = typeOf(stats);
  return {
    path,
    ...(!raw.equals(Buffer.from(path)) && { pathBytes: raw }),
    type,
    size: type === 'file' ? Number(stats.size) : 0,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: stats.mtimeNs,
    ...(type === 'symlink' && { linkTarget: asText(readlinkSync(disk, 'buffer')) }),
    ...(type.endsWith('-device') && deviceOf(stats.rdev)),
  };
}

function typeOf(stats: BigIntStats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isCharacterDevice()) return 'character-device';
  if (stats.isBlockDevice()) return 'block-device';
  return 'unknown';
}

/** Linux keeps device numbers as 12 bits major and 20 bits minor, the lower ones of each in the middle. */
function deviceOf(rdev: bigint): { deviceMajor: number; deviceMinor: number } {
  return {
    deviceMajor: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    deviceMinor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}

/** A file that is opened when it is first read: listing a folder must not open thousands of files. */
class LazyFile implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string | undefined;
  readonly #open: () => Promise<FileSource>;
  #file: Promise<FileSource> | undefined;

  constructor(entry: Entry, identity: string | undefined, open: () => Promise<FileSource>) {
    this.name = entry.path;
    this.size = entry.size;
    this.identity = identity;
    this.#open = open;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const file = await (this.#file ??= this.#open());
    return file.read(offset, length, signal);
  }

  async place(): Promise<BytePlace | undefined> {
    const file = await (this.#file ??= this.#open());
    return file.place?.();
  }

  async close(): Promise<void> {
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }
}
