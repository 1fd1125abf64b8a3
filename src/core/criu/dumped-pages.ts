import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { ImageDirectory } from './image-directory.ts';
import { fileOf } from './kinds.ts';
import { decodeLz4Block } from './lz4.ts';
import type { ExtentSink } from './memory-extents.ts';
import type { MemoryRead } from './memory-read.ts';
import type { EntryBlocks } from './page-blocks.ts';
import type { OldSegment } from './old-segments.ts';
import { pageFormat, type PageFormat } from './page-format.ts';
import { PageTally, type PageCounts } from './page-tally.ts';
import { PE_PARENT, PE_PRESENT, readPagemap, solidPagemap, UNIT, type Pagemap } from './pagemap.ts';

/** The largest piece of a pages image that is fetched at once, and larger than any block that CRIU compresses. */
const maxPiece = 4 * 1024 * 1024;
const usualPageSize = 4096;

/** Where the bytes of pages stand. */
interface Payload {
  /** Name of the image in the folder. */
  readonly name: string;
  readonly offset: number;
  /** How many bytes are there; Infinity while that is not known yet. */
  readonly length: number;
  /** How many bytes there were, where that may be no whole number of pages. */
  readonly size?: number;
}

/**
 * The dumped pages of one object: the memory of a process, by address, or a piece of shared memory, by offset.
 * Facts: CRIU's criu/pagemap.c, criu/page-xfer.c and, for compressed pages, its development version's
 * criu/compression.c.
 */
export class DumpedPages {
  readonly pagemap: Pagemap;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Name of the pagemap in the folder; of the image that holds the bytes where it has none. */
  readonly name: string;
  readonly #images: ImageDirectory;
  readonly #payload: Payload;
  /** False where the bytes cannot be told apart: showing them would show garbage. */
  readonly usable: boolean;
  readonly #notes: Note[];
  #parent: Promise<DumpedPages | undefined> | undefined;
  #tally: PageTally | undefined;
  /** The block that was decoded last: neighbouring reads mostly need the same. */
  #lastBlock: { readonly entry: number; readonly block: number; readonly bytes: Uint8Array } | undefined;

  private constructor(
    images: ImageDirectory,
    name: string,
    pagemap: Pagemap,
    format: PageFormat,
    payload: Payload,
    notes: readonly Note[],
  ) {
    this.name = name;
    this.#images = images;
    this.#payload = payload;
    this.pagemap = pagemap;
    this.pageSize = format.pageSize;
    this.usable = format.usable;
    this.#notes = [...notes, ...(format.note ? [format.note] : [])];
  }

  /**
   * @param name of the pagemap in the folder.
   * @param pageSize what the process's own auxiliary vector says; absent where that is not known.
   * @returns undefined where there is no such pagemap
   * @throws CheckpointError what the sources throw
   */
  static async open(
    images: ImageDirectory,
    name: string,
    pageSize: number | undefined,
    signal?: AbortSignal,
  ): Promise<DumpedPages | undefined> {
    const source = images.openNow(name) ?? (await images.open(name, signal));
    if (!source) return undefined;
    const where = images.path(name);
    const result = await closing(source, () => readPagemap(source, where, signal));
    const pagesName = fileOf('PAGES', result.pagemap.pagesId);
    const hasPages = result.pagemap.presentPages > 0;
    const pages = hasPages ? (images.openNow(pagesName) ?? (await images.open(pagesName, signal))) : undefined;
    await pages?.close();
    const format = pageFormat(result, pages?.size, pageSize, images.path(pagesName), where);
    const payload: Payload = { name: pagesName, offset: 0, length: pages?.size ?? Infinity };
    return new DumpedPages(images, name, result.pagemap, format, payload, result.notes);
  }

