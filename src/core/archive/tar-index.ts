import type { Buffer } from 'node:buffer';
import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { Breather } from '../bytes/cancel.ts';
import { readAvailable } from '../bytes/sources.ts';
import type { Entry } from './file-set.ts';
import type { HeaderWindow } from './header-window.ts';
import { buildEntry, isHeaderOnly, NO_OVERRIDES, NO_RECORDS, type Overrides } from './tar-entry.ts';
import { BLOCK, classifyBlock, couldBeHeader, hasMagic, TarHeader } from './tar-header.ts';
import { isListContinued, oldSparseFacts, sparseFacts, type SparseFacts } from './tar-sparse.ts';
import { MAX_PAX, parsePax, paxNumber, type PaxRecords } from './tar-pax.ts';

/** Who keeps what the index finds. */
export interface IndexSink {
  /** @returns the entry as it is kept; undefined when no more can be */
  add(entry: Entry): Entry | undefined;
  /** How the entry that was added last is stored without its holes. */
  sparse(entry: Entry, facts: SparseFacts): void;
  /** The content of the entry that was added last is not all there. */
  truncate(entry: Entry): void;
  note(note: Note): void;
  /** Called before the index waits for bytes or lets others run. */
  flush(): void;
}

const SCAN_STEP = 256 * 1024;
/** What tars put behind the end mark to fill their last record is far less. */
const SEARCH_BEHIND_END = 1024 * 1024;
/** Extension blocks of one sparse entry: 21 pieces each. */
const MAX_SPARSE_BLOCKS = 65_536;

/**
 * Finds the entries of a tar archive by hopping from header to header. Damage is noted and passed over: the next header
 * whose checksum fits is searched for.
 */
export class TarIndexer {
  readonly #source: ByteSource;
  readonly #window: HeaderWindow;
  readonly #sink: IndexSink;
  readonly #signal: AbortSignal | undefined;
  readonly #breather = new Breather();
  #offset = 0;
  #global: PaxRecords = NO_RECORDS;
  #local: PaxRecords = NO_RECORDS;
  #longName: Uint8Array | undefined;
  #longLink: Uint8Array | undefined;
  #last: Entry | undefined;
  #sparse: SparseFacts | undefined;
  /** Entries were lost, so an end mark may be one of an archive inside this one. */
  #isResynced = false;

  constructor(source: ByteSource, window: HeaderWindow, sink: IndexSink, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#window = window;
    this.#sink = sink;
    this.#signal = signal;
  }

