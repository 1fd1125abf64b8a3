import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { MountFacts } from '../../protocol/mounts.ts';
import type { FileSet } from '../archive/file-set.ts';
import type { Layout } from '../archive/layout.ts';
import { openNested } from '../archive/nested.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import type { Change } from './changes.ts';
import { machineOf } from './machine.ts';
import { EntryBranch, type Placed } from './entry-branch.ts';
import { BranchedView, type FileView } from './file-view.ts';
import { Filesystem } from './filesystem.ts';
import { ImagesBranch } from './images-branch.ts';
import { openIsolation, type Isolation } from './isolation/isolation.ts';
import { openLogs, type Logs } from './logs/logs.ts';
import { DumpedMemory, type Memory } from './memory/memory.ts';
import type { Metadata } from './metadata.ts';
import type { Notebook } from './notebook.ts';
import { contentsFolder } from './open-files/contents-branch.ts';
import { DumpedFiles } from './open-files/open-files.ts';
import { ProcBranch } from './proc/proc-branch.ts';
import type { Processes } from './processes.ts';
import { openRaw, type Raw } from './raw/raw.ts';
import { LazySearch } from './search/search.ts';
import { DumpedSockets, type Sockets } from './sockets/sockets.ts';
import { NodeBranch } from './view-nodes.ts';

/** What the first answers and all that follows share. */
export interface InteriorSources {
  readonly files: FileSet;
  readonly layout: Layout;
  readonly spill: SpillSettings;
  readonly images: ImageDirectory;
  readonly metadata: Metadata;
  readonly processes: Processes;
  readonly notebook: Notebook;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
}

/**
 * All of a checkpoint but its overview and its list of processes, which are shown first and must not wait for what this
 * loads: see checkpoint.ts.
 */
export class Interior {
  readonly sockets: Sockets;
  readonly filesystem: Filesystem;
  readonly files: FileView;
  readonly openFiles: DumpedFiles;
  readonly memory: Memory;
  readonly isolation: Isolation;
  readonly logs: Logs;
  readonly search: LazySearch;
  readonly raw: Raw;

  constructor({ files, layout, spill, images, metadata, processes, notebook, mounts }: InteriorSources) {
    const { engine, imagesPrefix } = layout;
    this.sockets = new DumpedSockets(images, processes, notebook);
    this.filesystem = new Filesystem({
      files,
      imagesPrefix,
      engine,
      metadata,
      notebook,
      openNested: (entry, signal) => openNested(files, entry, spill, signal),
      mounts,
    });
    this.logs = openLogs({ files, imagesPrefix });
    this.isolation = openIsolation({ images, processes, metadata, notebook, engine });
    this.memory = new DumpedMemory({
      images,
      processes,
      mounts,
      files: () => this.files,
      notebook,
      contents: (signal) => this.filesystem.contents(signal),
    });
    this.openFiles = new DumpedFiles({ images, processes, notebook, mounts });
    this.search = new LazySearch({
      files,
      images,
      imagesPrefix,
      processes,
      memory: this.memory,
      openFiles: this.openFiles,
      view: () => this.files,
      changes: (signal) => this.filesystem.changes(signal),
    });
    const machine = (signal?: AbortSignal) => machineOf(images, processes, signal);
    this.raw = openRaw({ files, imagesPrefix, images, machine, notebook });
    this.files = new BranchedView({
      archive: new EntryBranch(
        () => Promise.resolve(archiveEntries(files)),
        () => files.entries.size,
      ),
      rootfs: new EntryBranch(
        () => this.#rootfsEntries(),
        () => files.entries.size,
      ),
      proc: new ProcBranch({
        processes,
        images,
        mounts,
        isolation: this.isolation,
        metadata,
        openFiles: this.openFiles,
        sockets: this.sockets,
        memory: this.memory,
      }),
      contents: new NodeBranch('/contents', contentsFolder(this.openFiles)),
      images: new ImagesBranch(files, images, notebook, machine),
    });
  }

  async close(): Promise<void> {
    await this.search.close();
    await this.filesystem.close();
    await this.logs.close();
  }

  async #rootfsEntries(): Promise<Iterable<readonly [string, Placed]>> {
    return contentsOf(await this.filesystem.each());
  }
}

function* contentsOf(changes: Iterable<Change>): Generator<readonly [string, Placed]> {
  for (const { facts, content } of changes) if (content) yield [facts.path, content];
}

function archiveEntries(files: FileSet): Iterable<readonly [string, Placed]> {
  return files.entries.values().map((entry) => [entry.path, { files, entry }] as const);
}
