import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Progress, SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { Compression, Wrapping } from '../../protocol/overview.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource, RemoteSource } from '../bytes/byte-source.ts';
import { orCancelled } from '../bytes/cancel.ts';
import type { DecompressOptions } from '../bytes/decompress.ts';
import { named, openFile, openSameFile } from '../bytes/file-source.ts';
import { CheckpointError } from '../errors.ts';
import type { FileSet } from './file-set.ts';
import { openFolder } from './folder-file-set.ts';
import { firstOf } from './layout.ts';
import { looksLikeTar, unpack } from './nested.ts';
import { openTar } from './tar-file-set.ts';

export interface OpenLocatorOptions {
  readonly spill: SpillSettings;
  /** Ends the opening and whatever goes on in the background after it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly openRemote?: OpenRemote;
  readonly openImage?: OpenImage;
}

/** Gives the bytes behind a locator that is neither a path nor a `file:` URI, from whoever has a way to them. */
export type OpenRemote = (locator: string, signal?: AbortSignal) => Promise<RemoteSource>;

/** Gives the container image in a registry that a `docker:` locator names, as the files of an OCI layout. */
export type OpenImage = (locator: string, signal?: AbortSignal) => Promise<FileSet>;

/** The files behind a locator. */
export interface OpenedFiles {
  readonly files: FileSet;
  readonly wrapping: Wrapping;
  readonly compression: Compression;
  /** Bytes of the archive file as it is on disk; absent for folders. */
  readonly archiveSize?: number;
  /** The archive file, for hashing; absent for folders and for what is elsewhere. */
  readonly archivePath?: string;
  /** Names the state that the archive file had when it was opened, see {@link ByteSource.identity}; absent where the path is. */
  readonly archiveState?: string;
  /** SHA-256 of an archive that is elsewhere, computed there. */
  readonly hashRemote?: (signal?: AbortSignal) => Promise<string>;
  /**
   * The archive's bytes as they are stored, in a source of their own: the archive file, the layer of a container image
   * that is one, or the archive that a folder would be. Not to be used after `close`.
   */
  readonly openArchive: (signal?: AbortSignal) => Promise<ByteSource>;
  /**
   * Compares bytes with the digest that is recorded for them, where there is one and they were not compared as they were
   * read. Takes as long as reading all of them, so it is absent where they are elsewhere.
   * @returns whether there is a new note
   */
  readonly verify?: (signal?: AbortSignal) => Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Opens what a locator names: a path or `file:` URI of an archive or a folder. Returns as soon as it is known what it
 * is: of a plain archive only the beginning was read then, of a compressed one only the beginning decompressed, and the
 * index goes on in the background.
 * @throws CheckpointError `not-found`, `unreadable`, `not-a-checkpoint`, `unsupported`, `damaged`, `no-space`,
 * `too-large`, `cancelled`
 */
export async function openLocator(locator: string, options: OpenLocatorOptions): Promise<OpenedFiles> {
  if (REMOTE.test(locator)) return openRemoteAt(locator, options);
  const path = pathOf(locator);
  const isFolder = named(path, () => statSync(path)).isDirectory();
  return isFolder ? openFolderAt(path, options) : openArchiveAt(path, options);
}

async function openFolderAt(path: string, options: OpenLocatorOptions): Promise<OpenedFiles> {
  const names = new Set(named(path, () => readdirSync(path)));
  const isCheckpoint = [...names].some((name) => SIGNS.has(name) || IMAGE_NAME.test(name));
  if (!isCheckpoint && !names.has('index.json') && !names.has('manifest.json')) {
    throw notACheckpoint(
      path,
      'The folder {0} holds no checkpoint: no CRIU images (inventory.img) and no files of an engine were found in it.',
    );
  }
  const files = openFolder(path, options.signal);
  if (isCheckpoint) {
    const pack = async (signal?: AbortSignal): Promise<ByteSource> =>
      (await import('./packed-folder.ts')).packFolder(files, signal);
    return { files, wrapping: 'folder', compression: 'none', openArchive: pack, close: () => files.close() };
  }
  return openImage(files, names.has('index.json') ? 'oci-layout' : 'docker-archive', options);
}

async function openArchiveAt(path: string, options: OpenLocatorOptions): Promise<OpenedFiles> {
  const file = await openFile(path);
  const { size: archiveSize, identity: archiveState } = file;
  const again = (): Promise<ByteSource> => openSameFile(path, archiveState);
  return openArchive(file, { archiveSize, archivePath: path, archiveState, openArchive: again }, options);
}

async function openRemoteAt(locator: string, options: OpenLocatorOptions): Promise<OpenedFiles> {
  const { openRemote, openImage: openRegistry, signal } = options;
  if (openRegistry && /^docker:/i.test(locator))
    return openImage(await openRegistry(locator, signal), 'oci-layout', options, false);
  if (!openRemote) throw unsupported(locator);
  const remote = await openRemote(locator, signal);
  const hashRemote = (wanted?: AbortSignal): Promise<string> => remote.hash(wanted);
  const again = (wanted?: AbortSignal): Promise<ByteSource> => openRemote(locator, wanted);
  return openArchive(remote, { archiveSize: remote.size, hashRemote, openArchive: again }, options);
}

/** Takes over the source, also where it is refused. */
async function openArchive(
  file: ByteSource,
  facts: Pick<OpenedFiles, 'archiveSize' | 'archivePath' | 'archiveState' | 'hashRemote' | 'openArchive'>,
  options: OpenLocatorOptions,
): Promise<OpenedFiles> {
  const { source, compression } = await unpack(file, options.spill, progressOf(options));
  const files = await openChecked(source, options.signal);
  try {
    const wrapping = await wrappingOf(files, options.signal);
    if (wrapping === 'archive') return { files, wrapping, compression, ...facts, close: () => files.close() };
    return { ...facts, ...(await openImage(files, wrapping, options, facts.archivePath !== undefined)) };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** Takes over the source, also where it is refused. */
async function openChecked(source: ByteSource, signal?: AbortSignal): Promise<FileSet> {
  try {
    await requireTar(source, signal);
    return openTar(source, signal);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The checkpoint in a container image, whose files are closed with it. */
async function openImage(
  outer: FileSet,
  wrapping: Wrapping,
  options: OpenLocatorOptions,
  isNear = true,
): Promise<OpenedFiles> {
  try {
    await orCancelled(outer.completed, options.signal);
    const { openCheckpointLayer } = await import('./image-layers.ts');
    const { openStored, verify, ...layer } = await openCheckpointLayer(outer, {
      spill: options.spill,
      ...progressOf(options),
    });
    const close = async (): Promise<void> => {
      await layer.files.close();
      await outer.close();
    };
    const openArchive = (): Promise<ByteSource> => Promise.resolve(openStored());
    return { ...layer, wrapping, openArchive, ...(isNear && { verify }), close };
  } catch (error) {
    await outer.close();
    throw error;
  }
}

function progressOf({ signal, onProgress }: OpenLocatorOptions): DecompressOptions {
  return {
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: (done, total, finished) =>
        onProgress({ task: 'read', done, ...(total !== undefined && { total }), finished }),
    }),
  };
}

/** Files beside CRIU's images, or folders of them, of which every engine's archive has some at its beginning. */
const SIGNS: ReadonlySet<string> = new Set([
  'checkpoint',
  'pre-checkpoint',
  'artifacts',
  'config.dump',
  'spec.dump',
  'stats-dump',
  'dump.log',
  'devshm-checkpoint.tar',
  'inventory.img',
]);
const IMAGE_NAME = /^(?:core|pagemap|mm)-\d+\.img$/;

/** Waits for the first entry that tells; an archive of which none does is a container image or no checkpoint. */
async function wrappingOf(files: FileSet, signal?: AbortSignal): Promise<Wrapping> {
  const isArchive = (): true | undefined => ([...SIGNS].some((name) => files.entries.has(name)) ? true : undefined);
  if ((await firstOf(files, isArchive, signal)) === true) return 'archive';
  await orCancelled(files.completed, signal);
  if (files.entries.has('oci-layout') && files.entries.has('index.json')) return 'oci-archive';
  return files.entries.has('manifest.json') ? 'docker-archive' : 'archive';
}

function pathOf(locator: string): string {
  if (/^file:/i.test(locator)) {
    try {
      return fileURLToPath(locator);
    } catch {
      throw new CheckpointError('usage', sentence('{0} is not the address of a file on this machine.', locator), {
        where: locator,
      });
    }
  }
  return locator;
}

const REMOTE = /^(?:node|docker):\/\//i;

function unsupported(locator: string): CheckpointError {
  return new CheckpointError(
    'unsupported',
    /^node:/i.test(locator)
      ? sentence('{0} cannot be opened from here: it is on a node of a cluster. Download the archive.', locator)
      : sentence('{0} cannot be opened from here: it is in a registry. Download it with the command line.', locator),
    { where: locator },
  );
}

/**
 * Makes sure that a source begins like a tar archive with something in it.
 * @throws CheckpointError `not-a-checkpoint`, `damaged`
 */
export async function requireTar(source: ByteSource, signal?: AbortSignal): Promise<void> {
  switch (await looksLikeTar(source, signal)) {
    case 'tar':
      return;
    case 'empty':
      throw notACheckpoint(source.name, 'The file {0} is empty. It holds no checkpoint; copy or create it again.');
    case 'zeros':
      throw notACheckpoint(source.name, '{0} is an archive without any files, so it holds no checkpoint.');
    case 'other':
      throw notACheckpoint(source.name, '{0} is not a tar archive, so it is not a checkpoint.');
  }
}

function notACheckpoint(name: string, template: string): CheckpointError {
  return new CheckpointError('not-a-checkpoint', sentence(template, name), { where: name });
}
