import type { FactRef, ImagePlace, RawDetail, RawEntry, RawView } from '../../../protocol/raw.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { Entry } from '../../archive/file-set.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { hexWord } from '../../criu/field-words.ts';
import { isDecodable, kindOfFile, type Kind, type KindName } from '../../criu/kinds.ts';
import { CheckpointError } from '../../errors.ts';
import { jsonPathOf } from '../images-branch.ts';
import { openDecodedImage, type DecodedImage } from './decoded-image.ts';
import { fileWords, kindWords, otherWords } from './entry-words.ts';
import { placeOfFact } from './fact-place.ts';
import type { Raw, RawSources } from './raw.ts';

/** What is shown of an entry that is neither decoded nor text. */
const previewBytes = 1024;
const keptImages = 2;

/** Kinds whose id is that of the process that the image is of. */
const ofProcess: ReadonlySet<KindName> = new Set([
  'IDS',
  'MM',
  'VMAS',
  'PAGEMAP',
  'FS',
  'CREDS',
  'SIGACT',
  'SIGNAL',
  'ITIMERS',
  'POSIX_TIMERS',
  'RLIMIT',
]);

/** All of {@link Raw} for which images are decoded. */
export class DumpedRaw implements Omit<Raw, 'machine'> {
  readonly #sources: RawSources;
  /** Those looked at last, least recently first: the detail of an entry and its tree are asked for one after the other. */
  readonly #images = new Map<string, Promise<DecodedImage>>();

  constructor(sources: RawSources) {
    this.#sources = sources;
  }

  entries(): Promise<readonly RawEntry[]> {
    return Promise.resolve([...this.#sources.files.entries.values()].map((entry) => this.#describe(entry)));
  }

  async entry(path: string, signal?: AbortSignal): Promise<RawDetail> {
    const entry = await this.#find(path, signal);
    const facts = this.#describe(entry);
    const { mode, uid, gid } = entry;
    const modified = timeOf(entry.mtime);
    const common = { ...facts, mode, uid, gid, ...(modified !== undefined && { modified }) };
    if (facts.view === 'none') return { ...common, notes: [] };
    const file = `/archive/${path}`;
    if (facts.view === 'text') return { ...common, file, notes: [] };
    const image = facts.view === 'tree' ? await this.image(path, signal) : undefined;
    const start = image === undefined || image.count === 0 ? await this.#start(entry, signal) : undefined;
    const json = image && jsonPathOf(path, this.#sources.imagesPrefix);
    const magic = image?.facts.magic ?? image?.facts.row?.magic;
    return {
      ...common,
      file,
      notes: image?.notes ?? [],
      ...(json !== undefined && { json }),
      ...(image && { entries: image.count }),
      ...(magic !== undefined && { magic: hexWord(magic) }),
      ...(start && { start }),
    };
  }

  async image(path: string, signal?: AbortSignal): Promise<DecodedImage> {
    const entry = await this.#find(path, signal);
    if (this.#describe(entry).view !== 'tree') {
      const text = sentence('{0} is no image that can be decoded.', path);
      throw new CheckpointError('unsupported', text, { where: path });
    }
    const image = await orCancelled(this.#opened(entry), signal);
    this.#sources.notebook.add(...image.notes);
    return image;
  }

  place(fact: FactRef, signal?: AbortSignal): Promise<ImagePlace | undefined> {
    return placeOfFact(this.#sources.images, fact, signal);
  }

  /** Shared by all who look at it, so nobody's signal ends the work. */
  #opened(entry: Entry): Promise<DecodedImage> {
    const { path } = entry;
    const known = this.#images.get(path);
    this.#images.delete(path);
    const { files, images, machine } = this.#sources;
    const open = (): Promise<ByteSource> => Promise.resolve(files.open(entry));
    const opening = known ?? openDecodedImage(open, path, { besideCipher: images.hasCipher, machine });
    this.#images.set(path, opening);
    // Who asks again after a failure tries again.
    opening.catch(() => this.#images.delete(path));
    for (const oldest of [...this.#images.keys()].slice(0, -keptImages)) this.#images.delete(oldest);
    return opening;
  }

  async #find(path: string, signal?: AbortSignal): Promise<Entry> {
    const { files } = this.#sources;
    const entry = files.entries.get(path) ?? (await files.find(path, signal));
    if (entry) return entry;
    throw new CheckpointError('not-found', sentence('The archive has no entry {0}.', path), { where: path });
  }

  async #start(entry: Entry, signal?: AbortSignal): Promise<Uint8Array> {
    const source = this.#sources.files.open(entry);
    try {
      return new Uint8Array(await source.read(0, previewBytes, signal));
    } finally {
      await source.close();
    }
  }

  #describe({ path, type, size, linkTarget }: Entry): RawEntry {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const named = kindOfFile(name);
    const row = named && this.#isImage(path, named.row) ? named.row : undefined;
    const pid = row && ofProcess.has(row.kind as KindName) && typeof named?.id === 'number' ? named.id : undefined;
    const [view, what] = this.#viewOf(path, type, row);
    return {
      path,
      type,
      size,
      ...(row && { kind: row.crit ?? row.kind }),
      what,
      view,
      ...(pid !== undefined && { pid }),
      ...(linkTarget !== undefined && { linkTarget }),
    };
  }

  /** Images lie in their folder, or in that of an earlier dump; what is written beside a dump lies anywhere. */
  #isImage(path: string, row: Kind): boolean {
    if (row.framing === 'service' || row.content === 'text') return true;
    const { imagesPrefix } = this.#sources;
    return path.startsWith(imagesPrefix) || path.endsWith('.img');
  }

  #viewOf(path: string, type: Entry['type'], row: Kind | undefined): readonly [RawView, string] {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (type === 'directory') return ['none', otherWords.folder.label];
    if (type === 'symlink') {
      return ['none', (name === 'parent' ? otherWords.parent : otherWords.link).label];
    }
    if (type !== 'file' && type !== 'hardlink' && type !== 'sparse') return ['none', otherWords.special.label];
    if (row) {
      const words = kindWords[row.kind as KindName].label;
      if (row.content === 'text') return ['text', words];
      return [isDecodable(name) ? 'tree' : 'bytes', words];
    }
    for (const [pattern, view, words] of fileWords) if (pattern.test(path)) return [view, words.label];
    if (isDecodable(name)) return ['tree', otherWords.unknownImage.label];
    return ['bytes', otherWords.file.label];
  }
}

/** Nanoseconds since 1970 as RFC 3339; undefined where an archive has no time, or none of a calendar. */
function timeOf(nanoseconds: bigint): string | undefined {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  return nanoseconds === 0n || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
