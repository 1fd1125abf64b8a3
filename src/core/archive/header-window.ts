import { Buffer } from 'node:buffer';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readAvailable } from '../bytes/sources.ts';
import { HeaderForesight } from './header-foresight.ts';
import type { KeptBlocks } from './kept-source.ts';
import { BLOCK } from './tar-header.ts';

const EMPTY = Buffer.alloc(0);
const SMALLEST = 4 * 1024;
const LARGEST = 256 * 1024;
/** Headers closer than this are worth reading what lies between them. */
const DENSE = 8 * 1024;

/**
 * Reads the headers of an archive: in growing blocks where they are close together, in small ones where large contents
 * lie between them. Blocks that hold whole small files are kept, up to a limit, so that these need no second read.
 */
export class HeaderWindow {
  readonly #source: ByteSource;
  readonly #kept: KeptBlocks;
  readonly #foresight: HeaderForesight | undefined;
  #bytes: Buffer = EMPTY;
  /** Where a source that does not have to be waited for is read into, until that is kept. */
  #room: Buffer = EMPTY;
  #start = 0;
  #length = SMALLEST;
  #last = 0;

  constructor(source: ByteSource, kept: KeptBlocks) {
    this.#source = source;
    this.#kept = kept;
    this.#foresight = source.headersFrom && new HeaderForesight(source, SMALLEST);
  }

  /** What was read last. {@link loadNow}, and nothing else, writes over it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Where in {@link bytes} the header of archive offset `offset` begins; -1 if not all of it is there. */
  position(offset: number): number {
    const at = offset - this.#start;
    if (at < 0 || at + BLOCK > this.#bytes.length) return -1;
    this.#last = offset;
    // V8 keeps what comes of numbers beyond 32 bits as a double, and computes slowly with it, and with all that comes of it.
    return at | 0;
  }

  /** Reads the header at `offset`, and what else seems useful, into {@link bytes}. Fewer than {@link BLOCK} at the end. */
  async load(offset: number, signal?: AbortSignal): Promise<void> {
    this.#foresight?.meet(offset, offset - this.#last, signal);
    this.#reach(offset);
    const bytes = asBuffer(await readAvailable(this.#source, offset, BLOCK, this.#length, signal));
    if (!this.#source.fillNow) this.#kept.add(offset, bytes);
    this.#place(offset, bytes);
  }

  /** As {@link load}, if it takes no waiting. @returns whether it did not */
  loadNow(offset: number): boolean {
    this.#reach(offset);
    if (!this.#source.fillNow) return false;
    this.#keep();
    if (this.#room.length < this.#length) this.#room = Buffer.allocUnsafe(this.#length);
    const filled = this.#source.fillNow(this.#room.subarray(0, this.#length), offset);
    if (filled !== undefined) this.#place(offset, this.#room.subarray(0, filled));
    return filled !== undefined;
  }

  /** No more headers will be looked at. */
  end(): void {
    this.#keep();
  }

  /** Keeps what was read into the room, if that is more than the header of something large. */
  #keep(): void {
    const isDense = this.#room.length > 0 && this.#last > this.#start;
    if (isDense && this.#bytes.buffer === this.#room.buffer && this.#kept.add(this.#start, this.#bytes))
      this.#room = EMPTY;
  }

  /** Decides how much to read. */
  #reach(offset: number): void {
    if (offset - this.#last > 2 * DENSE) this.#length = SMALLEST;
  }

  #place(offset: number, bytes: Buffer): void {
    const stride = offset - this.#last;
    this.#bytes = bytes;
    this.#start = offset;
    this.#last = offset;
    if (stride <= DENSE) this.#length = Math.min(this.#length * 2, LARGEST);
  }

  /** The header block at `offset`; shorter only where the archive ends. */
  async block(offset: number, signal?: AbortSignal): Promise<Buffer> {
    if (this.position(offset) === -1) await this.load(offset, signal);
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + BLOCK);
  }

  /** Bytes behind a header; shorter only where the archive ends. */
  async content(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#bytes.length) return this.#bytes.subarray(at, at + length);
    return this.#source.read(offset, length, signal);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
