import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { memorySource } from '../bytes/sources.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import { isDecodable, kindOfFile } from '../criu/kinds.ts';
import { imageToJson } from '../criu/to-json.ts';
import type { Entry, FileSet } from '../archive/file-set.ts';
import { FOLDER, type Branch } from './file-view.ts';
import type { Notebook } from './notebook.ts';

/** `/images/NAME.json`: every image that can be decoded, as `decode --pretty` prints it. */
export class ImagesBranch implements Branch {
  readonly #files: FileSet;
  readonly #images: ImageDirectory;
  readonly #notebook: Notebook;
  readonly #machine: (signal?: AbortSignal) => Promise<number | undefined>;

  /** @param machine gives CRIU's number of the architecture that the dump is of */
  constructor(
    files: FileSet,
    images: ImageDirectory,
    notebook: Notebook,
    machine: (signal?: AbortSignal) => Promise<number | undefined>,
  ) {
    this.#machine = machine;
    this.#files = files;
    this.#images = images;
    this.#notebook = notebook;
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
    if (path === '') return FOLDER;
    const text = await this.#render(path, signal);
    return text && { kind: 'file', size: text.length, mtime: 0 };
  }

  /** Sizes are not known before an image is decoded: a listing gives those of the images themselves. */
  async list(path: string): Promise<readonly FileEntry[] | undefined> {
    if (path !== '') return Promise.resolve(undefined);
    return Promise.resolve(
      [...this.#decodable()].map(([name, entry]) => ({
        name: `${name}.json`,
        kind: 'file' as const,
        size: entry.size,
        mtime: 0,
      })),
    );
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const text = await this.#render(path, signal);
    return text && memorySource(text, `/images/${path}`);
  }

  /** Images by their names here, with those that lie beside the folder of images. */
  #decodable(): ReadonlyMap<string, Entry> {
    const found = new Map<string, Entry>();
    const prefix = this.#images.path('');
    for (const entry of this.#files.entries.values()) {
      const name = jsonPathOf(entry.path, prefix)?.slice('/images/'.length, -'.json'.length);
      if (name !== undefined && entry.type !== 'directory' && entry.type !== 'symlink' && !found.has(name)) {
        found.set(name, entry);
      }
    }
    return found;
  }

  async #render(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const name = /^([^/]+)\.json$/.exec(path)?.[1];
    const entry = name === undefined ? undefined : this.#decodable().get(name);
    if (!entry) return undefined;
    const source = this.#files.open(entry);
    try {
      const machine = await this.#machine(signal);
      const { hasCipher: besideCipher } = this.#images;
      const options = { pretty: true, machine, indent: 2, besideCipher, ...(signal && { signal }) };
      const text = await imageToJson(source, entry.path, options, (notes) => this.#notebook.add(...notes));
      return new TextEncoder().encode(text);
    } finally {
      await source.close();
    }
  }
}

/**
 * Where the file view has an image decoded; undefined for entries that are not decoded there.
 * @param path of the entry in the archive.
 * @param imagesPrefix the folder of the images with its `/`.
 */
export function jsonPathOf(path: string, imagesPrefix: string): string | undefined {
  const name = path.startsWith(imagesPrefix) ? path.slice(imagesPrefix.length) : path;
  if (name === '' || name.includes('/') || !isDecodable(name)) return undefined;
  const row = kindOfFile(name)?.row;
  // Engines move what is written beside a dump out of the folder of images.
  if (row?.content === 'text' || (name === path && imagesPrefix !== '' && row?.framing !== 'service')) return undefined;
  return `/images/${name}.json`;
}
