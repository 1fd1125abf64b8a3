import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { cancelled, orCancelled } from './cancel.ts';
import { compressionOf, SNIFF_LENGTH, type DecompressibleKind } from './compression.ts';
import { CHUNK, DecompressionError, Member, requireDecoder } from './decompress-member.ts';
import { GrowingFile, type GrowingSource } from './growing-source.ts';
import { InputBuffers } from './input-buffers.ts';
import { spillKey, type SpillStore, type SpillWriter } from './spill.ts';

export interface DecompressOptions {
  /** Ends the work, also after {@link decompress} has returned. */
  readonly signal?: AbortSignal;
  /** Compressed bytes done, and in all; not more often than a person can see, and once at the end. */
  readonly onProgress?: (done: number, total: number | undefined, finished: boolean) => void;
  /** Each compressed byte once, in order, as it is read, to be looked at at once; not called where a copy is there already. */
  readonly onInput?: (bytes: Uint8Array) => void;
  /** All compressed bytes were handed to `onInput`. */
  readonly onInputEnd?: () => void;
}

/**
 * Decompresses a source into the spill store, or finds the copy made earlier. Returns at once: the result grows. Damage
 * ends it early, with all that came before it readable and a note. The result owns the source and closes it.
 * @throws CheckpointError `unsupported` where this Node.js cannot do it, `no-space`, `too-large`, `unreadable`
 */
export async function decompress(
  source: ByteSource,
  kind: DecompressibleKind,
  spill: SpillStore,
  options: DecompressOptions = {},
): Promise<GrowingSource> {
  requireDecoder(kind, source.name);
  const key = await spillKey(source, kind, options.signal);
  const identity = source.identity === undefined ? undefined : `${source.identity}|${kind}`;
  const place = { name: source.name, identity };
  const found = key === undefined ? undefined : await spill.find(key);
  if (found) {
    const copy = new GrowingFile(found.handle, place, async () => {
      await found.release();
      await source.close();
    });
    copy.grow(found.size);
    copy.end();
    options.onProgress?.(source.size ?? 0, source.size, true);
    return copy;
  }
  const writer = await spill.create(key, source.size ?? 0);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let work: Promise<void> = Promise.resolve();
  const growing = new GrowingFile(writer.handle, place, async () => {
    stop.abort();
    await work;
    await writer.release();
    await source.close();
  });
  work = new Decompression(source, writer, growing, options, signal).run(kind);
  return growing;
}

const PROGRESS_EVERY = 100;
/** Bytes fed at once where decompression failed, attempt by attempt. */
const CAREFUL_STEPS = [4096, 1];
/** Zeros behind the last member are padding of the medium; more than this is not read to find out. */
const MAX_PADDING = 64 * 1024;

/** One run from compressed bytes to a file. */
class Decompression {
  readonly #source: ByteSource;
  readonly #input: InputBuffers;
  readonly #writer: SpillWriter;
  readonly #growing: GrowingFile;
  readonly #options: DecompressOptions;
  readonly #signal: AbortSignal;
  #produced = 0;
  #seen = 0;
  #reported = 0;

  constructor(
    source: ByteSource,
    writer: SpillWriter,
    growing: GrowingFile,
    options: DecompressOptions,
    signal: AbortSignal,
  ) {
    this.#source = source;
    this.#input = new InputBuffers(source, CHUNK);
    this.#writer = writer;
    this.#growing = growing;
    this.#options = options;
    this.#signal = signal;
  }

  /** Never rejects: what goes wrong is the growing source's to tell. */
  async run(kind: DecompressibleKind): Promise<void> {
    try {
      const end = await this.#members(kind);
      if (this.#seen === this.#source.size) this.#options.onInputEnd?.();
      if (this.#growing.notes.length === 0) await this.#writer.finish(this.#produced);
      this.#options.onProgress?.(end, this.#source.size, true);
      this.#growing.end();
    } catch (error) {
      if (isCancelled(error) || this.#signal.aborted) {
        // Nothing of a cancelled copy stays on disk. If that fails, the next start removes it.
        await this.#growing.fail(cancelled(), this.#writer.release());
        return;
      }
      this.#noteFailure(error);
      this.#growing.end();
    }
  }

  /** Member after member (gzip) or frame after frame (zstd). @returns where the compressed bytes end */
  async #members(kind: DecompressibleKind): Promise<number> {
    let at = 0;
    for (let first = true; ; first = false) {
      const start = await this.#source.read(at, SNIFF_LENGTH, this.#signal);
      if (start.length === 0 && !first) return at;
      if (!first && compressionOf(start) !== kind) {
        await this.#noteTrailing(at);
        return at;
      }
      at = await this.#member(kind, at, first);
    }
  }

  async #member(kind: DecompressibleKind, start: number, isFirst: boolean): Promise<number> {
    const before = this.#produced;
    let careful = { from: Infinity, step: 0 };
    for (let attempt = 0; ; attempt++) {
      try {
        const skip = this.#produced - before;
        return await this.#runMember(new Member(kind, start, isFirst ? 'large' : 'small', { careful, skip }));
      } catch (error) {
        const step = CAREFUL_STEPS[attempt];
        if (step === undefined || !(error instanceof DecompressionError) || error.why === 'ends') throw error;
        // The step that failed took up to a megabyte of good bytes with it: once more, in smaller steps from there on.
        careful = { from: error.offset, step };
      }
    }
  }

