import type {
  CgroupFact,
  IsolationFacts,
  LsmPolicy,
  SharingMatrix,
  ThreadIsolation,
} from '../../../protocol/isolation.ts';
import type { Engine } from '../../../protocol/overview.ts';
import type { SeccompListing, SeccompState, SeccompSummary } from '../../../protocol/seccomp.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { Metadata } from '../metadata.ts';
import type { Notebook } from '../notebook.ts';
import type { Processes } from '../processes.ts';

/** What processes may do, what they see of the machine, and how they react. */
export interface Isolation {
  /** Undefined for a pid that the dump does not have. */
  process(pid: number, signal?: AbortSignal): Promise<IsolationFacts | undefined>;
  /** The threads of a process, the leading one first, each with that in which it differs from that one. */
  threads(pid: number, signal?: AbortSignal): Promise<readonly ThreadIsolation[]>;
  /** The control groups that a thread is in; those of a threaded group differ from each other's. */
  threadGroups(pid: number, tid: number, signal?: AbortSignal): Promise<readonly CgroupFact[]>;
  /** Who shares which namespace, and what those are. */
  sharing(signal?: AbortSignal): Promise<SharingMatrix>;
  /** The filters that decide on a thread's calls; undefined where its core image is missing. */
  seccomp(pid: number, tid: number, signal?: AbortSignal): Promise<SeccompState | undefined>;
  /**
   * The instructions of a filter; undefined where there is no such filter.
   * @param index its position in seccomp.img
   * @param pid of a process that has it, whose architecture names the calls
   */
  seccompListing(index: number, pid: number, signal?: AbortSignal): Promise<SeccompListing | undefined>;
  /** What the filters of a thread answer to each call; undefined where it has none. */
  seccompSummary(pid: number, tid: number, signal?: AbortSignal): Promise<SeccompSummary | undefined>;
  /** AppArmor's policies that were dumped along, for namespaces of its own. */
  policies(signal?: AbortSignal): Promise<readonly LsmPolicy[]>;
}

/** Where the answers come from. */
export interface IsolationSources {
  readonly images: ImageDirectory;
  readonly processes: Processes;
  readonly metadata: Metadata;
  readonly notebook: Notebook;
  readonly engine: Engine;
}

/** Loads what answers when it is first asked: the tables of system calls alone would slow the opening of a checkpoint. */
export function openIsolation(sources: IsolationSources): Isolation {
  let loading: Promise<Isolation> | undefined;
  const load = (): Promise<Isolation> =>
    (loading ??= import('./dumped-isolation.ts').then(({ DumpedIsolation }) => new DumpedIsolation(sources)));
  return {
    process: async (...of) => (await load()).process(...of),
    threads: async (...of) => (await load()).threads(...of),
    threadGroups: async (...of) => (await load()).threadGroups(...of),
    sharing: async (...of) => (await load()).sharing(...of),
    seccomp: async (...of) => (await load()).seccomp(...of),
    seccompListing: async (...of) => (await load()).seccompListing(...of),
    seccompSummary: async (...of) => (await load()).seccompSummary(...of),
    policies: async (...of) => (await load()).policies(...of),
  };
}
