import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import zlib from 'node:zlib';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import { throwIfCancelled } from './cancel.ts';
import type { DecompressibleKind } from './compression.ts';
import { errorCode } from './file-source.ts';

/** Chunk sizes decide: at 64 KiB the hops between threads take longer than the work, at several MiB caches run over. */
export const CHUNK = 512 * 1024;
const SMALL_STEP = 16 * 1024;
/** Chunks that wait to be written; the decompressor waits for the disk behind that. */
const WAITING_CHUNKS = 4;

/** Why compressed bytes cannot be read on, and where in them, in steps of what is fed at once. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError';
  readonly why: 'ends' | 'corrupt' | 'checksum' | 'window' | 'dictionary' | 'trailing';
  readonly offset: number;

  constructor(why: DecompressionError['why'], offset: number, cause: unknown) {
    super(why, { cause });
    this.why = why;
    this.offset = offset;
  }
}

/** @throws CheckpointError `unsupported` where this Node.js is too old */
export function requireDecoder(kind: DecompressibleKind, name: string): void {
  if (kind === 'gzip' || typeof (zlib as Partial<typeof zlib>).createZstdDecompress === 'function') return;
  throw new CheckpointError(
    'unsupported',
    sentence(
      '{0} is compressed with zstd, which this version of Node.js ({1}) cannot read. Use 22.15 or newer, or unpack it first, with: zstd -d',
      name,
      process.version,
    ),
    { where: name },
  );
}

export interface MemberIo {
  read(offset: number, length: number): Promise<Uint8Array>;
  /** What was read is not needed any more. */
  taken(bytes: Uint8Array): void;
  /** @returns where in the output the bytes end */
  write(bytes: Uint8Array): Promise<number>;
  /** All output up to here is written. */
  written(end: number): void;
  readonly signal: AbortSignal;
}

/** From which byte of the input on how many are fed at once. */
export interface Careful {
  readonly from: number;
  readonly step: number;
}

/**
 * One gzip stream or zstd frame. Node's gzip decoder reads members that follow each other in one go, its zstd decoder
 * stops behind a frame if more bytes follow.
 */
export class Member {
  readonly #kind: DecompressibleKind;
  readonly #start: number;
  readonly #careful: Careful;
  #step: number;
  #skip: number;

  /**
   * @param step of which size the first steps are: short frames should not cost a large read each
   * @param again for another try: from where to feed smaller steps, and how much of the output is there already
   */
  constructor(
    kind: DecompressibleKind,
    start: number,
    step: 'large' | 'small',
    again: { readonly careful: Careful; readonly skip: number },
  ) {
    this.#kind = kind;
    this.#start = start;
    this.#step = step === 'large' ? CHUNK : SMALL_STEP;
    this.#careful = again.careful;
    this.#skip = again.skip;
  }

