import type { MountFacts } from '../../../protocol/mounts.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { Isolation } from '../isolation/isolation.ts';
import type { Metadata } from '../metadata.ts';
import type { Memory } from '../memory/memory.ts';
import type { Processes } from '../processes.ts';
import type { Sockets } from '../sockets/sockets.ts';

/** The questions that files of /proc are answered from. */
export interface ProcSources {
  readonly processes: Processes;
  readonly images: ImageDirectory;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
  readonly isolation: Isolation;
  readonly metadata: Metadata;
  readonly sockets: Sockets;
  readonly memory: Memory;
}

export interface ProcFile {
  readonly kind: 'file';
  /** In the kernel's format; undefined where the checkpoint does not hold what it needs: then there is no such file. */
  content(signal?: AbortSignal): Promise<Uint8Array | ByteSource | undefined>;
}

export interface ProcLink {
  readonly kind: 'symlink';
  /** What readlink(2) gave; undefined where the checkpoint does not tell: then there is no such link. */
  target(signal?: AbortSignal): Promise<string | undefined>;
}

export interface ProcFolder {
  readonly kind: 'directory';
  /** A copy of what lies above leaves it out: see FileStat. */
  readonly onDemand?: boolean;
  /** In the order of a listing. */
  names(signal?: AbortSignal): Promise<readonly string[]>;
  /** Undefined where it holds no such name. */
  node(name: string, signal?: AbortSignal): Promise<ProcNode | undefined>;
}

export type ProcNode = ProcFile | ProcLink | ProcFolder;

export type ProcNodes = Readonly<Record<string, ProcNode>>;

/** One part of /proc/PID: what it adds to the folder of a process. Makes nodes, reads nothing. */
export type ProcModule = (process: ProcessFacts, sources: ProcSources) => ProcNodes;

/** A folder whose names are always the same. */
export function folder(nodes: ProcNodes): ProcFolder {
  const names = Object.keys(nodes).sort();
  return {
    kind: 'directory',
    names: () => Promise.resolve(names),
    node: (name) => Promise.resolve(Object.hasOwn(nodes, name) ? nodes[name] : undefined),
  };
}

export function file(content: ProcFile['content']): ProcFile {
  return { kind: 'file', content };
}

/** A file of text. */
export function textFile(content: (signal?: AbortSignal) => Promise<string | undefined>): ProcFile {
  return file(async (signal) => {
    const text = await content(signal);
    return text === undefined ? undefined : encodeText(text);
  });
}

export function link(target: string | undefined): ProcLink {
  return { kind: 'symlink', target: () => Promise.resolve(target) };
}

export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
