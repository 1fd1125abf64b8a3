import type { FileEntry, FileStat } from '../../../protocol/checkpoint-api.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { memorySource } from '../../bytes/sources.ts';
import { FOLDER, type Branch } from '../file-view.ts';
import { netFiles } from './net-files.ts';
import {
  folder,
  type ProcFile,
  type ProcFolder,
  type ProcModule,
  type ProcNode,
  type ProcSources,
} from './proc-node.ts';
import { isolationFiles } from './isolation-files.ts';
import { memoryFiles } from './memory-files.ts';
import { processFiles } from './process-files.ts';
import { taskFiles } from './task-files.ts';

/** What makes up the folder of a process, a module for each subject. */
const MODULES: readonly ProcModule[] = [processFiles, isolationFiles, netFiles, memoryFiles, taskFiles];

/** /proc for the frozen container, by pid as the container saw it, in the kernel's formats. */
export class ProcBranch implements Branch {
  readonly #sources: ProcSources;

  constructor(sources: ProcSources) {
    this.#sources = sources;
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
    const node = await this.#find(path, signal);
    return node && statOf(node, path, signal);
  }

  async list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[] | undefined> {
    const node = await this.#find(path, signal);
    if (node?.kind !== 'directory') return undefined;
    const entries: FileEntry[] = [];
    for (const name of await node.names(signal)) {
      const child = await node.node(name, signal);
      const stat = child && (await statOf(child, `${path}/${name}`, signal));
      if (stat) entries.push({ name, ...stat });
    }
    return entries;
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const node = await this.#find(path, signal);
    return node?.kind === 'file' ? openFile(node, path, signal) : undefined;
  }

  async #find(path: string, signal?: AbortSignal): Promise<ProcNode | undefined> {
    let node: ProcNode | undefined = this.#root();
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node?.kind !== 'directory') return undefined;
      node = await node.node(name, signal);
    }
    return node;
  }

  #root(): ProcFolder {
    const { processes } = this.#sources;
    return {
      kind: 'directory',
      names: async (signal) => (await processes.list(signal)).map(({ pid }) => String(pid)),
      node: async (name, signal) => {
        const process = (await processes.list(signal)).find(({ pid }) => String(pid) === name);
        if (!process) return undefined;
        return folder(Object.fromEntries(MODULES.flatMap((module) => Object.entries(module(process, this.#sources)))));
      },
    };
  }
}

async function statOf(node: ProcNode, path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
  switch (node.kind) {
    case 'directory':
      return node.onDemand ? { ...FOLDER, onDemand: true } : FOLDER;
    case 'symlink': {
      const linkTarget = await node.target(signal);
      return linkTarget === undefined ? undefined : { kind: 'symlink', size: 0, mtime: 0, linkTarget };
    }
    case 'file': {
      const source = await openFile(node, path, signal);
      await source?.close();
      return source && { kind: 'file', size: source.size ?? 0, mtime: 0 };
    }
  }
}

async function openFile(file: ProcFile, path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
  const content = await file.content(signal);
  return content instanceof Uint8Array ? memorySource(content, `/proc/${path}`) : content;
}
