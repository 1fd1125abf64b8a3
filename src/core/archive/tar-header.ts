import { Buffer } from 'node:buffer';

/**
 * One header block of a tar archive. Facts: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar
 * Format"; libarchive's tar(5) for the star and v7 variants.
 */

export const BLOCK = 512;

export type TarFormat = 'v7' | 'ustar' | 'gnu' | 'star';

/** `zero`: a block of zeros, two of which end an archive. `bad`: the checksum does not fit. */
export type BlockKind = 'header' | 'zero' | 'bad';

/** Looks at the checksum of the {@link BLOCK} bytes from `start` on. */
export function classifyBlock(bytes: Uint8Array, start = 0): BlockKind {
  let sum = CHECKSUM_AS_SPACES;
  let high = 0;
  for (let at = start; at < start + CHECKSUM.start; at++) {
    const byte = bytes[at] ?? 0;
    sum += byte;
    high += byte >> 7;
  }
  for (let at = start + CHECKSUM.end; at < start + BLOCK; at++) {
    const byte = bytes[at] ?? 0;
    sum += byte;
    high += byte >> 7;
  }
  const stored = parseNumber(bytes, start + CHECKSUM.start, start + CHECKSUM.end);
  // Historic tars on machines with signed characters summed signed ones.
  if (stored === sum || (high > 0 && stored === sum - 256 * high)) return 'header';
  return sum === CHECKSUM_AS_SPACES && stored === 0 ? 'zero' : 'bad';
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
    // GNU keeps other things where ustar has its prefix.
    if (this.format !== 'ustar' && this.format !== 'star') return name;
    if (this.#bytes[this.#start + 345] === 0) return name;
    return Buffer.concat([this.#text(345, this.format === 'star' ? 476 : 500), SLASH, name]);
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
    const end = this.#start + to;
    let last = start;
    while (last < end && this.#bytes[last] !== 0) last++;
    return last === start ? EMPTY : this.#bytes.subarray(start, last);
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
