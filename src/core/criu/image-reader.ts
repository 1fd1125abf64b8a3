import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError } from '../errors.ts';
import { sentence } from '../../protocol/sentence.ts';
import { uint32At } from './byte-order.ts';

/** Bytes fetched at once; most images are smaller. */
const window = 256 * 1024;

/** Bytes of an image that were not read: where they start in it, and how many there are. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Reads an image from front to back through a small window, so that its size does not matter. */
export class ImageReader {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  #bytes: Uint8Array = new Uint8Array();
  /** Where `#bytes` starts in the image. */
  #start = 0;
  /** Shrinks when a read comes back short: a truncated archive holds less than its headers say. */
  #end: number;
  /** Bytes from the start of the image. */
  position = 0;
  /** The machine that wrote the image has the highest byte of a number first: CRIU writes them as they stand in memory. */
  isBigEndian = false;

  /** @throws CheckpointError `unsupported` where the source does not know its size */
  constructor(source: ByteSource, signal?: AbortSignal) {
    if (source.size === undefined) {
      throw new CheckpointError('unsupported', sentence('The size of {0} is not known yet.', source.name));
    }
    this.#source = source;
    this.#signal = signal;
    this.#end = source.size;
  }

  /** Bytes from here to the end. */
  get rest(): number {
    return Math.max(0, this.#end - this.position);
  }

  /** Whether the next `length` bytes are in the window already. */
  has(length: number): boolean {
    return this.position >= this.#start && this.position + length <= this.#start + this.#bytes.length;
  }

  /**
   * Brings the next `length` bytes into the window; false where the image ends before. Bound `length` first. A promise
   * only where it has to wait.
   */
  fill(length: number): boolean | Promise<boolean> {
    if (this.has(length)) return true;
    if (length > this.rest) return false;
    const wanted = Math.max(length, Math.min(window, this.rest));
    const now = this.#source.readNow?.(this.position, wanted);
    if (now) return this.#take(now, wanted, length);
    return this.#source.read(this.position, wanted, this.#signal).then((bytes) => this.#take(bytes, wanted, length));
  }

  #take(bytes: Uint8Array, wanted: number, length: number): boolean {
    if (bytes.length < wanted) this.#end = this.position + bytes.length;
    this.#bytes = bytes;
    this.#start = this.position;
    return bytes.length >= length;
  }

  /** A view of the next bytes, which the next `fill` may leave behind. Only after `fill(length)`. */
  take(length: number): Uint8Array {
    const at = this.position - this.#start;
    this.position += length;
    return this.#bytes.subarray(at, at + length);
  }

  /** A view of what is in the window from here on, without passing over it. */
  ahead(): Uint8Array {
    return this.#bytes.subarray(this.position - this.#start);
  }

  /** In the byte order of the image. Only after `fill(4)`. */
  uint32(): number {
    const at = this.position - this.#start;
    this.position += 4;
    return uint32At(this.#bytes, at, this.isBigEndian);
  }

  /** Passes over bytes without reading them; the span is shorter where the image ends. */
  skip(length: number): Span {
    const span = { offset: this.position, length: Math.min(length, this.rest) };
    this.position += span.length;
    return span;
  }
}
