import { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { throwIfCancelled } from './cancel.ts';

const step = 256 * 1024;
/** What stays readable behind the last byte that was asked for. */
const keep = 1024 * 1024;
/** How often the work may begin anew, for a reader that goes back further. */
const maxRestarts = 4;
/** Nobody waits for what a few kilobytes of zeros can claim to be. */
const maxOutput = 16 * 1024 ** 3;

const tooLarge = '{0} holds more than the {2} bytes that are decompressed of it: the rest is not shown.';
const cutOff = '{0} is cut off: its compressed data ends unfinished at byte {1}. The {2} bytes before that are shown.';
const corrupt =
  'The compressed data of {0} is damaged near byte {1}. The {2} bytes before that are shown, the rest is lost.';

/**
 * What is in a gzip source, for readers that go through it from front to back: it is decompressed as it is read, and
 * little of it is kept. Damage ends it, with a note; what came out before that is there. Closing it leaves the source
 * open.
 */
export class ForwardGunzip implements ByteSource {
  readonly name: string;
  readonly notes: Note[] = [];
  /** Known when the end was met. */
  size: number | undefined;
  readonly #source: ByteSource;
  #stream: Gunzip | undefined;
  #output: AsyncIterator<Buffer> | undefined;
  #pieces: Buffer[] = [];
  /** Where the first of the pieces starts, and where the last one ends. */
  #start = 0;
  #end = 0;
  #restarts = 0;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.#source = source;
  }

  /** @throws CheckpointError `cancelled`, `unsupported` for one who goes back again and again, and what the source throws */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (offset < this.#start) await this.#restart();
    while (this.#end < offset + length && (this.size === undefined || this.#end < this.size)) {
      throwIfCancelled(signal);
      await this.#next(signal);
      this.#drop(Math.min(offset, this.#end) - keep);
    }
    return this.#copy(offset, Math.min(length, this.#end - offset));
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#output = undefined;
    return Promise.resolve();
  }

  async #restart(): Promise<void> {
    if (++this.#restarts > maxRestarts) {
      const text = sentence('{0} is damaged in so many places that it cannot be read as it is.', this.name);
      throw new CheckpointError('unsupported', text, { where: this.name });
    }
    await this.close();
    this.#pieces = [];
    this.#start = 0;
    this.#end = 0;
  }

  async #next(signal?: AbortSignal): Promise<void> {
    this.#output ??= this.#begin(signal);
    try {
      const piece = await this.#output.next();
      if (piece.done === true) this.size = this.#end;
      else {
        this.#pieces.push(piece.value);
        this.#end += piece.value.length;
        if (this.#end > maxOutput) this.#stop('may-be-incomplete', tooLarge);
      }
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      const cut = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
      if (cut) this.#stop('truncated', cutOff);
      else this.#stop('damaged', corrupt);
    }
  }

  #begin(signal?: AbortSignal): AsyncIterator<Buffer> {
    const stream = createGunzip({ chunkSize: step });
    const input = Readable.from(this.#input(signal), { objectMode: false });
    input.on('error', (error) => stream.destroy(error));
    stream.on('close', () => input.destroy());
    input.pipe(stream);
    this.#stream = stream;
    return stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async *#input(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let offset = 0; ;) {
      const bytes = await this.#source.read(offset, step, signal);
      // A copy: the source may write into its buffer again.
      if (bytes.length > 0) yield new Uint8Array(bytes);
      offset += bytes.length;
      if (bytes.length < step) return;
    }
  }

  #stop(kind: NoteKind, template: string): void {
    this.size = this.#end;
    if (this.notes.length > 0) return;
    const offset = this.#stream?.bytesWritten ?? 0;
    this.notes.push({ kind, where: this.name, offset, text: sentence(template, this.name, offset, this.#end) });
  }

  #drop(before: number): void {
    for (let [first] = this.#pieces; first && this.#start + first.length <= before; [first] = this.#pieces) {
      this.#pieces.shift();
      this.#start += first.length;
    }
  }

  #copy(offset: number, length: number): Uint8Array {
    if (length <= 0) return new Uint8Array();
    const result = Buffer.alloc(length);
    let at = this.#start;
    for (const piece of this.#pieces) {
      const from = Math.max(offset, at);
      const to = Math.min(offset + length, at + piece.length);
      if (from < to) piece.copy(result, from - offset, from - at, to - at);
      at += piece.length;
    }
    return result;
  }
}
