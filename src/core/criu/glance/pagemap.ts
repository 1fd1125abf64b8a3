import { PE_PARENT, PE_PAYLOAD_ALIGNED, PE_PRESENT, UNIT } from '../pagemap.ts';
import { WireDamage, WireReader } from '../wire.ts';
import { hasHead, wordAt } from './sole-message.ts';

/** What lists show of the dumped pages of a process, and where a range of them lies; see sole-message.ts. */
export interface PagemapGlance {
  /** Which pages image holds the bytes. */
  readonly pagesId: number;
  readonly presentPages: number;
  /** Where the bytes of the range start in the pages image, which has `presentPages` pages. */
  readonly offset: number;
}

/**
 * @param start address of the first byte of the range, and how many there are: all of them must be in one entry
 * @param pageSize bytes
 * @returns undefined where the image must be decoded to tell what is in it
 */
export function glancePagemap(
  bytes: Uint8Array,
  start: number,
  length: number,
  pageSize: number,
): PagemapGlance | undefined {
  if (bytes.length < 8 || !hasHead('PAGEMAP', bytes)) return undefined;
  try {
    return new PagemapReader(bytes, start, length, pageSize).read();
  } catch (error) {
    if (error instanceof WireDamage) return undefined;
    throw error;
  }
}

class PagemapReader extends WireReader {
  readonly #unit: number;
  readonly #within: number;
  readonly #length: number;
  readonly #pageSize: number;
  #presentPages = 0;
  #offset: number | undefined;
  /** The first unit behind the entry before: at least one a page, larger pages are seen when reading. */
  #free = 0;

  constructor(bytes: Uint8Array, start: number, length: number, pageSize: number) {
    super(bytes, 8);
    this.#unit = Math.floor(start / UNIT);
    this.#within = start % UNIT;
    this.#length = length;
    this.#pageSize = pageSize;
  }

  read(): PagemapGlance | undefined {
    const pagesId = this.#head();
    if (pagesId === undefined) return undefined;
    while (this.position < this.bytes.length) {
      const end = this.#entryEnd();
      if (end === undefined || !this.#entry(end)) return undefined;
    }
    const offset = this.#offset;
    return offset === undefined ? undefined : { pagesId, presentPages: this.#presentPages, offset };
  }

  #head(): number | undefined {
    const end = this.#entryEnd();
    if (end === undefined || this.uint32(end) !== 0x08) return undefined;
    const pagesId = this.uint32(end);
    return this.position === end ? pagesId : undefined;
  }

  /** Passes over an entry's length. */
  #entryEnd(): number | undefined {
    const start = this.position + 4;
    if (start > this.bytes.length) return undefined;
    const end = start + wordAt(this.bytes, this.position);
    this.position = start;
    return end <= this.bytes.length ? end : undefined;
  }

  /** @returns whether it is an entry as CRIU writes them today */
  #entry(end: number): boolean {
    let start = -1;
    let oldPages = 0;
    let newPages = -1;
    let inParent = false;
    let flags = PE_PRESENT;
    let hasFlags = false;
    while (this.position < end) {
      switch (this.uint32(end)) {
        case 0x08: // vaddr
          this.varint(end);
          if (this.low % UNIT !== 0) return false;
          start = this.high * (2 ** 32 / UNIT) + this.low / UNIT;
          break;
        case 0x10: // compat_nr_pages
          oldPages = this.uint32(end);
          break;
        case 0x18: // in_parent
          inParent = this.uint32(end) !== 0;
          break;
        case 0x20: // flags
          flags = this.uint32(end);
          hasFlags = true;
          break;
        case 0x28: // nr_pages
          newPages = this.uint32(end);
          if (this.high !== 0) return false;
          break;
        default:
          return false;
      }
    }
    if (inParent) flags = (hasFlags ? flags : 0) | PE_PARENT;
    const isInOrder = start >= this.#free;
    if (isInOrder) this.#place(start, newPages === -1 ? oldPages : newPages, flags);
    return isInOrder && (flags & PE_PAYLOAD_ALIGNED) === 0;
  }

  #place(start: number, pages: number, flags: number): void {
    this.#free = start + pages;
    if ((flags & PE_PRESENT) === 0) return;
    const offset = (this.#unit - start) * UNIT + this.#within;
    const isHere = offset >= 0 && offset + this.#length <= pages * this.#pageSize;
    if (isHere) this.#offset = this.#presentPages * this.#pageSize + offset;
    this.#presentPages += pages;
  }
}