  /** @throws CheckpointError what reading throws, and `cancelled` */
  async run(): Promise<void> {
    const window = this.#window;
    for (;;) {
      // Most headers lie in bytes that were read for those before them: no promise is made for these.
      let at = window.position(this.#offset);
      if (at === -1) {
        if (!window.loadNow(this.#offset)) await this.#load(this.#offset);
        at = window.position(this.#offset);
      }
      if (at === -1) {
        this.#endOfBytes(window.bytes.length);
        return;
      }
      const step = this.#step(window.bytes, at);
      if (!(typeof step === 'boolean' ? step : await step)) return;
      if (this.#breather.isDue) await this.#pause();
    }
  }

  async #load(offset: number): Promise<void> {
    this.#sink.flush();
    await this.#window.load(offset, this.#signal);
  }

  async #blockAt(offset: number): Promise<Buffer> {
    this.#sink.flush();
    return this.#window.block(offset, this.#signal);
  }

  async #pause(): Promise<void> {
    this.#sink.flush();
    await this.#breather.breathe(this.#signal);
  }

  /** Handles the block at the current offset and moves behind what belongs to it. False: stop. */
  #step(bytes: Buffer, at: number): boolean | Promise<boolean> {
    switch (classifyBlock(bytes, at)) {
      case 'header':
        return this.#header(new TarHeader(bytes, at));
      case 'zero':
        return this.#endMark();
      case 'bad':
        return this.#badHeader();
    }
  }

  #header(header: TarHeader): boolean | Promise<boolean> {
    switch (header.typeFlag) {
      case 'x':
      case 'X':
        return this.#extension(header, (bytes) => {
          this.#local = this.#records(bytes);
          this.#sparse = sparseFacts(this.#local, this.#offset + BLOCK, bytes.length);
        });
      case 'g':
        return this.#extension(header, (bytes) => (this.#global = new Map([...this.#global, ...this.#records(bytes)])));
      case 'L':
        return this.#extension(header, (bytes) => (this.#longName = upToNul(bytes)));
      case 'K':
        return this.#extension(header, (bytes) => (this.#longLink = upToNul(bytes)));
      case '1':
        return this.#hardLink(header);
      case 'S':
        return this.#oldSparse(header);
      default:
        return this.#entry(header, this.#offset + BLOCK);
    }
  }

  async #extension(header: TarHeader, use: (bytes: Uint8Array) => void): Promise<boolean> {
    const { size } = header;
    if (size === undefined || size > MAX_PAX) {
      return this.#resync(
        sentence(
          '{0} is damaged at byte {1}: a header that describes the next entry claims an impossible length.',
          this.#name,
          this.#offset,
        ),
      );
    }
    const start = this.#offset + BLOCK;
    const bytes = await this.#window.content(start, size, this.#signal);
    if (bytes.length < size) {
      this.#note(
        'truncated',
        start + bytes.length,
        sentence('{0} ends at byte {1}, inside the description of an entry.', this.#name, start + bytes.length),
      );
      return false;
    }
    use(new Uint8Array(bytes));
    this.#offset = start + padded(size);
    return true;
  }

  #records(bytes: Uint8Array): PaxRecords {
    const { records, brokenAt } = parsePax(bytes);
    if (brokenAt !== undefined) {
      const at = this.#offset + BLOCK + brokenAt;
      this.#note(
        'damaged',
        at,
        sentence('{0} is damaged at byte {1}: part of the description of an entry cannot be read.', this.#name, at),
      );
    }
    return records;
  }

  /** A hard link's size may be that of its target, or pax wrote the content once more: the next block tells. */
  async #hardLink(header: TarHeader): Promise<boolean> {
    const start = this.#offset + BLOCK;
    if (header.size === 0) return this.#entry(header, start, 0);
    const next = await this.#blockAt(start);
    const hasContent = next.length === BLOCK && classifyBlock(next) === 'bad';
    return this.#entry(header, start, hasContent ? header.size : 0);
  }

  /** Old GNU sparse entries continue their list of pieces in blocks between header and content. */
  async #oldSparse(header: TarHeader): Promise<boolean> {
    const first = await this.#blockAt(this.#offset);
    let start = this.#offset + BLOCK;
    let isContinued = isListContinued(first, true);
    for (let count = 0; isContinued && count < MAX_SPARSE_BLOCKS; count++) {
      const block = await this.#blockAt(start);
      if (block.length < BLOCK) break;
      isContinued = isListContinued(block, false);
      start += BLOCK;
    }
    this.#sparse = oldSparseFacts(first, this.#offset, start - this.#offset);
    return this.#entry(header, start);
  }

  #entry(
    header: TarHeader,
    offset: number,
    size = isHeaderOnly(header.typeFlag) ? 0 : sizeOf(header, this.#local, this.#global),
  ): boolean | Promise<boolean> {
    const headerOffset = this.#offset;
    if (size === undefined) {
      return this.#resync(
        sentence(
          '{0} is damaged at byte {1}: the size of an entry is no number, negative, or impossibly large.',
          this.#name,
          headerOffset,
        ),
      );
    }
    const sparse = this.#sparse;
    this.#last = this.#sink.add(buildEntry(header, this.#takeOverrides(), { headerOffset, offset, size }));
    if (this.#last?.type === 'sparse' && sparse) this.#sink.sparse(this.#last, sparse);
    this.#offset = offset + padded(size);
    if (this.#last) return true;
    this.#note(
      'missing',
      headerOffset,
      sentence(
        '{0} has more entries than can be listed. Those from byte {1} on are not shown.',
        this.#name,
        headerOffset,
      ),
    );
    return false;
  }

  #takeOverrides(): Overrides {
    const isPlain = this.#local === NO_RECORDS && this.#global === NO_RECORDS && !this.#longName && !this.#longLink;
    if (isPlain && !this.#sparse) return NO_OVERRIDES;
    const overrides = {
      global: this.#global,
      local: this.#local,
      longName: this.#longName,
      longLink: this.#longLink,
    };
    this.#local = NO_RECORDS;
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#sparse = undefined;
    return overrides;
  }

  /** The archive has no more bytes where a header should be. */
  #endOfBytes(rest: number): void {
    const size = this.#source.size ?? this.#offset + rest;
    const last = this.#last;
    if (last?.offset !== undefined && last.offset + last.size > size) {
      this.#sink.truncate(last);
      this.#note(
        'truncated',
        size,
        sentence(
          '{0} ends at byte {1}, inside {2}: {3} of its {4} bytes are there.',
          this.#name,
          size,
          last.path,
          Math.max(0, size - last.offset),
          last.size,
        ),
      );
    } else if (rest > 0) {
      this.#note(
        'truncated',
        size,
        sentence('{0} ends at byte {1}, inside the header of an entry. Later entries are missing.', this.#name, size),
      );
    } else {
      this.#note(
        'may-be-incomplete',
        size,
        sentence('{0} ends at byte {1} without an end mark: later entries may be missing.', this.#name, size),
      );
    }
  }

  /** A block of zeros: two end the archive, unless something follows. */
  async #endMark(): Promise<boolean> {
    const next = await this.#blockAt(this.#offset + BLOCK);
    const kind = next.length < BLOCK ? 'zero' : classifyBlock(next);
    if (kind === 'bad') {
      this.#offset += BLOCK;
      return this.#badHeader();
    }
    if (kind === 'header') {
      this.#note(
        'damaged',
        this.#offset,
        sentence('{0} has an empty block at byte {1} where an entry should begin.', this.#name, this.#offset),
      );
      this.#offset += BLOCK;
      return true;
    }
    const end = this.#offset + 2 * BLOCK;
    const found = await this.#scan(end, this.#isResynced ? Infinity : SEARCH_BEHIND_END);
    if (found === undefined) return false;
    if (!this.#isResynced) {
      this.#note(
        'damaged',
        found,
        sentence(
          '{0} goes on at byte {1} behind its end mark. Other tools do not show the entries from there on.',
          this.#name,
          found,
        ),
      );
    }
    this.#offset = found;
    return true;
  }

  /** The checksum does not fit. If the header's size leads to another header, it is the header of an entry all the same. */
  async #badHeader(): Promise<boolean> {
    const at = this.#offset;
    const block = await this.#blockAt(at);
    if (hasMagic(block)) {
      const header = new TarHeader(block);
      const next = header.size === undefined ? undefined : await this.#blockAt(at + BLOCK + padded(header.size));
      if (next && (next.length === BLOCK ? classifyBlock(next) !== 'bad' : this.#isEnd(at, header.size))) {
        this.#note(
          'damaged',
          at,
          sentence(
            '{0} is damaged at byte {1}, in the header of an entry: its name, owner, mode or time may be wrong.',
            this.#name,
            at,
          ),
        );
        return this.#header(header);
      }
    }
    return this.#resync(sentence('{0} is damaged at byte {1}, where an entry should begin.', this.#name, at));
  }

  #isEnd(headerOffset: number, size = 0): boolean {
    return headerOffset + BLOCK + padded(size) === this.#source.size;
  }

  /** Notes damage at the current offset and goes on at the next header, if there is one. */
  async #resync(what: Sentence): Promise<boolean> {
    const at = this.#offset;
    const found = await this.#scan(at + BLOCK, Infinity);
    const [lost, ...more] =
      found === undefined
        ? [' Nothing behind it can be read.']
        : [' The next entry that can be read is at byte {X}.', found];
    const template = what.template + lost.replace('{X}', `{${String(what.args.length)}}`);
    this.#note('damaged', at, { template, args: [...what.args, ...more] });
    this.#takeOverrides();
    this.#isResynced = true;
    this.#last = undefined;
    if (found === undefined) return false;
    this.#offset = found;
    return true;
  }

  /** Searches block by block for a header whose checksum fits, over at most `limit` bytes. */
  async #scan(from: number, limit: number): Promise<number | undefined> {
    this.#sink.flush();
    for (let at = from; at < from + limit;) {
      if (this.#breather.isDue) await this.#breather.breathe(this.#signal);
      const bytes = await readAvailable(this.#source, at, BLOCK, SCAN_STEP, this.#signal);
      const whole = bytes.length - (bytes.length % BLOCK);
      if (whole === 0) return undefined;
      for (let inside = 0; inside < whole; inside += BLOCK) {
        if (couldBeHeader(bytes, inside) && classifyBlock(bytes, inside) === 'header') return at + inside;
      }
      at += whole;
    }
    return undefined;
  }

  get #name(): string {
    return this.#source.name;
  }

  #note(kind: NoteKind, offset: number, text: Sentence): void {
    this.#sink.note({ kind, where: this.#name, offset, text });
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Bytes of content; undefined where that is not to be known. */
function sizeOf(header: TarHeader, local: PaxRecords, global: PaxRecords): number | undefined {
  const record = local.get('size') ?? global.get('size');
  return record && record.length > 0 ? paxNumber(record) : header.size;
}

function upToNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}
