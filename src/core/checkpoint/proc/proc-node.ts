import type { MountFacts } from '../../../protocol/mounts.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { Isolation } from '../isolation/isolation.ts';
import type { Metadata } from '../metadata.ts';
import type { Memory } from '../memory/memory.ts';
import type { DumpedFiles } from '../open-files/open-files.ts';
import type { Processes } from '../processes.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { ViewNodes } from '../view-nodes.ts';

export { encodeText, file, folder, link, textFile } from '../view-nodes.ts';
export type {
  FileNode as ProcFile,
  FolderNode as ProcFolder,
  LinkNode as ProcLink,
  ViewNode as ProcNode,
  ViewNodes as ProcNodes,
} from '../view-nodes.ts';

/** The questions that files of /proc are answered from. */
export interface ProcSources {
  readonly processes: Processes;
  readonly images: ImageDirectory;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
  readonly isolation: Isolation;
  readonly metadata: Metadata;
  readonly openFiles: DumpedFiles;
  readonly sockets: Sockets;
  readonly memory: Memory;
}

/** One part of /proc/PID: what it adds to the folder of a process, in the kernel's formats. Makes nodes, reads nothing. */
export type ProcModule = (process: ProcessFacts, sources: ProcSources) => ViewNodes;
