import type { Note } from '../../protocol/note.ts';
import type { Entry, FileSet } from '../archive/file-set.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { throwIfCancelled } from '../bytes/cancel.ts';
import { CheckpointError } from '../errors.ts';
import { sentence } from '../../protocol/sentence.ts';
import { decodeImage, type DecodedImage } from './image.ts';
import { ImagesInUse } from './images-in-use.ts';
import { fileOf, type KindName, type KindRow } from './kinds.ts';
import type { Extent } from './outline.ts';
import type { Messages } from './schema/generated/messages.ts';

type RowOf<K extends KindName> = Extract<KindRow, { readonly kind: K }>;
type NameOf<Row> = Row extends { readonly message: infer Name extends keyof Messages } ? Name : never;

/** The type of a kind's messages; of kinds whose first message is another one, that of the rest. */
export type MessageOf<K extends KindName> = Messages[NameOf<RowOf<K>>];

/** Encoded bytes of the images that stay decoded. Decoded they take about ten times as much. */
const cacheBytes = 4 * 1024 * 1024;
/** What an image costs beside its bytes. */
const cachedImageBytes = 256;
/** Bytes of a file that are looked at without waiting. */
const maxPiece = 256 * 1024;
const firstPiece = 4 * 1024;
/** How many dumps may stand on each other. */
const maxParents = 16;

interface CachedImage {
  /** A promise as long as its bytes have to be waited for. */
  decoded: DecodedImage | Promise<DecodedImage>;
  readonly bytes: number;
}

/** The CRIU images of one dump, in whatever set of files they lie, decoded when asked for. */
export class ImageDirectory {
  readonly #files: FileSet;
  readonly #prefix: string;
  readonly #below: ReadonlySet<string>;
  /** Least recently used first. */
  readonly #cache = new Map<string, CachedImage>();
  /** Decoded images that are too large to be kept, for as long as somebody holds their first message. */
  readonly #inUse = new ImagesInUse();
  #cachedBytes = 0;
  readonly #notes = new Map<string, readonly Note[]>();
  /** Where files are read into that are looked at and not kept. */
  #room = new Uint8Array();
  /** Once they are all known. */
  #names: readonly string[] | undefined;

  /**
   * @param prefix the folder of the images in the set with its `/`, e.g. `checkpoint/`; empty where they lie at its top.
   * @param below folders of the dumps that build upon this one.
   */
  constructor(files: FileSet, prefix: string, below: ReadonlySet<string> = new Set()) {
    this.#files = files;
    this.#prefix = prefix;
    this.#below = below;
  }

  /** False while entries are still coming out of a decompressor. */
  get complete(): boolean {
    return this.#files.complete;
  }

  /** Each read is a journey: who needs many images asks for them at the same time. */
  get isFar(): boolean {
    return this.#files.isFar === true;
  }

