import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { textAsBytes } from '../bytes/byte-text.ts';
import { memorySource } from '../bytes/sources.ts';
import { FOLDER, type Branch } from './file-view.ts';

export interface FileNode {
  readonly kind: 'file';
  /** Undefined where the checkpoint does not hold what it needs: then there is no such file. */
  content(signal?: AbortSignal): Promise<Uint8Array | ByteSource | undefined>;
  /**
   * A folder lists it as a link with this target, as the kernel lists descriptors: to open it is to open what is behind.
   * Who walks over everything meets the content where the link does not stand.
   */
  readonly link?: string;
  /** Milliseconds since 1970, and st_mode's permissions, where they are known. */
  readonly mtime?: number;
  readonly mode?: number;
}

export interface LinkNode {
  readonly kind: 'symlink';
  /** What readlink(2) gave; undefined where the checkpoint does not tell: then there is no such link. */
  target(signal?: AbortSignal): Promise<string | undefined>;
}

export interface FolderNode {
  readonly kind: 'directory';
  /** A copy of what lies above leaves it out: see FileStat. */
  readonly onDemand?: boolean;
  /** In the order of a listing. */
  names(signal?: AbortSignal): Promise<readonly string[]>;
  /** Undefined where it holds no such name. */
  node(name: string, signal?: AbortSignal): Promise<ViewNode | undefined>;
}

/** A place in a branch that is made up when it is looked at. */
export type ViewNode = FileNode | LinkNode | FolderNode;

export type ViewNodes = Readonly<Record<string, ViewNode>>;

/** A folder whose names are always the same. */
export function folder(nodes: ViewNodes): FolderNode {
  const names = Object.keys(nodes).sort();
  return {
    kind: 'directory',
    names: () => Promise.resolve(names),
    node: (name) => Promise.resolve(Object.hasOwn(nodes, name) ? nodes[name] : undefined),
  };
}

export function file(content: FileNode['content']): FileNode {
  return { kind: 'file', content };
}

/** A file of text. */
export function textFile(content: (signal?: AbortSignal) => Promise<string | undefined>): FileNode {
  return file(async (signal) => {
    const text = await content(signal);
    return text === undefined ? undefined : encodeText(text);
  });
}

export function link(target: string | undefined): LinkNode {
  return { kind: 'symlink', target: () => Promise.resolve(target) };
}

/** Bytes that are no UTF-8 are as they were: see {@link textAsBytes}. */
export function encodeText(text: string): Uint8Array {
  return textAsBytes(text);
}

/** A branch of the file view over nodes. */
export class NodeBranch implements Branch {
  readonly #name: string;
  readonly #root: FolderNode;

  /** @param name of the branch in the view: `/proc` */
  constructor(name: string, root: FolderNode) {
    this.#name = name;
    this.#root = root;
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
    const node = await this.#find(path, signal);
    if (node?.kind !== 'file') return node && listed(node, signal);
    const stat = await this.#statFile(node, path, signal);
    return stat && node.link !== undefined ? { ...stat, linkTarget: node.link } : stat;
  }

  async list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[] | undefined> {
    const node = await this.#find(path, signal);
    if (node?.kind !== 'directory') return undefined;
    const entries: FileEntry[] = [];
    for (const name of await node.names(signal)) {
      const child = await node.node(name, signal);
      const isFile = child?.kind === 'file' && child.link === undefined;
      const stat = isFile
        ? await this.#statFile(child, `${path}/${name}`, signal)
        : child && (await listed(child, signal));
      if (stat) entries.push({ name, ...stat });
    }
    return entries;
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const node = await this.#find(path, signal);
    return node?.kind === 'file' ? this.#openFile(node, path, signal) : undefined;
  }

  async #find(path: string, signal?: AbortSignal): Promise<ViewNode | undefined> {
    let node: ViewNode | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node?.kind !== 'directory') return undefined;
      node = await node.node(name, signal);
    }
    return node;
  }

  async #statFile(node: FileNode, path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
    const source = await this.#openFile(node, path, signal);
    await source?.close();
    const { mtime = 0, mode } = node;
    return source && { kind: 'file', size: source.size ?? 0, mtime, ...(mode !== undefined && { mode }) };
  }

  async #openFile(node: FileNode, path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const content = await node.content(signal);
    return content instanceof Uint8Array ? memorySource(content, `${this.#name}/${path}`) : content;
  }
}

/** What a listing says of a node without opening it. */
async function listed(node: ViewNode, signal?: AbortSignal): Promise<FileStat | undefined> {
  if (node.kind === 'directory') return node.onDemand ? { ...FOLDER, onDemand: true } : FOLDER;
  const linkTarget = node.kind === 'symlink' ? await node.target(signal) : node.link;
  return linkTarget === undefined ? undefined : { kind: 'symlink', size: 0, mtime: 0, linkTarget };
}
