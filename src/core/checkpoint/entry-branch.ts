import type { FileEntry, FileKind, FileStat } from '../../protocol/checkpoint-api.ts';
import type { Entry, FileSet } from '../archive/file-set.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { orCancelled } from '../bytes/cancel.ts';
import { FOLDER, type Branch } from './file-view.ts';

/** Where the content of one path of a branch lies. */
export interface Placed {
  readonly files: FileSet;
  readonly entry: Entry;
}

/** There may be hundreds of thousands, most without children: an empty map each would be most of their memory. */
interface Node {
  placed?: Placed;
  children?: Map<string, Node>;
}

/**
 * Archive entries as a folder tree. Folders that have no entry of their own are made up; a name of `.`, `..` or with a
 * NUL is written with escapes, because the view's paths are paths.
 */
export class EntryBranch implements Branch {
  readonly #load: () => Promise<Iterable<readonly [path: string, placed: Placed]>>;
  /** Changes when the tree must be built anew: entries came out of a decompressor. */
  readonly #revision: () => unknown;
  #built: { readonly revision: unknown; readonly root: Promise<Node> } | undefined;

  constructor(load: () => Promise<Iterable<readonly [path: string, placed: Placed]>>, revision: () => unknown) {
    this.#load = load;
    this.#revision = revision;
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
    const node = await this.#find(path, signal);
    return node && statOf(node);
  }

  async list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[] | undefined> {
    const node = await this.#find(path, signal);
    if (!node || statOf(node).kind !== 'directory') return undefined;
    return [...(node.children ?? [])].map(([name, child]) => ({ name, ...statOf(child) }));
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const node = await this.#find(path, signal);
    if (!node?.placed || statOf(node).kind !== 'file') return undefined;
    return node.placed.files.open(node.placed.entry);
  }

  async #find(path: string, signal?: AbortSignal): Promise<Node | undefined> {
    const root: Node | undefined = await orCancelled(this.#root(), signal);
    const parts = path.split('/').filter((name) => name !== '');
    return parts.reduce<Node | undefined>((node, part) => node?.children?.get(part), root);
  }

  /** Shared by all who ask at the same time, so nobody's signal ends it. */
  #root(): Promise<Node> {
    const revision = this.#revision();
    const built = this.#built;
    if (built && built.revision === revision) return built.root;
    const root = this.#load().then(buildTree);
    this.#built = { revision, root };
    root.catch(() => (this.#built = undefined));
    return root;
  }
}

function buildTree(entries: Iterable<readonly [string, Placed]>): Node {
  const root: Node = {};
  for (const [path, placed] of entries) {
    let node = root;
    for (const part of path
      .split('/')
      .filter((name) => name !== '')
      .map(safeName)) {
      node.children ??= new Map();
      let child = node.children.get(part);
      if (!child) node.children.set(part, (child = {}));
      node = child;
    }
    if (node !== root) node.placed = placed;
  }
  return root;
}

function safeName(name: string): string {
  return name === '.' || name === '..' ? name.replaceAll('.', '%2E') : name.replaceAll('\0', '%00');
}

function statOf(node: Node): FileStat {
  const { placed } = node;
  if (!placed || node.children) return placed ? { ...FOLDER, ...timeAndMode(placed.entry) } : FOLDER;
  const { entry, files } = placed;
  const kind = kindOf(entry);
  return {
    kind,
    size: kind === 'file' ? (files.open(entry).size ?? entry.size) : 0,
    ...timeAndMode(entry),
    ...(kind === 'symlink' && { linkTarget: entry.linkTarget ?? '' }),
  };
}

function timeAndMode(entry: Entry): { mtime: number; mode: number } {
  return { mtime: Number(entry.mtime / 1_000_000n), mode: entry.mode };
}

function kindOf(entry: Entry): FileKind {
  switch (entry.type) {
    case 'file':
    case 'hardlink':
    case 'sparse':
      return 'file';
    case 'directory':
      return 'directory';
    case 'symlink':
      return 'symlink';
    default:
      return 'other';
  }
}
