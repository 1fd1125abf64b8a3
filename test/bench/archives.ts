import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { type CriuVersion, makeImages } from './archive/container.ts';
import { defaultContainer, type Engine, makeMetadata, type SyntheticContainer } from './archive/metadata.ts';
import type { Filler } from './archive/page-contents.ts';
import type { SyntheticProcess } from './archive/processes.ts';
import { makeChanges, packChanges, packLayer, type SyntheticChanges } from './archive/rootfs-diff.ts';
import { type Content, type Placement, TarFile } from './archive/tar-file.ts';

export { makeProcesses, syntheticProcess, type SyntheticProcess } from './archive/processes.ts';
export type { CriuVersion, Engine, Filler, Placement, SyntheticChanges, SyntheticContainer };

export interface ArchiveOptions {
  /** In the order of pstree.img: parents before their children, the root first. */
  readonly processes: readonly SyntheticProcess[];
  /** Default: podman. */
  readonly engine?: Engine;
  /** Default: 4.2. */
  readonly criu?: CriuVersion;
  /** Default: mixed. */
  readonly filler?: Filler;
  /** How many entries the rootfs diff has, folders and links included; without any there is no rootfs diff. Default: 0. */
  readonly diffEntries?: number;
  readonly container?: Partial<SyntheticContainer>;
}

/** An archive that was made, and the truth about it. */
export interface SyntheticArchive {
  readonly path: string;
  readonly size: number;
  /** Bytes that it takes on disk: fewer than its size where it has holes. */
  readonly allocated: number;
  readonly container: SyntheticContainer;
  readonly processes: readonly SyntheticProcess[];
  readonly changes: SyntheticChanges;
  /** Where each entry's content lies, in the order of the archive. */
  readonly entries: readonly Placement[];
}

/**
 * Writes a plain checkpoint archive like those of real engines: every image that a process has, arguments and
 * environment in the dumped pages, the engine's metadata, a rootfs diff. The same options make the same bytes.
 */
export function writeArchive(path: string, options: ArchiveOptions): SyntheticArchive {
  const { processes, engine = 'podman', criu = '4.2', filler = 'mixed', diffEntries = 0 } = options;
  const container = { ...defaultContainer, ...options.container };
  const changes = makeChanges(diffEntries);
  const metadata = makeMetadata(engine, container, processes);
  const images = makeImages(processes, { criu, filler, hostname: container.hostname });
  const folder = engine === 'criu' ? '' : 'checkpoint/';
  const diff = diffEntries > 0 ? diffFiles(engine, changes) : [];

  const tar = new TarFile(path);
  try {
    const add = (name: string, content: Content) => tar.add({ name, mode: 0o600, mtime: 1_795_472_671 }, content);
    for (const [name, content] of metadata.before) add(name, content);
    if (folder !== '') tar.add({ name: 'checkpoint', type: 'directory', mode: 0o700, mtime: 1_795_472_671 });
    for (const [name, content] of images) add(`${folder}${name}`, content);
    for (const [name, content] of engine === 'containerd'
      ? sorted([...metadata.after, ...diff])
      : [...metadata.after, ...diff]) {
      add(name, content);
    }
    return { path, container, processes, changes, entries: tar.placements, ...tar.end() };
  } catch (error) {
    tar.close();
    throw error;
  }
}

function diffFiles(engine: Engine, changes: SyntheticChanges): (readonly [string, Buffer])[] {
  // containerd's is compressed despite its name.
  if (engine === 'containerd') return [['rootfs-diff.tar', gzipSync(packLayer(changes))]];
  if (engine === 'criu') return [];
  return [
    ['rootfs-diff.tar', packChanges(changes)],
    ['deleted.files', Buffer.from(JSON.stringify(changes.deleted))],
  ];
}

function sorted(files: (readonly [string, Uint8Array])[]): (readonly [string, Uint8Array])[] {
  return files.sort(([one], [other]) => (one < other ? -1 : 1));
}
