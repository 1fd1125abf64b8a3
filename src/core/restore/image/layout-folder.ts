import { mkdir, readdir, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '../../bytes/file-source.ts';
import { blobPath, type ImageWriter, type WriterOptions } from './image-writer.ts';
import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import { describeIndex, LAYOUT_MARK } from './manifest.ts';
import { exists, isThere } from '../../bytes/new-file.ts';
import { createFile, partialPath, requireRoom, unwritable, writeAt } from './private-files.ts';

/** An OCI image layout in a folder (OCI image-spec 1.1, "Image Layout"). */
export class LayoutFolder implements ImageWriter {
  readonly #target: string;
  readonly #partial: string;
  readonly #tag: string;
  readonly #layer: FileHandle;
  #length = 0;

  /** @throws CheckpointError `exists` for a folder that is not empty, `no-space`, `unwritable`, `not-found` */
  static async create(path: string, { layerSize, tag }: WriterOptions): Promise<LayoutFolder> {
    const target = resolve(path);
    const partial = partialPath(target);
    try {
      await requireFree(target);
      await requireRoom(dirname(target), layerSize);
      await mkdir(join(partial, 'blobs', 'sha256'), { recursive: true, mode: 0o700 });
      return new LayoutFolder(target, partial, tag, await createFile(join(partial, 'layer')));
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw unwritable(target, error);
    }
  }

  private constructor(target: string, partial: string, tag: string, layer: FileHandle) {
    this.#target = target;
    this.#partial = partial;
    this.#tag = tag;
    this.#layer = layer;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await writeAt(this.#layer, bytes, this.#length).catch((error: unknown) => {
      throw unwritable(this.#target, error);
    });
    this.#length += bytes.length;
  }

  async finish({ layer, config, manifest }: ImageDocuments): Promise<void> {
    try {
      await this.#layer.sync();
      await this.#layer.close();
      await rename(join(this.#partial, 'layer'), join(this.#partial, blobPath(layer.digest)));
      for (const { digest, bytes } of [config, manifest]) await this.#write(blobPath(digest), bytes);
      await this.#write('index.json', describeIndex(manifest, this.#tag));
      await this.#write('oci-layout', LAYOUT_MARK);
      await requireFree(this.#target);
      await rename(this.#partial, this.#target);
    } catch (error) {
      throw unwritable(this.#target, error);
    }
  }

  async discard(): Promise<void> {
    await this.#layer.close().catch(() => undefined);
    await rm(this.#partial, { recursive: true, force: true });
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const handle = await createFile(join(this.#partial, path));
    try {
      await writeAt(handle, bytes, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** An empty folder makes room. @throws CheckpointError `exists` */
async function requireFree(target: string): Promise<void> {
  if (!(await isThere(target))) return;
  const isEmpty = await readdir(target).then(
    (names) => names.length === 0,
    () => false,
  );
  if (!isEmpty) throw exists(target);
  await rmdir(target).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw exists(target);
  });
}
