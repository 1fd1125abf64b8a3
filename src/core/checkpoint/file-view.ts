import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import type { ByteSource } from '../bytes/byte-source.ts';

/**
 * The checkpoint as files: `/archive` (entries as they are), `/rootfs` (the diff with volumes, /dev/shm and tmpfs
 * under their mount points), `/proc`, `/images` (decoded). Paths are absolute, `/`-separated, and never leave the view:
 * symbolic links are shown, not followed.
 */
export interface FileView {
  /** @throws CheckpointError `not-found` */
  stat(path: string, signal?: AbortSignal): Promise<FileStat>;
  /** @throws CheckpointError `not-found`, also where `path` is not a directory */
  list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[]>;
  /** The content of a file; the caller closes it. @throws CheckpointError `not-found`, `damaged` */
  open(path: string, signal?: AbortSignal): Promise<ByteSource>;
}
