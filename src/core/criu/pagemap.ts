import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readHead } from './image.ts';
import { uint32At } from './byte-order.ts';
import { ImageReader } from './image-reader.ts';
import { kindOf } from './kinds.ts';
import { PageBlocks, readBlocks, type EntryBlocks } from './page-blocks.ts';
import { WireDamage, WireReader } from './wire.ts';

/** Flags of a pagemap entry. Facts: CRIU's criu/include/pagemap.h. */
export const PE_PARENT = 1;
export const PE_LAZY = 2;
export const PE_PRESENT = 4;
export const PE_PAYLOAD_ALIGNED = 8;

/** Entries start at multiples of this, whatever the size of a page. */
export const UNIT = 4096;

/** Keeps a hostile image from filling the memory: so many entries take 100 MB here. */
const maxEntries = 4_000_000;
const maxEntryBytes = 64 * 1024 * 1024;

/**
 * Which pages were dumped, in typed arrays: a large process has a million entries. Facts: CRIU's criu/pagemap.c, and
 * for the compressed form criu/compression.c of its development version.
 */
export class Pagemap {
  /** Which pages image holds the bytes. */
  readonly pagesId: number;
  readonly length: number;
  readonly #starts: Float64Array;
  readonly #pages: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #blocks: PageBlocks;
  /** Pages whose bytes are in the pages image, in the parent dump, and nowhere (to be fetched when used). */
  readonly presentPages: number;
  readonly parentPages: number;
  readonly lazyPages: number;
  /** Some entries hold LZ4 blocks. */
  readonly compressed: boolean;
  /** Some entries start at a page boundary of the pages image: there may be gaps between them. */
  readonly aligned: boolean;
  /** The entries are in the order of their addresses, without overlaps: any but those of a damaged pagemap are. */
  readonly ordered: boolean;
  /** Entries by address, where that is not the image's order. */
  #byAddress: Uint32Array | undefined;
  #layout: { readonly pageSize: number; readonly offsets: Float64Array; readonly end: number } | undefined;

  constructor(builder: PagemapBuilder) {
    this.pagesId = builder.pagesId;
    this.length = builder.length;
    this.#starts = builder.starts.subarray(0, builder.length);
    this.#pages = builder.pages.subarray(0, builder.length);
    this.#flags = builder.flags.subarray(0, builder.length);
    this.#blocks = builder.blocks;
    this.compressed = !builder.blocks.isEmpty;
    const sums = { present: 0, parent: 0, lazy: 0 };
    let aligned = false;
    let ordered = true;
    for (let index = 0; index < this.length; index++) {
      const flags = this.flags(index);
      const pages = this.pages(index);
      if (flags & PE_PRESENT) sums.present += pages;
      else if (flags & PE_PARENT) sums.parent += pages;
      else sums.lazy += pages;
      aligned ||= (flags & PE_PAYLOAD_ALIGNED) !== 0;
      // At least a unit a page: larger pages are seen when reading.
      ordered &&= index === 0 || this.start(index) >= this.start(index - 1) + this.pages(index - 1);
    }
    this.presentPages = sums.present;
    this.parentPages = sums.parent;
    this.lazyPages = sums.lazy;
    this.aligned = aligned;
    this.ordered = ordered;
  }

  /** Address of an entry in units of {@link UNIT}: exact up to 2^64. */
  start(index: number): number {
    return this.#starts[index] as number;
  }

  pages(index: number): number {
    return this.#pages[index] as number;
  }

  flags(index: number): number {
    return this.#flags[index] as number;
  }

  blocks(index: number): EntryBlocks | undefined {
    return this.#blocks.of(index);
  }

