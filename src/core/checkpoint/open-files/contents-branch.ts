import type { FileNode, FolderNode, ViewNode } from '../view-nodes.ts';
import { CONTENTS } from './content-paths.ts';
import type { FileContent } from './contents.ts';
import type { DumpedFiles } from './open-files.ts';

interface Folder {
  readonly children: Map<string, Folder | FileContent>;
}

/**
 * `/contents`: what open files held that no file system keeps, each once, however many descriptors stand for it:
 * `deleted/1/report.json`, `pipes/574482`, `memfd/2/cache`, `sockets/573369/received` …
 */
export function contentsFolder(files: DumpedFiles): FolderNode {
  const trees = new WeakMap<readonly FileContent[], Folder>();
  const root = async (signal?: AbortSignal): Promise<Folder> => {
    const contents = await files.allContents(signal);
    let tree = trees.get(contents);
    if (!tree) trees.set(contents, (tree = treeOf(contents)));
    return tree;
  };
  return {
    kind: 'directory',
    names: async (signal) => [...(await root(signal)).children.keys()].sort(),
    node: async (name, signal) => nodeOf((await root(signal)).children.get(name)),
  };
}

function treeOf(contents: readonly FileContent[]): Folder {
  const root: Folder = { children: new Map() };
  for (const content of contents) {
    const names = content.path.slice(CONTENTS.length + 1).split('/');
    let folder = root;
    for (const name of names.slice(0, -1)) {
      let next = folder.children.get(name);
      if (!next || !('children' in next)) folder.children.set(name, (next = { children: new Map() }));
      folder = next;
    }
    folder.children.set(names.at(-1) as string, content);
  }
  return root;
}

function nodeOf(place: Folder | FileContent | undefined): ViewNode | undefined {
  if (!place || !('children' in place)) return place && fileNode(place);
  return {
    kind: 'directory',
    names: () => Promise.resolve([...place.children.keys()]),
    node: (name) => Promise.resolve(nodeOf(place.children.get(name))),
  };
}

function fileNode(content: FileContent): FileNode {
  const { mtime, mode } = content;
  return {
    kind: 'file',
    content: (signal) => content.open(signal),
    ...(mtime !== undefined && { mtime }),
    ...(mode !== undefined && { mode: mode & 0o7777 }),
  };
}