  /** The pages of a segment whose bytes stand in its own image, the last one as far as the segment reaches. */
  static ofSegment(images: ImageDirectory, segment: OldSegment, pageSize: number | undefined): DumpedPages {
    const { name, size } = segment;
    const format = { pageSize: pageSize ?? usualPageSize, usable: true };
    return new DumpedPages(images, name, solidPagemap(Math.ceil(size / format.pageSize)), format, segment, []);
  }

  /** The pages image ends before the last of them. */
  get cutShort(): boolean {
    return this.usable && this.#payload.length < this.pagemap.end(this.pageSize);
  }

  /** What is wrong with them, as far as was met. */
  get notes(): readonly Note[] {
    return this.#notes;
  }

  /**
   * A copy of the bytes from `address` on, if one entry of the pagemap holds all of them as they were and they are at
   * hand; undefined else. Arguments and environment are mostly read so.
   */
  readNow(address: bigint, length: number): Uint8Array | undefined {
    const { pagemap, pageSize } = this;
    if (!this.usable || !pagemap.ordered || length === 0) return undefined;
    const index = pagemap.find(Number(address / BigInt(UNIT)));
    if (index < 0 || (pagemap.flags(index) & PE_PRESENT) === 0 || pagemap.blocks(index)) return undefined;
    const offset = Number(address - BigInt(pagemap.start(index)) * BigInt(UNIT));
    const payload = pagemap.offset(index, pageSize) + offset;
    if (offset + length > pagemap.pages(index) * pageSize || payload + length > this.#payload.length) return undefined;
    const pages = this.#images.openNow(this.#payload.name);
    const bytes = pages?.readNow?.(this.#payload.offset + payload, length);
    void pages?.close();
    return bytes?.length === length ? new Uint8Array(bytes) : undefined;
  }

  /** What the pagemap lists, by address; entries that touch are one. */
  *listed(): Generator<{ readonly start: bigint; readonly length: bigint }> {
    const { pagemap, pageSize } = this;
    let start = 0n;
    let end = 0n;
    for (let position = 0; position < pagemap.length; position++) {
      const index = pagemap.at(position);
      const from = BigInt(pagemap.start(index)) * BigInt(UNIT);
      if (from > end) {
        if (end > start) yield { start, length: end - start };
        start = from;
      }
      const to = from + BigInt(pagemap.pages(index)) * BigInt(pageSize);
      if (to > end) end = to;
    }
    if (end > start) yield { start, length: end - start };
  }

  /** The first address from one on that an entry lists; undefined where there is none. */
  nextListed(address: bigint): bigint | undefined {
    const { pagemap } = this;
    const position = pagemap.find(Number(address / BigInt(UNIT)));
    const addressOf = (index: number): bigint => BigInt(pagemap.start(index)) * BigInt(UNIT);
    if (position >= 0) {
      const index = pagemap.at(position);
      if (addressOf(index) + BigInt(pagemap.pages(index) * this.pageSize) > address) return address;
    }
    return position + 1 < pagemap.length ? addressOf(pagemap.at(position + 1)) : undefined;
  }

  /** How many bytes of a range are in the pages image, in the parent dump, and nowhere. */
  count(address: bigint, length: bigint): PageCounts {
    this.#tally ??= new PageTally(this.pagemap);
    const unit = (at: bigint): number => Number(at / BigInt(UNIT));
    const pages = this.#tally.between(unit(address), unit(address + length), this.pageSize / UNIT);
    const bytes = (count: number): number => count * this.pageSize;
    return { present: bytes(pages.present), parent: bytes(pages.parent), lazy: bytes(pages.lazy) };
  }

  /** Reads into `read` what was dumped from `address` on; what it does not cover stays missing. */
  async readInto(read: MemoryRead, address: bigint, signal?: AbortSignal): Promise<void> {
    let pages: ByteSource | undefined;
    try {
      for (const { index, start, from, to } of this.#pieces(address, read.length)) {
        const flags = this.pagemap.flags(index);
        if (flags & PE_PRESENT) {
          if (!this.usable) continue;
          pages ??= await this.#images.open(this.#payload.name, signal);
          if (pages) await this.#readPresent(pages, index, read.part(from, to), from - start, signal);
        } else if (flags & PE_PARENT) {
          const parent = await this.#parentOf(signal);
          await parent?.readInto(read.part(from, to), address + BigInt(from), signal);
        }
      }
    } finally {
      await pages?.close();
    }
  }

  /**
   * Adds where the bytes of a range are. What no entry covers is left to `hole`.
   * @param source what to call pages that are present
   */
  async locate(
    list: ExtentSink,
    address: bigint,
    length: number,
    source: 'own' | 'shared' | 'parent',
    hole: (start: bigint, length: number) => Promise<void> | void,
    signal?: AbortSignal,
  ): Promise<void> {
    let done = 0;
    const skip = async (to: number): Promise<void> => {
      if (to > done) await hole(address + BigInt(done), to - done);
    };
    for (const { index, start, from, to } of this.#pieces(address, length)) {
      if (list.full) return;
      if (from > done) await skip(from);
      const flags = this.pagemap.flags(index);
      const at = address + BigInt(from);
      if (flags & PE_PRESENT) this.#locatePresent(list, index, at, from - start, to - from, source);
      else if (flags & PE_PARENT) await this.#locateParent(list, at, to - from, signal);
      else list.add({ start: at, length: to - from, source: 'lazy', present: false });
      done = to;
    }
    await skip(length);
  }

  /** Where bytes are of an entry that is present, from `offset` in it on. */
  #locatePresent(
    list: ExtentSink,
    index: number,
    start: bigint,
    offset: number,
    length: number,
    source: 'own' | 'shared' | 'parent',
  ): void {
    const where = this.#images.path(this.#payload.name);
    if (!this.usable) return list.add({ start, length, source: 'lost', present: false, where });
    const base = this.#payload.offset;
    const payload = this.pagemap.offset(index, this.pageSize);
    if (this.pagemap.blocks(index)) {
      return list.add({ start, length, source, present: true, where, offset: BigInt(payload), compressed: true });
    }
    const upTo = (end: number): number => Math.max(0, Math.min(length, end - payload - offset));
    const here = upTo(this.#payload.length);
    const there = Math.max(here, upTo(this.#payload.size ?? Infinity));
    const rest = (from: number): bigint => start + BigInt(from);
    list.add({ start, length: here, source, present: true, where, offset: BigInt(base + payload + offset) });
    list.add({ start: rest(here), length: there - here, source: 'lost', present: false, where });
    list.add({ start: rest(there), length: length - there, source: 'untouched', present: false });
  }

  async #locateParent(list: ExtentSink, start: bigint, length: number, signal?: AbortSignal): Promise<void> {
    const parent = await this.#parentOf(signal);
    const gone = (from: bigint, size: number): void =>
      list.add({ start: from, length: size, source: 'parent', present: false });
    if (parent) await parent.locate(list, start, length, 'parent', gone, signal);
    else gone(start, length);
  }

  /**
   * The entries that cover a range, in the order of addresses and without overlaps: of two that overlap, as only damaged
   * pagemaps have them, the one that starts later counts. `start`, `from` and `to` are bytes from `address`; the piece
   * is from `from` to `to`, its entry starts at `start`.
   */
  *#pieces(address: bigint, length: number): Generator<{ index: number; start: number; from: number; to: number }> {
    const { pagemap, pageSize } = this;
    const unit = Number(address / BigInt(UNIT));
    const within = Number(address % BigInt(UNIT));
    const startAt = (position: number): number => (pagemap.start(pagemap.at(position)) - unit) * UNIT - within;
    for (let position = Math.max(0, pagemap.find(unit)); position < pagemap.length; position++) {
      const index = pagemap.at(position);
      const start = startAt(position);
      if (start >= length) return;
      const end = Math.min(
        start + pagemap.pages(index) * pageSize,
        position + 1 < pagemap.length ? startAt(position + 1) : Infinity,
        length,
      );
      const from = Math.max(0, start);
      if (from < end) yield { index, start, from, to: end };
    }
  }

  async #readPresent(
    pages: ByteSource,
    index: number,
    read: MemoryRead,
    offset: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const start = this.#payload.offset + this.pagemap.offset(index, this.pageSize);
    const blocks = this.pagemap.blocks(index);
    if (blocks) return this.#readBlocks(pages, index, blocks, read, offset, signal);
    const end = Math.min(read.length, this.#payload.offset + this.#payload.length - start - offset);
    for (let done = 0; done < end;) {
      const length = Math.min(maxPiece, end - done);
      const bytes = await pages.read(start + offset + done, length, signal);
      read.put(done, bytes);
      if (bytes.length < length) return;
      done += length;
    }
  }

  async #readBlocks(
    pages: ByteSource,
    index: number,
    blocks: EntryBlocks,
    read: MemoryRead,
    offset: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const blockSize = blocks.pagesPerBlock * this.pageSize;
    const entrySize = this.pagemap.pages(index) * this.pageSize;
    if (blockSize > maxPiece) {
      this.#noteDamage(index);
      return;
    }
    let block = Math.floor(offset / blockSize);
    let payload = this.pagemap.offset(index, this.pageSize);
    for (let before = 0; before < block; before++) payload += blocks.sizes[before] ?? 0;
    for (let done = 0; done < read.length; block++) {
      const stored = blocks.sizes[block];
      if (stored === undefined) return;
      const within = offset + done - block * blockSize;
      const size = Math.min(blockSize, entrySize - block * blockSize);
      const bytes = await this.#block(pages, index, block, { payload, stored, size }, signal);
      const length = Math.min(size - within, read.length - done);
      if (bytes) read.put(done, bytes.subarray(within, within + length));
      else this.#noteDamage(index);
      done += length;
      payload += stored;
    }
  }

  async #block(
    pages: ByteSource,
    entry: number,
    block: number,
    at: { readonly payload: number; readonly stored: number; readonly size: number },
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    if (at.stored === 0) return new Uint8Array(at.size);
    if (at.stored > at.size) return undefined;
    if (this.#lastBlock?.entry === entry && this.#lastBlock.block === block) return this.#lastBlock.bytes;
    const stored = await pages.read(at.payload, at.stored, signal);
    if (stored.length < at.stored) return undefined;
    const bytes = at.stored === at.size ? new Uint8Array(stored) : decodeLz4Block(stored, at.size);
    if (bytes) this.#lastBlock = { entry, block, bytes };
    return bytes;
  }

  #parentOf(signal?: AbortSignal): Promise<DumpedPages | undefined> {
    return (this.#parent ??= this.#openParent(signal).catch((error: unknown) => {
      this.#parent = undefined;
      throw error;
    }));
  }

  async #openParent(signal?: AbortSignal): Promise<DumpedPages | undefined> {
    const folder = await this.#images.parent(signal);
    const parent = folder && (await DumpedPages.open(folder, this.name, this.pageSize, signal));
    if (parent) this.#notes.push(...parent.notes);
    else {
      const where = this.#images.path(this.name);
      const text = sentence(
        '{0} refers to pages of an earlier dump, which is not here: {1} pages cannot be shown.',
        where,
        this.pagemap.parentPages,
      );
      this.#notes.push({ kind: 'missing', where, text });
    }
    return parent;
  }

  #noteDamage(entry: number): void {
    if (this.#notes.some((note) => note.text.template === damagedBlock)) return;
    const where = this.#images.path(this.#payload.name);
    const offset = this.pagemap.offset(entry, this.pageSize);
    this.#notes.push({ kind: 'damaged', where, offset, text: sentence(damagedBlock, where, offset) });
  }
}

const damagedBlock =
  '{0} holds a compressed block from offset {1} on that cannot be decompressed: its memory is not shown.';

async function closing<T>(source: ByteSource, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await source.close();
  }
}