  /** The entry at a position in the order of addresses; of those that start together the later one comes later. */
  at(position: number): number {
    if (this.ordered) return position;
    this.#byAddress ??= Uint32Array.from({ length: this.length }, (_, index) => index).sort(
      (a, b) => this.start(a) - this.start(b) || a - b,
    );
    return this.#byAddress[position] as number;
  }

  /** The position of the last entry that starts at or before a unit; -1 where there is none. */
  find(unit: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.start(this.at(middle)) <= unit) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Where an entry's bytes start in the pages image: only entries whose pages are present take room there. */
  offset(index: number, pageSize: number): number {
    return this.#layoutFor(pageSize).offsets[index] as number;
  }

  /** Bytes that the pages image must have. */
  end(pageSize: number): number {
    return this.#layoutFor(pageSize).end;
  }

  #layoutFor(pageSize: number) {
    if (this.#layout?.pageSize === pageSize) return this.#layout;
    const offsets = new Float64Array(this.length);
    let end = 0;
    for (let index = 0; index < this.length; index++) {
      const flags = this.flags(index);
      if ((flags & PE_PRESENT) !== 0 && (flags & PE_PAYLOAD_ALIGNED) !== 0) end = Math.ceil(end / pageSize) * pageSize;
      offsets[index] = end;
      if (flags & PE_PRESENT) end += this.blocks(index)?.total ?? this.pages(index) * pageSize;
    }
    return (this.#layout = { pageSize, offsets, end });
  }
}

/** What a pagemap would say of pages that stand one after the other and are all there, from 0 on. */
export function solidPagemap(pages: number): Pagemap {
  const builder = new PagemapBuilder();
  builder.add(0, Math.min(pages, 2 ** 32 - 1), PE_PRESENT);
  return new Pagemap(builder);
}

export interface PagemapResult {
  readonly pagemap: Pagemap;
  readonly notes: readonly Note[];
  /** Nothing is missing or damaged. */
  readonly intact: boolean;
}

/**
 * Reads a pagemap. Damage ends it: what stands before is kept.
 * @param name entry path in the archive, for notes.
 * @throws CheckpointError what the source throws
 */
export async function readPagemap(source: ByteSource, name: string, signal?: AbortSignal): Promise<PagemapResult> {
  const builder = new PagemapBuilder();
  const notes: Note[] = [];
  const stop = (kind: NoteKind, offset: number, text: Sentence): PagemapResult => {
    notes.push({ kind, where: name, offset, text });
    return { pagemap: new Pagemap(builder), notes, intact: false };
  };
  const reader = new ImageReader(source, signal);
  if (reader.rest === 0) return { pagemap: new Pagemap(builder), notes, intact: true };
  const magic = await readHead(reader);
  if (magic !== kindOf('PAGEMAP').magic) {
    return stop('damaged', 0, sentence('{0} is no pagemap: the memory that it describes cannot be shown.', name));
  }
  let entryBytes = 4;
  while (reader.rest > 0) {
    if (!reader.has(entryBytes) && !(await reader.fill(entryBytes))) {
      return stop(
        'truncated',
        reader.position,
        sentence(
          '{0} ends after {1} bytes within an entry. Memory beyond {2} cannot be shown; everything before it can.',
          name,
          reader.position + reader.rest,
          builder.lastAddress(),
        ),
      );
    }
    const view = reader.ahead();
    const start = reader.position;
    try {
      const { consumed, needed } = builder.addAll(view, reader.isBigEndian);
      reader.skip(consumed);
      if (needed > maxEntryBytes) throw new WireDamage('an entry is larger than any that CRIU writes', consumed);
      entryBytes = needed;
    } catch (error) {
      if (!(error instanceof WireDamage)) throw error;
      const offset = start + error.position;
      return stop(
        'damaged',
        offset,
        sentence(
          '{0} is damaged at offset {1}: {2}. Memory beyond {3} cannot be shown.',
          name,
          offset,
          error.message,
          builder.lastAddress(),
        ),
      );
    }
  }
  return { pagemap: new Pagemap(builder), notes, intact: true };
}

class PagemapBuilder {
  pagesId = 0;
  length = 0;
  starts = new Float64Array(64);
  pages = new Uint32Array(64);
  flags = new Uint8Array(64);
  readonly blocks = new PageBlocks();
  #hasHead = false;

