import { folder, NodeBranch, type FolderNode } from '../view-nodes.ts';
import { fileDescriptors } from './file-descriptors.ts';
import { isolationFiles } from './isolation-files.ts';
import { memoryFiles } from './memory-files.ts';
import { netFiles } from './net-files.ts';
import type { ProcModule, ProcSources } from './proc-node.ts';
import { processFiles } from './process-files.ts';
import { taskFiles } from './task-files.ts';

/** What makes up the folder of a process, a module for each subject. */
const MODULES: readonly ProcModule[] = [
  processFiles,
  isolationFiles,
  fileDescriptors,
  netFiles,
  memoryFiles,
  taskFiles,
];

/** /proc for the frozen container, by pid as the container saw it, in the kernel's formats. */
export class ProcBranch extends NodeBranch {
  constructor(sources: ProcSources) {
    super('/proc', processes(sources));
  }
}

function processes(sources: ProcSources): FolderNode {
  return {
    kind: 'directory',
    names: async (signal) => (await sources.processes.list(signal)).map(({ pid }) => String(pid)),
    node: async (name, signal) => {
      const process = await sources.processes.one(Number(name), signal);
      if (!process || String(process.pid) !== name) return undefined;
      return folder(Object.fromEntries(MODULES.flatMap((module) => Object.entries(module(process, sources)))));
    },
  };
}
