import type { ByteSource } from './byte-source.ts';

/** Reads a source into buffers that are used again once nobody needs what is in them. */
export class InputBuffers {
  readonly #source: ByteSource;
  readonly #size: number;
  readonly #free: ArrayBuffer[] = [];
  readonly #lent = new Set<ArrayBufferLike>();

  /** @param size bytes, at most, of one read */
  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.#size = size;
  }

  /** As the source reads. What it gives is good until it is given back. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const buffer = this.#free.pop() ?? new ArrayBuffer(this.#size);
    const filled = await this.#source.fill?.(new Uint8Array(buffer, 0, Math.min(length, this.#size)), offset, signal);
    if (filled === undefined) {
      this.#free.push(buffer);
      return this.#source.read(offset, length, signal);
    }
    this.#lent.add(buffer);
    return new Uint8Array(buffer, 0, filled);
  }

  /** What was read here, or comes from elsewhere, is not needed any more. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && this.#lent.delete(buffer)) this.#free.push(buffer);
  }
}
