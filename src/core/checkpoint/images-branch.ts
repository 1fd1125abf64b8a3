import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { memorySource } from '../bytes/sources.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import { isDecodable, kindOfFile } from '../criu/kinds.ts';
import { imageToJson } from '../criu/to-json.ts';
import type { FileSet } from '../archive/file-set.ts';
import { FOLDER, type Branch } from './file-view.ts';
import type { Notebook } from './notebook.ts';

/** `/images/NAME.json`: every image that can be decoded, as `decode --pretty` prints it. Texts are among the files. */
export class ImagesBranch implements Branch {
  readonly #files: FileSet;
  readonly #images: ImageDirectory;
  readonly #notebook: Notebook;

  constructor(files: FileSet, images: ImageDirectory, notebook: Notebook) {
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
      this.#decodable().map((name) => ({
        name: `${name}.json`,
        kind: 'file' as const,
        size: this.#files.entries.get(this.#images.path(name))?.size ?? 0,
        mtime: 0,
      })),
    );
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const text = await this.#render(path, signal);
    return text && memorySource(text, `/images/${path}`);
  }

  #decodable(): readonly string[] {
    return this.#images.names().filter((name) => isDecodable(name) && kindOfFile(name)?.row.content !== 'text');
  }

  async #render(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const name = /^([^/]+)\.json$/.exec(path)?.[1];
    if (name === undefined || !this.#decodable().includes(name)) return undefined;
    const source = await this.#images.open(name, signal);
    if (!source) return undefined;
    try {
      const options = { pretty: true, besideCipher: this.#images.hasCipher, ...(signal && { signal }) };
      const text = await imageToJson(source, this.#images.path(name), options, (notes) => this.#notebook.add(...notes));
      return new TextEncoder().encode(text);
    } finally {
      await source.close();
    }
  }
}
