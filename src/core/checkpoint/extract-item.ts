import { join } from 'node:path';
import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import { safeName } from './extract-names.ts';

interface Paths {
  /** In the view, absolute. */
  readonly viewPath: string;
  /** Absolute path on disk. */
  readonly path: string;
}

/**
 * Something to be written: a file, folder or link of the view, and where it goes. There may be hundreds of thousands of
 * them, so that only folders keep their paths: those of a file are put together whenever they are asked for.
 */
export class Item {
  readonly stat: FileStat;
  /** Real folders between the folder of the extraction and this. */
  readonly depth: number;
  readonly #paths: Paths | undefined;
  readonly #folder: Item | undefined;
  readonly #name: string;

  private constructor(stat: FileStat, depth: number, paths: Paths | undefined, folder: Item | undefined, name: string) {
    this.stat = stat;
    this.depth = depth;
    this.#paths = paths;
    this.#folder = folder;
    this.#name = name;
  }

  /** What the extraction begins with. */
  static top(viewPath: string, path: string, depth: number, stat: FileStat): Item {
    return new Item(stat, depth, { viewPath, path }, undefined, '');
  }

  static within(folder: Item, entry: FileEntry): Item {
    const paths = entry.kind === 'directory' ? pathsWithin(folder, entry.name) : undefined;
    return new Item(entry, folder.depth + 1, paths, paths ? undefined : folder, entry.name);
  }

  get viewPath(): string {
    return this.#all().viewPath;
  }

  get path(): string {
    return this.#all().path;
  }

  #all(): Paths {
    return this.#paths ?? pathsWithin(this.#folder, this.#name);
  }
}

function pathsWithin(folder: Item | undefined, name: string): Paths {
  const { viewPath, path } = folder ?? { viewPath: '', path: '' };
  return { viewPath: `${viewPath === '/' ? '' : viewPath}/${name}`, path: join(path, safeName(name)) };
}