  /**
   * @returns where the member ends, in the compressed bytes
   * @throws DecompressionError, and what the input and output throw
   */
  async run(io: MemberIo): Promise<number> {
    const decoder = this.#decoder();
    const output = new Output(decoder, io, this.#skip);
    try {
      let next = this.#read(io, this.#start);
      for (let at = this.#start; !output.isOver;) {
        throwIfCancelled(io.signal);
        const bytes = await next.catch(async (error: unknown) => {
          // What was read before that is worth having.
          await output.drained();
          throw error;
        });
        if (bytes.length === 0) {
          await output.drained();
          decoder.end();
          break;
        }
        at += bytes.length;
        this.#step = Math.min(this.#step * 2, CHUNK);
        // While the decoder works on these bytes, the next ones are read.
        next = this.#read(io, at);
        await output.feed(bytes, at > this.#careful.from);
      }
      await output.over;
      return this.#start + decoder.bytesWritten;
    } catch (error) {
      throw asDecompressionError(error, this.#start + decoder.bytesWritten, decoder.bytesWritten > 0);
    } finally {
      await output.settled();
      decoder.destroy();
    }
  }

  #read(io: MemberIo, at: number): Promise<Uint8Array> {
    const isCareful = at >= this.#careful.from;
    const bytes = io.read(at, isCareful ? this.#careful.step : Math.min(this.#step, this.#careful.from - at));
    // It may not be waited for, if the member ends before.
    bytes.catch(() => undefined);
    return bytes;
  }

  #decoder(): zlib.Gunzip | zlib.ZstdDecompress {
    const options = { chunkSize: CHUNK, highWaterMark: CHUNK };
    return this.#kind === 'gzip' ? zlib.createGunzip(options) : zlib.createZstdDecompress(options);
  }
}

/** What comes out of a decoder, on its way to the file. */
class Output {
  /** Resolves at the decoder's end, rejects when it or a write fails. */
  readonly over: Promise<void>;
  isOver = false;
  readonly #decoder: zlib.Gunzip | zlib.ZstdDecompress;
  readonly #io: MemberIo;
  #lastWrite: Promise<void> = Promise.resolve();
  #waitingChunks = 0;
  #lastFed: Promise<void> = Promise.resolve();
  #skip: number;
  #failWrite: (error: unknown) => void = () => undefined;

  constructor(decoder: zlib.Gunzip | zlib.ZstdDecompress, io: MemberIo, skip: number) {
    this.#decoder = decoder;
    this.#io = io;
    this.#skip = skip;
    this.over = new Promise<void>((resolve, reject) => {
      decoder.once('end', resolve);
      decoder.once('error', reject);
      this.#failWrite = reject;
    }).finally(() => (this.isOver = true));
    this.over.catch(() => undefined);
    decoder.on('data', (bytes: Uint8Array) => this.#take(bytes));
  }

  /** Hands input to the decoder; with `completely`, returns when its output was taken. */
  async feed(bytes: Uint8Array, completely: boolean): Promise<void> {
    this.#lastFed = new Promise((resolve) => {
      this.#decoder.write(bytes, () => {
        this.#io.taken(bytes);
        resolve();
      });
    });
    if (completely) await this.drained();
    else if (this.#decoder.writableNeedDrain) await Promise.race([once(this.#decoder, 'drain'), this.over]);
  }

  /** All that was fed has come out and is on its way to the file: a decoder that fails takes along what still waits. */
  async drained(): Promise<void> {
    await Promise.race([this.#lastFed, this.over]);
    while (this.#decoder.readableLength > 0 && !this.isOver) {
      await Promise.race([this.#lastWrite, this.over]);
      await nextTurn();
    }
  }

  async settled(): Promise<void> {
    this.#decoder.removeAllListeners('data');
    await this.#lastWrite.catch(() => undefined);
  }

  #take(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    if (skipped === bytes.length) return;
    // One at a time: several writes into one file wait for its lock anyway, spinning.
    const part = bytes.subarray(skipped);
    const write = this.#lastWrite.then(async () => {
      this.#io.written(await this.#io.write(part));
      free(bytes);
    });
    this.#lastWrite = write;
    this.#waitingChunks++;
    write.then(() => this.#wrote(), this.#failWrite);
    if (this.#waitingChunks >= WAITING_CHUNKS) this.#decoder.pause();
  }

  #wrote(): void {
    this.#waitingChunks--;
    if (this.#waitingChunks < WAITING_CHUNKS) this.#decoder.resume();
  }
}

/**
 * Gives the memory of output back at once: waiting for the collector, the decoder would write each chunk into memory
 * that no cache holds. A decoder fills its buffers from front to back, and leaves one that is full to who reads it.
 */
function free(bytes: Uint8Array): void {
  const { buffer, byteOffset, length } = bytes;
  if (buffer instanceof ArrayBuffer && byteOffset + length === CHUNK && buffer.byteLength === CHUNK) buffer.transfer(0);
}

function asDecompressionError(error: unknown, offset: number, hasBegun: boolean): unknown {
  const code = errorCode(error) ?? '';
  const text = error instanceof Error ? error.message : '';
  if (code === 'Z_BUF_ERROR' || text === 'unexpected end of file') return new DecompressionError('ends', offset, error);
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') return new DecompressionError('window', offset, error);
  if (code === 'ZSTD_error_dictionary_wrong') return new DecompressionError('dictionary', offset, error);
  if (code === 'ZSTD_error_checksum_wrong' || /incorrect (data|length) check/.test(text)) {
    return new DecompressionError('checksum', offset, error);
  }
  // The gzip decoder looks for another member behind the last.
  if (text === 'incorrect header check' && hasBegun) return new DecompressionError('trailing', offset, error);
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) return new DecompressionError('corrupt', offset, error);
  return error;
}
