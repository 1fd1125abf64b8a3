import type { ByteSource } from '../bytes/byte-source.ts';
import { sniffCompression } from '../bytes/compression.ts';
import type { DecompressOptions } from '../bytes/decompress.ts';
import { isGrowing } from '../bytes/growing-source.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { Compression } from '../../protocol/overview.ts';
import { CheckpointError } from '../errors.ts';
import type { Entry, FileSet } from './file-set.ts';
import { BLOCK, classifyBlock, couldBeHeader, hasMagic } from './tar-header.ts';
import { KEEP_LIMIT, openTar } from './tar-file-set.ts';

/**
 * Opens an archive that is an entry of another: `rootfs-diff.tar`, `devshm-checkpoint.tar`, `volumes/*.tar`,
 * `tmpfs-dev-*.tar.gz.img`. Its bytes tell whether it is compressed, not its name. One that is empty has no entries.
 * Closing it leaves the outer set open.
 * @param spill where its decompressed copy goes, if it is compressed
 * @throws CheckpointError `damaged` where the entry is no archive; `unsupported`, `no-space`, `too-large`, `cancelled`
 */
export async function openNested(
  files: FileSet,
  entry: Entry,
  spill: SpillSettings,
  signal?: AbortSignal,
): Promise<FileSet> {
  const source = await unpacked(files.open(entry), spill, signal);
  try {
    const content = await looksLikeTar(source, signal);
    // Of the thousands of files in it few are ever read: where reading again takes no waiting, memory costs more.
    const keep = source.fillNow ? 0 : KEEP_LIMIT;
    if (content === 'tar' || content === 'empty' || content === 'zeros') return openTar(source, signal, [], keep);
    throw new CheckpointError(
      'damaged',
      sentence(
        '{0} is not a tar archive, though its place in the checkpoint says so. What is in it is not shown.',
        entry.path,
      ),
      { where: entry.path },
    );
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Bytes of gzip that are few enough to be decompressed at once and in memory. */
const SMALL_GZIP = 64 * 1024;

/** As {@link unpack}; what is small makes no copy on disk, and loads no code for one. */
async function unpacked(source: ByteSource, spill: SpillSettings, signal?: AbortSignal): Promise<ByteSource> {
  try {
    const { size } = source;
    if (size !== undefined && size <= SMALL_GZIP && (await sniffCompression(source, signal)) === 'gzip') {
      const { gunzipSmall } = await import('../bytes/small-gunzip.ts');
      const small = await gunzipSmall(source, size, signal);
      if (small) return small;
    }
  } catch (error) {
    await source.close();
    throw error;
  }
  return (await unpack(source, spill, signal === undefined ? {} : { signal })).source;
}

/**
 * The source itself if it is not compressed, or what comes out of its decompressor, which then owns it. Where that fails
 * the source is closed.
 */
export async function unpack(
  source: ByteSource,
  spill: SpillSettings,
  options: DecompressOptions,
): Promise<{ readonly source: ByteSource; readonly compression: Compression }> {
  try {
    const compression = await sniffCompression(source, options.signal);
    if (compression === 'none') return { source, compression };
    // Loaded when needed: the decompressors of Node take a while, and most archives are plain.
    const { decompress } = await import('../bytes/decompress.ts');
    const { SpillStore } = await import('../bytes/spill.ts');
    return { source: await decompress(source, compression, await SpillStore.open(spill), options), compression };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** How far a header is looked for in an archive whose first one is damaged. */
const SEARCH = 64 * 1024;

/**
 * What a source's first bytes say. `zeros`: an archive without entries, or nothing but zeros.
 * @throws CheckpointError `damaged` where a decompressor gave nothing
 */
export async function looksLikeTar(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<'tar' | 'empty' | 'zeros' | 'other'> {
  const first = await source.read(0, BLOCK, signal);
  const [note] = isGrowing(source) && first.length < BLOCK ? source.notes : [];
  if (note) {
    const place = { where: note.where, ...(note.offset !== undefined && { offset: note.offset }) };
    throw new CheckpointError('damaged', note.text, place);
  }
  if (first.length === 0) return 'empty';
  if (first.length === BLOCK && (hasMagic(first) || classifyBlock(first) === 'header')) return 'tar';
  const bytes = await source.read(0, SEARCH, signal);
  if (bytes.every((byte) => byte === 0)) return 'zeros';
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
    if (couldBeHeader(bytes, at) && classifyBlock(bytes, at) === 'header') return 'tar';
  }
  return 'other';
}
