import { fileURLToPath } from 'node:url';
import type { Progress, SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { Compression, Wrapping } from '../../protocol/overview.ts';
import { sentence } from '../../protocol/sentence.ts';
import { openFile } from '../bytes/file-source.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError } from '../errors.ts';
import type { FileSet } from './file-set.ts';
import { BLOCK, classifyBlock, couldBeHeader, hasMagic } from './tar-header.ts';
import { openTar } from './tar-file-set.ts';

export interface OpenLocatorOptions {
  readonly spill: SpillSettings;
  /** Ends the opening and whatever goes on in the background after it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** The files behind a locator. */
export interface OpenedFiles {
  readonly files: FileSet;
  readonly wrapping: Wrapping;
  readonly compression: Compression;
  /** Bytes of the archive file as it is on disk; absent for folders. */
  readonly archiveSize?: number;
  /** The archive file, for hashing; absent for folders. */
  readonly archivePath?: string;
  close(): Promise<void>;
}

/**
 * Opens what a locator names: a path or `file:` URI of an archive or a folder. Of a plain archive only the beginning was
 * read when this returns; the index goes on in the background.
 * @throws CheckpointError `not-found`, `unreadable`, `not-a-checkpoint`, `unsupported`, `no-space`, `cancelled`
 */
export async function openLocator(locator: string, options: OpenLocatorOptions): Promise<OpenedFiles> {
  const path = pathOf(locator);
  const file = await openFile(path);
  try {
    await requireTar(file, options.signal);
  } catch (error) {
    await file.close();
    throw error;
  }
  const files = openTar(file, options.signal);
  return {
    files,
    wrapping: 'archive',
    compression: 'none',
    archiveSize: file.size,
    archivePath: path,
    close: () => files.close(),
  };
}

function pathOf(locator: string): string {
  if (locator.startsWith('file:')) {
    try {
      return fileURLToPath(locator);
    } catch {
      throw new CheckpointError('usage', sentence('{0} is not the address of a file on this machine.', locator), {
        where: locator,
      });
    }
  }
  const scheme = /^(node|docker):\/\//.exec(locator)?.[1];
  if (scheme !== undefined) {
    throw new CheckpointError(
      'unsupported',
      sentence(
        '{0} cannot be opened: checkpoints on cluster nodes and in registries are not supported yet. Copy the archive to this machine.',
        locator,
      ),
      { where: locator },
    );
  }
  return locator;
}

/** How far a header is looked for in an archive whose first one is damaged. */
const SEARCH = 64 * 1024;

/** @throws CheckpointError `not-a-checkpoint` */
export async function requireTar(source: ByteSource, signal?: AbortSignal): Promise<void> {
  const first = await source.read(0, BLOCK, signal);
  if (first.length === 0)
    throw notACheckpoint(source, 'The file {0} is empty. It holds no checkpoint; copy or create it again.');
  if (first.length === BLOCK && (hasMagic(first) || classifyBlock(first) === 'header')) return;
  const bytes = await source.read(0, SEARCH, signal);
  if (bytes.every((byte) => byte === 0))
    throw notACheckpoint(source, '{0} is an archive without any files, so it holds no checkpoint.');
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
    if (couldBeHeader(bytes, at) && classifyBlock(bytes, at) === 'header') return;
  }
  throw notACheckpoint(source, '{0} is not a tar archive, so it is not a checkpoint.');
}

function notACheckpoint(source: ByteSource, template: string): CheckpointError {
  return new CheckpointError('not-a-checkpoint', sentence(template, source.name), { where: source.name });
}