  #runMember(member: Member): Promise<number> {
    return member.run({
      read: async (offset, length) => {
        const bytes = await orCancelled(this.#input.read(offset, length, this.#signal), this.#signal);
        this.#see(offset, bytes);
        return bytes;
      },
      taken: (bytes) => this.#input.giveBack(bytes),
      write: async (bytes) => {
        const position = this.#produced;
        this.#produced += bytes.length;
        await this.#writer.write(bytes, position);
        return position + bytes.length;
      },
      written: (end) => this.#growing.grow(end),
      signal: this.#signal,
    });
  }

  /** Tells of input that is read for the first time. */
  #see(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end <= this.#seen) return;
    this.#options.onInput?.(bytes.subarray(this.#seen - offset));
    this.#seen = end;
    const now = performance.now();
    if (now - this.#reported < PROGRESS_EVERY) return;
    this.#reported = now;
    this.#options.onProgress?.(offset, this.#source.size, false);
  }

  async #noteTrailing(at: number): Promise<void> {
    const rest = await this.#source.read(at, MAX_PADDING, this.#signal);
    this.#see(at, rest);
    if (rest.every((byte) => byte === 0)) return;
    this.#note('damaged', at, trailing(this.#source.name, at));
  }

  #noteFailure(error: unknown): void {
    const { name } = this.#source;
    const shown = this.#growing.available;
    if (error instanceof DecompressionError) {
      const [kind, text] = sayFailure(error, name, shown);
      this.#note(kind, error.offset, text);
    } else if (CheckpointError.is(error, 'too-large') || CheckpointError.is(error, 'no-space')) {
      const text = sentence('Only the first {0} bytes of {1} were decompressed. {2}', shown, name, error.message);
      this.#note('truncated', this.#seen, text);
    } else if (error instanceof CheckpointError) {
      this.#note(error.reason === 'changed' ? 'stale' : 'damaged', error.offset ?? this.#seen, error.sentence);
    } else {
      const why = error instanceof Error ? error.message : String(error);
      this.#note(
        'truncated',
        this.#seen,
        sentence('Only the first {0} bytes of {1} were decompressed: {2}.', shown, name, why),
      );
    }
  }

  #note(kind: NoteKind, offset: number, text: Sentence): void {
    const note: Note = { kind, where: this.#source.name, offset, text };
    this.#growing.notes.push(note);
  }
}

function trailing(name: string, offset: number): Sentence {
  return sentence(
    '{0} goes on behind its compressed data, at byte {1}, with something else. That is not shown.',
    name,
    offset,
  );
}

/** @param shown bytes that came out before that */
function sayFailure({ why, offset }: DecompressionError, name: string, shown: number): [NoteKind, Sentence] {
  switch (why) {
    case 'ends':
      return [
        'truncated',
        shown === 0
          ? sentence('{0} is cut off at byte {1}, before anything of it could be decompressed.', name, offset)
          : sentence(
              '{0} is cut off: its compressed data ends unfinished at byte {1}. The {2} bytes decompressed before that are shown.',
              name,
              offset,
              shown,
            ),
      ];
    case 'corrupt':
      return [
        'damaged',
        shown === 0
          ? sentence(
              'The compressed data of {0} is damaged near byte {1}: nothing of it could be decompressed.',
              name,
              offset,
            )
          : sentence(
              'The compressed data of {0} is damaged near byte {1}. The {2} bytes decompressed before that are shown, the rest is lost.',
              name,
              offset,
              shown,
            ),
      ];
    case 'checksum':
      return [
        'damaged',
        sentence(
          'The checksum of {0} does not fit, found at byte {1}: some of what is shown may be wrong.',
          name,
          offset,
        ),
      ];
    case 'window':
      return [
        'damaged',
        sentence(
          '{0} was compressed in a way that needs more than 128 MiB of memory to read. Unpack it first, with: zstd -d --long=31',
          name,
        ),
      ];
    case 'dictionary':
      return [
        'damaged',
        sentence(
          '{0} was compressed with a dictionary, which is not in it. Unpack it first, with: zstd -d -D DICTIONARY',
          name,
        ),
      ];
    case 'trailing':
      return ['damaged', trailing(name, offset)];
  }
}
