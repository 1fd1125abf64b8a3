import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileSet } from '../../core/archive/file-set.ts';
import { openLocator, requireTar } from '../../core/archive/open-locator.ts';
import { openTar } from '../../core/archive/tar-file-set.ts';
import { sniffCompression } from '../../core/bytes/compression.ts';
import { openFile, type FileSource } from '../../core/bytes/file-source.ts';
import type { Compression } from '../../protocol/overview.ts';
import { PrefixSource } from './prefix-source.ts';

/** What is looked at of a compressed archive, decompressed bytes: memory of a container may come first. */
const LIMIT = 64 * 1024 * 1024;

export interface BrieflyOpened {
  readonly files: FileSet;
  readonly compression: Compression;
  /** Bytes of the file on disk; absent for a folder. */
  readonly archiveSize?: number;
  /** Whether there was more than what was looked at. */
  reachedLimit(): boolean;
  close(): Promise<void>;
}

/**
 * Opens a checkpoint for a look at its metadata. A compressed archive is not spilled to disk but decompressed in memory
 * as far as it is read.
 * @throws CheckpointError as `openLocator`
 */
export async function openBriefly(locator: string, signal: AbortSignal): Promise<BrieflyOpened> {
  const path = pathOfFile(locator);
  const isFile = path !== undefined && (await stat(path).catch(() => undefined))?.isFile() === true;
  const file = isFile ? await openFile(path) : undefined;
  try {
    const compression = file && (await sniffCompression(file, signal));
    if (file && compression && compression !== 'none') {
      return await openPrefix(file, new PrefixSource(file, compression, LIMIT), compression, signal);
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  await file?.close();
  return openWhole(locator, signal);
}

/** Undefined for an address that is none, which is for `openLocator` to say. */
function pathOfFile(locator: string): string | undefined {
  if (!/^file:/i.test(locator)) return locator;
  try {
    return fileURLToPath(locator);
  } catch {
    return undefined;
  }
}

async function openPrefix(
  file: FileSource,
  prefix: PrefixSource,
  compression: Compression,
  signal: AbortSignal,
): Promise<BrieflyOpened> {
  await requireTar(prefix, signal);
  const files = openTar(prefix, signal);
  return {
    files,
    compression,
    archiveSize: file.size,
    reachedLimit: () => prefix.atLimit,
    close: () => files.close(),
  };
}

/** Only a container image's layers may have to be decompressed to disk here; nobody uses that copy again. */
async function openWhole(locator: string, signal: AbortSignal): Promise<BrieflyOpened> {
  const directory = join(tmpdir(), `checkpoint-explorer-${randomUUID()}`);
  const opened = await openLocator(locator, { spill: { directory, limit: LIMIT }, signal });
  return {
    ...opened,
    reachedLimit: () => false,
    close: async () => {
      await opened.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
