import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError } from '../errors.ts';

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

/** One folder at the top of the view. Paths are relative to it, without leading `/`, `''` for the folder itself. */
export interface Branch {
  stat(path: string, signal?: AbortSignal): Promise<FileStat | undefined>;
  list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[] | undefined>;
  open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined>;
}

export const FOLDER: FileStat = { kind: 'directory', size: 0, mtime: 0 };

/** Puts branches side by side under `/`. */
export class BranchedView implements FileView {
  readonly #branches: ReadonlyMap<string, Branch>;

  constructor(branches: Readonly<Record<string, Branch>>) {
    this.#branches = new Map(Object.entries(branches));
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileStat> {
    const [branch, rest] = this.#route(path);
    if (branch === undefined) return rest === '' ? FOLDER : notFound(path);
    return (await branch.stat(rest, signal)) ?? notFound(path);
  }

  async list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[]> {
    const [branch, rest] = this.#route(path);
    if (branch === undefined) {
      return rest === '' ? [...this.#branches.keys()].map((name) => ({ name, ...FOLDER })) : notFound(path);
    }
    return (await branch.list(rest, signal)) ?? notFound(path);
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource> {
    const [branch, rest] = this.#route(path);
    return (branch && (await branch.open(rest, signal))) ?? notFound(path);
  }

  #route(path: string): readonly [Branch | undefined, string] {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) return [undefined, path];
    const [first, ...rest] = parts;
    const branch = first === undefined ? undefined : this.#branches.get(first);
    return branch ? [branch, rest.join('/')] : [undefined, parts.join('/')];
  }
}

function notFound(path: string): never {
  throw new CheckpointError('not-found', sentence('There is no {0} in this checkpoint.', path), { where: path });
}