  /** Adds the whole entries of a window; `needed` is how many bytes the next one has, with its length. */
  addAll(view: Uint8Array, isBigEndian: boolean): { readonly consumed: number; readonly needed: number } {
    const reader = new WireReader(view);
    let consumed = 0;
    while (view.length - consumed >= 4) {
      const at = consumed + 4;
      const size = uint32At(view, consumed, isBigEndian);
      if (size > view.length - at) return { consumed, needed: 4 + size };
      reader.position = at;
      try {
        if (this.#hasHead) this.#addEntry(reader, at + size);
        else this.#readHead(reader, at + size);
      } catch (error) {
        throw error instanceof WireDamage ? new WireDamage(error.message, consumed) : error;
      }
      consumed = at + size;
    }
    return { consumed, needed: 4 };
  }

  lastAddress(): string {
    if (this.length === 0) return '0x0';
    const unit = (this.starts[this.length - 1] as number) + (this.pages[this.length - 1] as number);
    return `0x${(BigInt(unit) * BigInt(UNIT)).toString(16)}`;
  }

  #readHead(reader: WireReader, end: number): void {
    this.#hasHead = true;
    while (reader.position < end) {
      const tag = reader.uint32(end);
      if (tag === 0x08) this.pagesId = reader.uint32(end);
      else reader.skip(tag & 7, end);
    }
  }

  #addEntry(reader: WireReader, end: number): void {
    let start: number | undefined;
    let oldPages = 0;
    let newPages: number | undefined;
    let inParent = false;
    let flags: number | undefined;
    let hasBlocks = false;
    let pagesPerBlock = 1;
    while (reader.position < end) {
      const tag = reader.uint32(end);
      switch (tag) {
        case 0x08: // vaddr
          reader.varint(end);
          if (reader.low % UNIT !== 0) throw new WireDamage('an address is not that of a page', reader.position);
          start = reader.high * (2 ** 32 / UNIT) + reader.low / UNIT;
          break;
        case 0x10: // compat_nr_pages: the count until CRIU 4.1
          oldPages = reader.uint32(end);
          break;
        case 0x18: // in_parent
          inParent = reader.uint32(end) !== 0;
          break;
        case 0x20: // flags
          flags = reader.uint32(end);
          break;
        case 0x28: // nr_pages
          newPages = reader.uint32(end);
          if (reader.high !== 0) throw new WireDamage('a page count is impossibly large', reader.position);
          break;
        case 0x30: // compressed_size, the earlier form
          this.blocks.add(reader.uint32(end), reader.position);
          break;
        case 0x32: // blocks
          pagesPerBlock = readBlocks(reader, reader.lengthDelimited(end), this.blocks);
          hasBlocks = true;
          break;
        case 0x40: // region_pages, the earlier form
          pagesPerBlock = reader.uint32(end) || 1;
          break;
        default:
          reader.skip(tag & 7, end);
      }
    }
    if (start === undefined) throw new WireDamage('an entry has no address', reader.position);
    // The rule of CRIU itself for dumps of all its versions.
    const known = inParent ? (flags ?? 0) | PE_PARENT : (flags ?? PE_PRESENT);
    if (hasBlocks || this.blocks.isOpen) this.blocks.close(this.length, pagesPerBlock);
    this.add(start, newPages ?? oldPages, known);
  }

  add(start: number, pages: number, flags: number): void {
    if (this.length === maxEntries) throw new WireDamage('it has more entries than can be shown', 0);
    if (this.length === this.starts.length) this.#grow();
    this.starts[this.length] = start;
    this.pages[this.length] = pages;
    this.flags[this.length] = flags;
    this.length++;
  }

  #grow(): void {
    const { starts, pages, flags } = this;
    this.starts = new Float64Array(starts.length * 2);
    this.starts.set(starts);
    this.pages = new Uint32Array(pages.length * 2);
    this.pages.set(pages);
    this.flags = new Uint8Array(flags.length * 2);
    this.flags.set(flags);
  }
}