  /** What was found wrong with the images decoded so far. */
  get notes(): readonly Note[] {
    return [...this.#notes.values()].flat();
  }

  /** The entry path of a file in this folder: the `where` of notes. */
  path(name: string): string {
    return this.#prefix + name;
  }

  /** Names of the files in this folder that are known so far, in the order of the archive. */
  names(): readonly string[] {
    if (this.#names) return this.#names;
    const names: string[] = [];
    for (const path of this.#files.entries.keys()) {
      const { length } = this.#prefix;
      const isHere = path.length > length && path.startsWith(this.#prefix) && !path.includes('/', length);
      if (isHere) names.push(path.slice(length));
    }
    if (this.#files.complete) this.#names = names;
    return names;
  }

  /** Whether a file of this name is known so far. */
  has(name: string): boolean {
    return this.#files.entries.has(this.path(name));
  }

  /** Whether the images are those of an encrypted dump, as far as is known. */
  get hasCipher(): boolean {
    return this.has(fileOf('CIPHER')) && !this.isEmpty(fileOf('CIPHER'));
  }

  /** Whether a file of this name is known, and holds no byte. */
  isEmpty(name: string): boolean {
    const entry = this.#files.entries.get(this.path(name));
    return entry?.type === 'file' && entry.size === 0;
  }

  /** The bytes of a file; undefined where there is none. Waits while the archive is not read to its end. */
  async open(name: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const path = this.path(name);
    const entry = this.#files.entries.get(path) ?? (await this.#files.find(path, signal));
    return entry && isContent(entry) ? this.#files.open(entry) : undefined;
  }

  /** As `open`, but undefined also where it would have to be waited for. */
  openNow(name: string): ByteSource | undefined {
    const entry = this.#files.entries.get(this.path(name));
    return entry && isContent(entry) ? this.#files.open(entry) : undefined;
  }

  /**
   * All bytes of a small file; undefined where there is none, or where they have to be waited for. They stand where the
   * next call puts its own: copy what is needed longer.
   */
  bytesNow(name: string): Uint8Array | undefined {
    const source = this.openNow(name);
    return source?.size === undefined ? undefined : this.pieceNow(source, 0, source.size);
  }

  /** As `bytesNow`, of a part of a file; undefined also where not all of it is there. */
  pieceNow(source: ByteSource, offset: number, length: number): Uint8Array | undefined {
    const kept = source.keptNow?.(offset, length);
    if (kept) return kept.length === length ? kept : undefined;
    if (!source.fillNow) {
      const bytes = source.readNow?.(offset, length);
      return bytes?.length === length ? bytes : undefined;
    }
    if (length > maxPiece) return undefined;
    if (this.#room.length < length)
      this.#room = new Uint8Array(Math.max(firstPiece, 2 ** Math.ceil(Math.log2(length))));
    const piece = this.#room.subarray(0, length);
    return source.fillNow(piece, offset) === length ? piece : undefined;
  }

  /**
   * A decoded image; undefined where there is none, which for CRIU is an empty set. Decoded ones are kept for a while;
   * calls for one image at the same time share the work. Waits while the archive is not read to its end.
   * @param extent an outline is faster, and lacks what outline.ts names; where the whole is kept it may be that
   * @throws CheckpointError what the bytes' source throws
   */
  async image(name: string, signal?: AbortSignal, extent: Extent = 'whole'): Promise<DecodedImage | undefined> {
    const path = this.path(name);
    const entry = this.#files.entries.get(path) ?? (await this.#files.find(path, signal));
    if (!entry || !isContent(entry)) return undefined;
    throwIfCancelled(signal);
    const decoded = this.#decoded(path, entry, extent);
    return signal && decoded instanceof Promise ? orAborted(decoded, signal) : decoded;
  }

  /** The messages of an image by its kind; none where there is no such image, or one of another kind. */
  async messages<K extends KindName>(
    kind: K,
    name: string,
    signal?: AbortSignal,
    extent: Extent = 'whole',
  ): Promise<readonly MessageOf<K>[]> {
    throwIfCancelled(signal);
    const image = this.#imageNow(name, extent) ?? (await this.image(name, signal, extent));
    if (image?.row?.kind !== kind) return [];
    const type = image.row.message;
    const messages: MessageOf<K>[] = [];
    for (const entry of image.entries) if (entry.type === type) messages.push(entry.message as MessageOf<K>);
    return messages;
  }

  /** The image, if it is known and nothing of it has to be waited for. */
  #imageNow(name: string, extent: Extent): DecodedImage | undefined {
    const path = this.path(name);
    const entry = this.#files.entries.get(path);
    if (!entry || !isContent(entry)) return undefined;
    const decoded = this.#decoded(path, entry, extent);
    return decoded instanceof Promise ? undefined : decoded;
  }

  /**
   * The images of the dump that this one builds upon (`parent`, a link to another folder). Undefined where it has none,
   * where it lies outside the set, and where the links go round in a ring.
   */
  async parent(signal?: AbortSignal): Promise<ImageDirectory | undefined> {
    const link = await this.#files.find(this.path('parent'), signal);
    const folder = link?.type === 'symlink' ? this.#resolve(link.linkTarget ?? '') : this.path('parent');
    if (folder === undefined) return undefined;
    const prefix = folder === '' ? '' : `${folder}/`;
    const below = new Set([...this.#below, this.#prefix]);
    if (below.has(prefix) || below.size > maxParents) return undefined;
    const parent = new ImageDirectory(this.#files, prefix, below);
    return parent.names().length > 0 ? parent : undefined;
  }

  #decoded(path: string, entry: Entry, extent: Extent): DecodedImage | Promise<DecodedImage> {
    const whole = this.#cached(path);
    if (whole || extent === 'whole') return whole ?? this.#decode(path, entry, extent, path);
    // No path ends in a NUL.
    const key = `${path}\0`;
    return this.#cached(key) ?? this.#decode(path, entry, extent, key);
  }

  #cached(key: string): DecodedImage | Promise<DecodedImage> | undefined {
    const cached = this.#cache.get(key);
    if (!cached) return this.#inUse.get(key);
    this.#cache.delete(key);
    this.#cache.set(key, cached);
    return cached.decoded;
  }

  #decode(path: string, entry: Entry, extent: Extent, key: string): DecodedImage | Promise<DecodedImage> {
    const source = this.#files.open(entry);
    const decoded = decodeImage(source, path, { extent, besideCipher: this.hasCipher });
    const cached: CachedImage = { decoded, bytes: entry.size + cachedImageBytes };
    this.#cache.set(key, cached);
    this.#cachedBytes += cached.bytes;
    const keep = (image: DecodedImage): DecodedImage => {
      cached.decoded = image;
      if (image.notes.length > 0) this.#notes.set(path, image.notes);
      // Of frames the messages are one and the same.
      if (cached.bytes > cacheBytes && extent !== 'frames') this.#inUse.set(key, image);
      this.#evict();
      return image;
    };
    if (!(decoded instanceof Promise)) {
      void source.close();
      return keep(decoded);
    }
    cached.decoded = decoded.finally(() => source.close());
    cached.decoded.then(keep, () => this.#forget(key));
    return cached.decoded;
  }

  #evict(): void {
    for (const key of this.#cache.keys()) {
      if (this.#cachedBytes <= cacheBytes) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#cachedBytes -= this.#cache.get(key)?.bytes ?? 0;
    this.#cache.delete(key);
  }

  /** A link's target as a path in the set; undefined where it leads out of it. */
  #resolve(target: string): string | undefined {
    if (target.startsWith('/')) return undefined;
    const parts = this.#prefix.split('/').filter(Boolean);
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      if (part !== '..') parts.push(part);
      else if (parts.pop() === undefined) return undefined;
    }
    return parts.join('/');
  }
}

function isContent(entry: Entry): boolean {
  return entry.type === 'file' || entry.type === 'hardlink' || entry.type === 'sparse';
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      reject(new CheckpointError('cancelled', sentence('Cancelled.')));
    };
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
