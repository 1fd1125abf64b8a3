import type { ConfigurationFile, ConfigurationTree, LogFile, LogProblems } from '../../../protocol/logs.ts';
import type { FileSet } from '../../archive/file-set.ts';
import type { LogIndex } from './log-index.ts';

/** What the container and CRIU wrote while they ran, and the files that describe the container. */
export interface Logs {
  /** The container's log first, then CRIU's. */
  files(): Promise<readonly LogFile[]>;
  /** Windows of a log; the first time it is read whole. @throws CheckpointError `not-found` where it is no log */
  index(name: string, signal?: AbortSignal): Promise<LogIndex>;
  /** What CRIU's log tells of problems. @throws CheckpointError `not-found` where it is no log */
  problems(name: string, signal?: AbortSignal): Promise<LogProblems>;
  /** Files of JSON that stand in the archive beside the images. */
  configurationFiles(): Promise<readonly ConfigurationFile[]>;
  /** One of these as a tree, with JSON inside of texts unfolded. @throws CheckpointError `not-found` */
  configuration(name: string, signal?: AbortSignal): Promise<ConfigurationTree>;
  /** Lets go of what it holds open. */
  close(): Promise<void>;
}

/** Where the answers come from. */
export interface LogsSources {
  readonly files: FileSet;
  /** Folder of the images in the archive, with its `/`. */
  readonly imagesPrefix: string;
}

/** Loads what answers when it is first asked. */
export function openLogs(sources: LogsSources): Logs {
  let loading: Promise<Logs> | undefined;
  const load = (): Promise<Logs> =>
    (loading ??= import('./dumped-logs.ts').then(({ DumpedLogs }) => new DumpedLogs(sources)));
  return {
    files: async () => (await load()).files(),
    index: async (...of) => (await load()).index(...of),
    problems: async (...of) => (await load()).problems(...of),
    configurationFiles: async () => (await load()).configurationFiles(),
    configuration: async (...of) => (await load()).configuration(...of),
    close: async () => (await loading)?.close(),
  };
}
