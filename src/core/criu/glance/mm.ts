import { VMA_AREA_GUARD, VMA_AREA_VSYSCALL } from '../mappings.ts';
import { UNIT } from '../pagemap.ts';
import { WireReader } from '../wire.ts';
import { isSoleMessage, MESSAGE_START } from './sole-message.ts';

/** What lists show of an address space; see sole-message.ts. Addresses are exact: larger ones are not glanced at. */
export interface MmGlance {
  readonly argumentStart: number;
  readonly argumentEnd: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;
  readonly executableId: number;
  /** Bytes of all mappings, without guards and the kernel's [vsyscall]. */
  readonly mappedBytes: number;
  /** As the auxiliary vector says it; absent where it does not. */
  readonly pageSize?: number;
}

/** AT_PAGESZ of the kernel's include/uapi/linux/auxvec.h. */
const AUXV_PAGE_SIZE = 6;
/** High words of addresses that doubles hold exactly, more than any user's on any machine that CRIU knows. */
const ADDRESS_LIMIT = 2 ** 21;

/** @returns undefined where the image must be decoded to tell what is in it */
export function glanceMm(bytes: Uint8Array): MmGlance | undefined {
  return isSoleMessage('MM', 'mm_entry', bytes) ? new MmReader(bytes).read() : undefined;
}

class MmReader extends WireReader {
  #mappedBytes = 0;
  #mappings = 0;
  #auxvLength = 0;
  #auxvKey = 0;
  #pageSize: number | undefined;
  /** Something that numbers do not hold exactly. */
  #isBeyond = false;

  constructor(bytes: Uint8Array) {
    super(bytes, MESSAGE_START);
  }

  read(): MmGlance | undefined {
    const end = this.bytes.length;
    const found = { argumentStart: 0, argumentEnd: 0, environmentStart: 0, environmentEnd: 0, executableId: 0 };
    while (this.position < end) {
      const tag = this.uint32(end);
      switch (tag) {
        case 0x40: // mm_arg_start
          found.argumentStart = this.#address(end);
          break;
        case 0x48: // mm_arg_end
          found.argumentEnd = this.#address(end);
          break;
        case 0x50: // mm_env_start
          found.environmentStart = this.#address(end);
          break;
        case 0x58: // mm_env_end
          found.environmentEnd = this.#address(end);
          break;
        case 0x60: // exe_file_id
          found.executableId = this.uint32(end);
          break;
        case 0x68: // mm_saved_auxv
          this.#auxv(end);
          break;
        case 0x72: // vmas
          this.#mapping(this.lengthDelimited(end));
          break;
        default:
          this.skip(tag & 7, end);
      }
    }
    // Until CRIU 1.5 the mappings had an image of their own.
    if (this.#isBeyond || this.#mappings === 0) return undefined;
    const pageSize = this.#pageSize;
    return { ...found, mappedBytes: this.#mappedBytes, ...(pageSize !== undefined && { pageSize }) };
  }

  /** Keys and values by turns; the first of a key counts. */
  #auxv(end: number): void {
    this.varint(end);
    const value = this.high === 0 ? this.low : Infinity;
    if (this.#auxvLength++ % 2 === 0) this.#auxvKey = value;
    else if (this.#auxvKey === AUXV_PAGE_SIZE) this.#pageSize ??= value;
  }

  #mapping(end: number): void {
    let start = 0;
    let mappingEnd = 0;
    let status = 0;
    while (this.position < end) {
      const tag = this.uint32(end);
      if (tag === 0x08) start = this.#border(end);
      else if (tag === 0x10) mappingEnd = this.#border(end);
      else if (tag === 0x38) {
        status = this.uint32(end);
        break;
      } else this.skip(tag & 7, end);
    }
    // Behind it is what the mapping is made of.
    this.position = end;
    this.#mappings++;
    if ((status & (VMA_AREA_GUARD | VMA_AREA_VSYSCALL)) !== 0 || mappingEnd <= start) return;
    this.#mappedBytes += mappingEnd - start;
  }

  /** Borders of mappings are multiples of a page, which doubles hold up to 2^64: the vsyscall page lies at the very top. */
  #border(end: number): number {
    this.varint(end);
    this.#isBeyond ||= this.low % UNIT !== 0;
    return this.high * 2 ** 32 + this.low;
  }

  #address(end: number): number {
    this.varint(end);
    this.#isBeyond ||= this.high >= ADDRESS_LIMIT;
    return this.high * 2 ** 32 + this.low;
  }
}
