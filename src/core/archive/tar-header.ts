import { Buffer } from 'node:buffer';

/**
 * One header block of a tar archive. Facts: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar
 * Format"; libarchive's tar(5) for the star and v7 variants.
 */

export const BLOCK = 512;

export type TarFormat = 'v7' | 'ustar' | 'gnu' | 'star';

/** `zero`: a block of zeros, two of which end an archive. `bad`: the checksum does not fit. */
export type BlockKind = 'header' | 'zero' | 'bad';

/** Looks at the checksum of the {@link BLOCK} bytes from `start` on. Of fewer, the rest counts as zeros. */
export function classifyBlock(bytes: Uint8Array, start = 0): BlockKind {
  if (start + BLOCK > bytes.length) return classifyBlock(Buffer.concat([bytes.subarray(start)], BLOCK));
  const sum =
    sumOf(bytes, start, start + CHECKSUM.start) +
    CHECKSUM_AS_SPACES +
    sumOf(bytes, start + CHECKSUM.end, start + BLOCK);
  const stored = parseNumber(bytes, start + CHECKSUM.start, start + CHECKSUM.end);
  if (stored === sum) return 'header';
  if (sum === CHECKSUM_AS_SPACES && stored === 0) return 'zero';
  // Historic tars on machines with signed characters summed signed ones.
  return stored === sum - 256 * countHigh(bytes, start) ? 'header' : 'bad';
}

/** Four at a time: this is done for each header before anything is shown. Both ranges are multiples of it. */
function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 4) {
    sum += (bytes[at] as number) + (bytes[at + 1] as number) + (bytes[at + 2] as number) + (bytes[at + 3] as number);
  }
  return sum;
}

function countHigh(bytes: Uint8Array, start: number): number {
  let count = 0;
  for (let at = 0; at < BLOCK; at++) {
    if ((at < CHECKSUM.start || at >= CHECKSUM.end) && (bytes[start + at] as number) > 0x7f) count++;
  }
  return count;
}

/** A quick look before {@link classifyBlock}: nothing but digits, spaces and NULs in the checksum, and one digit. */
export function couldBeHeader(bytes: Uint8Array, start = 0): boolean {
  let hasDigit = false;
  for (let at = start + CHECKSUM.start; at < start + CHECKSUM.end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x37) hasDigit = true;
    else if (byte !== 0 && byte !== 0x20) return false;
  }
  return hasDigit;
}

/** True for the magic of ustar, pax and GNU archives, whatever the checksum says. */
export function hasMagic(bytes: Uint8Array, start = 0): boolean {
  const at = start + 257;
  return (
    bytes[at] === 0x75 &&
    bytes[at + 1] === 0x73 &&
    bytes[at + 2] === 0x74 &&
    bytes[at + 3] === 0x61 &&
    bytes[at + 4] === 0x72
  );
}

/** The fields of a header block. Those that are no numbers are 0, but for the size. */
export class TarHeader {
  readonly format: TarFormat;
  readonly #bytes: Buffer;
  readonly #start: number;

  /** @param bytes are kept, not copied; the block begins at `start` */
  constructor(bytes: Buffer, start = 0) {
    this.#bytes = bytes;
    this.#start = start;
    this.format = formatOf(bytes, start);
  }

  /** The type flag's character; `\0` of old archives is given as `0`. */
  get typeFlag(): string {
    const flag = this.#bytes[this.#start + 156] ?? 0;
    return flag === 0 ? '0' : String.fromCharCode(flag);
  }

  /** Name with its prefix, up to the first NUL. */
  get name(): Buffer {
    const name = this.#text(0, 100);
    return this.#hasPrefix ? Buffer.concat([this.#text(345, this.#prefixEnd), SLASH, name]) : name;
  }

  /** The same as text, in a third of the time; what is not UTF-8 becomes U+FFFD. */
  get nameText(): string {
    if (this.#hasPrefix) return this.name.toString('utf8');
    return this.#bytes.toString('utf8', this.#start, this.#textEnd(0, 100));
  }

  get #hasPrefix(): boolean {
    // GNU keeps other things where ustar has its prefix.
    return (this.format === 'ustar' || this.format === 'star') && this.#bytes[this.#start + 345] !== 0;
  }

  get #prefixEnd(): number {
    return this.format === 'star' ? 476 : 500;
  }

  get linkName(): Buffer {
    return this.#text(157, 257);
  }

  /** Bytes of content; undefined where the field is no number, negative, or beyond 2^53. */
  get size(): number | undefined {
    const size = parseNumber(this.#bytes, this.#start + 124, this.#start + 136);
    return size !== undefined && size >= 0 ? size : undefined;
  }

  get mode(): number {
    return this.#number(100, 108) & 0o7777;
  }

  get uid(): number {
    return this.#number(108, 116);
  }

  get gid(): number {
    return this.#number(116, 124);
  }

  /** Seconds since 1970. */
  get mtime(): number {
    return this.#number(136, 148);
  }

  get userName(): Buffer {
    return this.format === 'v7' ? EMPTY : this.#text(265, 297);
  }

  get groupName(): Buffer {
    return this.format === 'v7' ? EMPTY : this.#text(297, 329);
  }

  get deviceMajor(): number {
    return this.format === 'v7' ? 0 : this.#number(329, 337);
  }

  get deviceMinor(): number {
    return this.format === 'v7' ? 0 : this.#number(337, 345);
  }

  #number(from: number, to: number): number {
    return parseNumber(this.#bytes, this.#start + from, this.#start + to) ?? 0;
  }

  #text(from: number, to: number): Buffer {
    const start = this.#start + from;
    const end = this.#textEnd(from, to);
    return end === start ? EMPTY : this.#bytes.subarray(start, end);
  }

  /** Up to the first NUL. */
  #textEnd(from: number, to: number): number {
    const end = this.#start + to;
    let last = this.#start + from;
    while (last < end && this.#bytes[last] !== 0) last++;
    return last;
  }
}

/**
 * A number field: octal digits between spaces and NULs, or with its first bit set a big-endian two's complement number
 * of 8 × length − 1 bits (GNU, star).
 * @returns undefined where it is neither, or where a double cannot hold it exactly
 */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  return ((bytes[start] ?? 0) & 0x80) === 0 ? parseOctal(bytes, start, end) : parseBinary(bytes, start, end);
}

const CHECKSUM = { start: 148, end: 156 };
const CHECKSUM_AS_SPACES = 8 * 0x20;
const EMPTY = Buffer.alloc(0);
const STAR = [...Buffer.from('tar\0')];
const SLASH = Uint8Array.of(0x2f);

function parseOctal(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  while (at < end && bytes[at] === 0x20) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function parseBinary(bytes: Uint8Array, start: number, end: number): number | undefined {
  const negative = ((bytes[start] ?? 0) & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    value = (value << 8n) | BigInt(at === start && !negative ? byte & 0x7f : byte);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function formatOf(bytes: Uint8Array, start: number): TarFormat {
  if (!hasMagic(bytes, start)) return 'v7';
  if (bytes[start + 262] === 0x20) return 'gnu';
  if (bytes[start + 511] !== 0 || bytes[start + 508] === 0) return 'ustar';
  return STAR.every((byte, at) => bytes[start + 508 + at] === byte) ? 'star' : 'ustar';
}
