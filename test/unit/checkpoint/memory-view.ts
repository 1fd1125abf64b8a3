import type { FileEntry, FileStat } from '../../../src/protocol/checkpoint-api.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import type { FileView } from '../../../src/core/checkpoint/file-view.ts';
import { CheckpointError } from '../../../src/core/errors.ts';

/** A node of a view that a test makes up: names may be anything that an archive may hold. */
export type MemoryNode =
  | {
      readonly folder: readonly (readonly [name: string, node: MemoryNode])[];
      readonly mode?: number;
      readonly mtime?: number;
    }
  | {
      readonly file: string | Uint8Array;
      readonly mode?: number;
      readonly mtime?: number;
      /** What the header says; the content may be shorter. */
      readonly size?: number;
      /** Thrown by the read that reaches this offset. */
      readonly fails?: { readonly at: number; readonly error: Error };
    }
  | { readonly link: string }
  | { readonly device: true };

/** A FileView over an object; counts how many sources are open. */
export class MemoryView implements FileView {
  readonly #root: MemoryNode;
  openSources = 0;

  constructor(root: MemoryNode) {
    this.#root = root;
  }

  stat(path: string): Promise<FileStat> {
    return settle(() => statOf(this.#find(path)));
  }

  list(path: string): Promise<readonly FileEntry[]> {
    return settle(() => {
      const node = this.#find(path, (found) => 'folder' in found);
      if (!('folder' in node)) throw notFound(path);
      return node.folder.map(([name, child]) => ({ name, ...statOf(child) }));
    });
  }

  open(path: string): Promise<ByteSource> {
    return settle(() => {
      const node = this.#find(path, (found) => 'file' in found);
      if (!('file' in node)) throw notFound(path);
      const bytes = typeof node.file === 'string' ? Buffer.from(node.file) : node.file;
      this.openSources++;
      return {
        name: path,
        size: node.size ?? bytes.length,
        read: (offset, length, signal) =>
          settle(() => {
            signal?.throwIfAborted();
            if (node.fails && offset + length > node.fails.at) throw node.fails.error;
            return bytes.subarray(offset, offset + length);
          }),
        close: () => settle(() => void this.openSources--),
      };
    });
  }

  /** Two nodes may have one name, as in a hostile view: then the one that suits the question is meant. */
  #find(path: string, suits: (node: MemoryNode) => boolean = () => true): MemoryNode {
    const found = descend(this.#root, path === '/' ? '' : path, suits);
    if (!found) throw notFound(path);
    return found;
  }
}

function descend(node: MemoryNode, rest: string, suits: (node: MemoryNode) => boolean): MemoryNode | undefined {
  if (rest === '') return suits(node) ? node : undefined;
  if (!('folder' in node)) return undefined;
  for (const [name, child] of node.folder) {
    const fits = rest === `/${name}` || rest.startsWith(`/${name}/`);
    const found = fits ? descend(child, rest.slice(name.length + 1), suits) : undefined;
    if (found) return found;
  }
  return undefined;
}

function statOf(node: MemoryNode): FileStat {
  if ('folder' in node)
    return { kind: 'directory', size: 0, mtime: node.mtime ?? 0, ...(node.mode !== undefined && { mode: node.mode }) };
  if ('link' in node) return { kind: 'symlink', size: 0, mtime: 0, linkTarget: node.link };
  if ('device' in node) return { kind: 'other', size: 0, mtime: 0 };
  return {
    kind: 'file',
    size: node.size ?? node.file.length,
    mtime: node.mtime ?? 0,
    ...(node.mode !== undefined && { mode: node.mode }),
  };
}

function notFound(path: string): CheckpointError {
  return new CheckpointError('not-found', sentence('There is no {0}.', path), { where: path });
}

/** What `run` gives or throws, as a promise. */
function settle<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(run());
  });
}
