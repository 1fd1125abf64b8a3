import { rm, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { blobPath, type ImageWriter, type WriterOptions } from './image-writer.ts';
import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import { describeIndex, LAYOUT_MARK } from './manifest.ts';
import { exists, isThere, takeName } from '../../bytes/new-file.ts';
import { createFile, partialPath, requireRoom, unwritable, writeAt } from './private-files.ts';
import { BLOCK, END, padding, tarHeader } from '../../archive/tar-member.ts';

/** An OCI image layout in a tar, which skopeo, podman and buildah call oci-archive. */
export class LayoutArchive implements ImageWriter {
  readonly #target: string;
  readonly #partial: string;
  readonly #tag: string;
  readonly #handle: FileHandle;
  /** Where the layer's header goes: it has its digest in its name, which is known when it has passed. */
  #header = 0;
  #end = 0;
  #length = 0;

  /** @throws CheckpointError `exists`, `no-space`, `unwritable`, `not-found` */
  static async create(path: string, options: WriterOptions): Promise<LayoutArchive> {
    const target = resolve(path);
    const partial = partialPath(target);
    try {
      if (await isThere(target)) throw exists(target);
      await requireRoom(dirname(target), options.layerSize);
      const archive = new LayoutArchive(target, partial, await createFile(partial), options.tag);
      await archive.#begin();
      return archive;
    } catch (error) {
      await rm(partial, { force: true });
      throw unwritable(target, error);
    }
  }

  private constructor(target: string, partial: string, handle: FileHandle, tag: string) {
    this.#target = target;
    this.#partial = partial;
    this.#handle = handle;
    this.#tag = tag;
  }

  async #begin(): Promise<void> {
    await this.#member('oci-layout', LAYOUT_MARK);
    for (const folder of ['blobs/', 'blobs/sha256/']) await this.#put(tarHeader(folder, 0));
    this.#header = this.#end;
    this.#end += BLOCK;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#put(bytes).catch((error: unknown) => {
      throw unwritable(this.#target, error);
    });
    this.#length += bytes.length;
  }

  async finish({ layer, config, manifest }: ImageDocuments): Promise<void> {
    try {
      await this.#put(Buffer.alloc(padding(this.#length)));
      await writeAt(this.#handle, tarHeader(blobPath(layer.digest), this.#length), this.#header);
      for (const { digest, bytes } of [config, manifest]) await this.#member(blobPath(digest), bytes);
      await this.#member('index.json', describeIndex(manifest, this.#tag));
      await this.#put(END);
      await this.#handle.sync();
      await this.#handle.close();
      await takeName(this.#partial, this.#target);
    } catch (error) {
      throw unwritable(this.#target, error);
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#partial, { force: true });
  }

  async #member(name: string, bytes: Uint8Array): Promise<void> {
    await this.#put(tarHeader(name, bytes.length));
    await this.#put(bytes);
    await this.#put(Buffer.alloc(padding(bytes.length)));
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await writeAt(this.#handle, bytes, this.#end);
    this.#end += bytes.length;
  }
}
