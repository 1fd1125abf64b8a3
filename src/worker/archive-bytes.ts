import type { ByteSource } from '../core/bytes/byte-source.ts';
import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../core/errors.ts';
import { MAX_READ } from '../protocol/checkpoint-api.ts';
import type { ArchiveFacts } from '../protocol/checkpoint-image.ts';
import { sentence } from '../protocol/sentence.ts';

/** The archive's own bytes, for a host that has no way to them: they lie on a node, in an image, or in a folder. */
export class ArchiveBytes {
  readonly #checkpoint: Pick<Checkpoint, 'openArchive'>;
  readonly #sources = new Map<number, ByteSource>();
  #next = 1;

  constructor(checkpoint: Pick<Checkpoint, 'openArchive'>) {
    this.#checkpoint = checkpoint;
  }

  /** @throws CheckpointError `unsupported` while its size is not known */
  async open(signal?: AbortSignal): Promise<ArchiveFacts> {
    const source = await this.#checkpoint.openArchive(signal);
    const { name, size } = source;
    if (size === undefined) {
      await source.close();
      throw new CheckpointError('unsupported', sentence('The size of {0} is not known yet: try again later.', name));
    }
    const id = this.#next++;
    this.#sources.set(id, source);
    return { id, name, size };
  }

  /** Bytes that are the caller's own. @param length at most {@link MAX_READ} counts */
  async read(id: number, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const source = this.#sources.get(id);
    if (!source) throw new CheckpointError('not-found', sentence('The archive is not open any more.'));
    // What was read may be a view of a buffer that is used again.
    return Uint8Array.from(await source.read(offset, Math.min(length, MAX_READ), signal));
  }

  async close(id: number): Promise<void> {
    const source = this.#sources.get(id);
    this.#sources.delete(id);
    await source?.close();
  }

  /** Closes what nobody closed. */
  async end(): Promise<void> {
    for (const id of [...this.#sources.keys()]) await this.close(id);
  }
}
