import { createHash } from 'node:crypto';
import type { SpillSettings } from '../../../protocol/checkpoint-api.ts';
import type { Descriptor, LayerFacts } from '../../../protocol/checkpoint-image.ts';
import { say, sentence } from '../../../protocol/sentence.ts';
import { unpack } from '../../archive/nested.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { sniffCompression } from '../../bytes/compression.ts';
import { isGrowing } from '../../bytes/growing-source.ts';
import { sequence } from '../../bytes/sequence.ts';
import { CheckpointError } from '../../errors.ts';
import { LAYER } from './media-types.ts';

export interface LayerOptions {
  /** Where a compressed archive's tar goes while it is looked through. */
  readonly spill: SpillSettings;
  readonly signal?: AbortSignal | undefined;
  /** Bytes done and in all: of the archive as it is stored, and where that is compressed then of the tar in it. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Gets the archive's bytes, in order; they are not its own to keep. */
  readonly onBytes?: (bytes: Uint8Array) => Promise<void> | void;
}

/**
 * Reads an archive through, to make it the layer of an image as it is.
 * @param open gives a new source each time
 * @throws CheckpointError `damaged` where a compressed one cannot be unpacked whole: no engine could use such a layer
 */
export async function readLayer(open: () => Promise<ByteSource>, options: LayerOptions): Promise<LayerFacts> {
  const { signal, onProgress, onBytes } = options;
  const source = await open();
  try {
    const compression = await sniffCompression(source, signal);
    const { digest, size } = await digestOf(source, { signal, onProgress, ...(onBytes && { onBytes }) });
    const diffId = compression === 'none' ? digest : await digestOfTar(open, options);
    return { mediaType: LAYER[compression], digest, size, diffId };
  } finally {
    await source.close();
  }
}

async function digestOf(
  source: ByteSource,
  { signal, onProgress, onBytes }: Omit<LayerOptions, 'spill'>,
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const bytes of sequence(source, { signal })) {
    size += bytes.length;
    hash.update(bytes);
    await onBytes?.(bytes);
    onProgress?.(size, source.size);
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

async function digestOfTar(open: () => Promise<ByteSource>, options: LayerOptions): Promise<string> {
  const { spill, signal, onProgress } = options;
  const { source } = await unpack(await open(), spill, signal ? { signal } : {});
  try {
    const { digest } = await digestOf(source, { signal, onProgress });
    const [note] = isGrowing(source) ? source.notes : [];
    if (note) {
      throw new CheckpointError(
        'damaged',
        sentence('No image can be made of {0}, because no engine could unpack it. {1}', source.name, say(note.text)),
        { where: note.where, ...(note.offset !== undefined && { offset: note.offset }) },
      );
    }
    return digest;
  } finally {
    await source.close();
  }
}
