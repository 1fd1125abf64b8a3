import type { MountFacts } from '../../../protocol/mounts.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { RegFileEntry } from '../../criu/schema/generated/messages.ts';
import { CheckpointError } from '../../errors.ts';
import { FileTable } from '../descriptors/file-table.ts';
import { FD_TYPE } from '../descriptors/split-files.ts';
import type { FileView } from '../file-view.ts';
import { ghostPath } from '../open-files/content-paths.ts';

export interface MappedFileSources {
  readonly images: ImageDirectory;
  /** The checkpoint's files, of which `/rootfs` has those of the container. */
  readonly files: () => Pick<FileView, 'stat' | 'open'>;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
  /** Mount points whose content is in the checkpoint. */
  readonly contents: (signal?: AbortSignal) => Promise<ReadonlyMap<string, unknown>>;
}

/** What the checkpoint holds of a file that a process had mapped. */
export interface MappedContent {
  /** Path in the file view. */
  readonly path: string;
  readonly size: number;
}

/**
 * Mapped files whose content is in the checkpoint, because the container had added or modified them or because they lay
 * on a volume or a tmpfs that was saved along. CRIU itself dumps no page of a file that the file has as well.
 */
export class MappedFiles {
  readonly #sources: MappedFileSources;
  /** What is known of all files, and of each content; worked out anew while entries still come in. */
  #known: { readonly entries: number; readonly table: Promise<FileTable> } | undefined;
  readonly #contents = new Map<number, Promise<MappedContent | undefined>>();

  constructor(sources: MappedFileSources) {
    this.#sources = sources;
  }

  /** What stands behind the ids of files. */
  table(signal?: AbortSignal): Promise<FileTable> {
    const { images } = this.#sources;
    const entries = images.complete ? -1 : images.names().length;
    if (this.#known?.entries !== entries) {
      const table = FileTable.load(images);
      this.#known = { entries, table };
      this.#contents.clear();
      table.catch(() => (this.#known = undefined));
    }
    return orCancelled(this.#known.table, signal);
  }

  /** Path of a file as /proc/PID/maps has it. */
  async target(id: number, signal?: AbortSignal): Promise<string | undefined> {
    return (await this.table(signal)).target(id);
  }

  /** The content of a file; undefined where the checkpoint does not hold it, or holds another one under its name. */
  async find(id: number, signal?: AbortSignal): Promise<MappedContent | undefined> {
    const table = await this.table(signal);
    const file = table.entry(id, FD_TYPE.reg)?.reg;
    let found = this.#contents.get(id);
    if (!found) {
      found = file ? this.#find(file, table) : Promise.resolve(undefined);
      this.#contents.set(id, found);
      found.catch(() => this.#contents.delete(id));
    }
    return orCancelled(found, signal);
  }

  /** The caller closes it. */
  open(content: MappedContent, signal?: AbortSignal): Promise<ByteSource> {
    return this.#sources.files().open(content.path, signal);
  }

  async #find(file: RegFileEntry, table: FileTable): Promise<MappedContent | undefined> {
    const path = await this.#place(file, table);
    if (path === undefined) return undefined;
    const stat = await this.#sources
      .files()
      .stat(path)
      .catch((error: unknown) => {
        if (CheckpointError.is(error, 'not-found')) return undefined;
        throw error;
      });
    if (stat?.kind !== 'file') return undefined;
    // A file of another size is another file, whatever its name.
    if (file.size !== undefined && BigInt(stat.size) !== file.size) return undefined;
    return { path, size: stat.size };
  }

  /** What has the path of a deleted file now is another file. */
  async #place(file: RegFileEntry, table: FileTable): Promise<string | undefined> {
    const remap = table.remaps.get(file.id);
    if (remap?.how === 'ghost') return ghostPath(remap.id, file.name);
    const name = remap ? (remap.how === 'linked' ? table.path(remap.id) : undefined) : file.name;
    return name?.startsWith('/') && (await this.#isSaved(file)) ? `/rootfs${name}` : undefined;
  }

  /** What lies on a mount from outside is not in the diff, even if a file of its name below the mount is. */
  async #isSaved({ mnt_id }: RegFileEntry): Promise<boolean> {
    const mount = (await this.#sources.mounts()).find(({ id }) => id === mnt_id);
    return !mount || mount.origin === 'rootfs' || (await this.#sources.contents()).has(mount.destination);
  }
}
