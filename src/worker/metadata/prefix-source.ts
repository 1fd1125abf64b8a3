import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { ByteSource } from '../../core/bytes/byte-source.ts';
import { throwIfCancelled } from '../../core/bytes/cancel.ts';
import { requireDecoder } from '../../core/bytes/decompress-member.ts';
import type { DecompressibleKind } from '../../core/bytes/compression.ts';

/** Compressed bytes read at once. */
const INPUT_STEP = 256 * 1024;
const OUTPUT_CHUNK = 1024 * 1024;

/**
 * The beginning of a compressed source, decompressed in memory as far as it is asked for and never beyond a limit.
 * Nothing is written anywhere. It ends at the limit, at damage, or behind the first frame, as if the source did.
 */
export class PrefixSource implements ByteSource {
  readonly name: string;
  readonly #compressed: ByteSource;
  readonly #limit: number;
  readonly #output: AsyncIterator<Uint8Array>;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #ended = false;
  #atLimit = false;
  #growing: Promise<void> = Promise.resolve();

  /** @param limit decompressed bytes that are kept in memory at most */
  constructor(compressed: ByteSource, kind: DecompressibleKind, limit: number) {
    requireDecoder(kind, compressed.name);
    this.name = compressed.name;
    this.#compressed = compressed;
    this.#limit = limit;
    this.#output = this.#decompressed(kind);
  }

  get size(): number | undefined {
    return this.#ended ? this.#length : undefined;
  }

  /** There was more than the limit allowed to look at. */
  get atLimit(): boolean {
    return this.#atLimit;
  }

  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.readAvailable(offset, length, length, signal);
  }

  async readAvailable(offset: number, least: number, most: number, signal?: AbortSignal): Promise<Uint8Array> {
    while (!this.#ended && this.#length < offset + least) {
      throwIfCancelled(signal);
      this.#growing = this.#growing.then(() => this.#grow());
      await this.#growing;
    }
    return this.#slice(offset, Math.min(offset + most, this.#length));
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#output.return?.();
    this.#chunks.length = 0;
    this.#length = 0;
    await this.#compressed.close();
  }

  async #grow(): Promise<void> {
    if (this.#ended) return;
    // A damaged stream is one that ends: what came before is what can be told of it.
    const next = await this.#output.next().catch(() => undefined);
    if (!next || next.done === true) {
      this.#ended = true;
      return;
    }
    const room = this.#limit - this.#length;
    this.#chunks.push(next.value.subarray(0, room));
    this.#length += Math.min(room, next.value.length);
    this.#atLimit = next.value.length >= room;
    this.#ended = this.#atLimit;
  }

  async *#decompressed(kind: DecompressibleKind): AsyncGenerator<Uint8Array, void> {
    const options = { chunkSize: OUTPUT_CHUNK, highWaterMark: OUTPUT_CHUNK };
    const decoder = kind === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    const feeding = this.#feed(decoder);
    feeding.catch((error: unknown) => decoder.destroy(error as Error));
    try {
      for await (const chunk of decoder) yield chunk as Uint8Array;
    } finally {
      decoder.destroy();
    }
  }

  async #feed(decoder: Transform): Promise<void> {
    for (let at = 0; !decoder.destroyed;) {
      const bytes = await this.#compressed.read(at, INPUT_STEP);
      if (bytes.length === 0) break;
      at += bytes.length;
      // The source may use its buffer again, while the decoder holds on to what it was given.
      if (!decoder.write(new Uint8Array(bytes))) {
        await new Promise<void>((resolve) => {
          decoder.once('drain', resolve);
          decoder.once('close', resolve);
        });
      }
    }
    if (!decoder.destroyed) decoder.end();
  }

  #slice(start: number, end: number): Uint8Array {
    if (start >= end) return new Uint8Array(0);
    const result = new Uint8Array(end - start);
    let at = 0;
    for (const chunk of this.#chunks) {
      const from = Math.max(start, at);
      const to = Math.min(end, at + chunk.length);
      if (from < to) result.set(chunk.subarray(from - at, to - at), from - start);
      at += chunk.length;
      if (at >= end) break;
    }
    return result;
  }
}
