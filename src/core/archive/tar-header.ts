/**
 * One header block of a tar archive. Facts: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar
 * Format"; libarchive's tar(5) for the star and v7 variants.
 */

export const BLOCK = 512;

export type TarFormat = 'v7' | 'ustar' | 'gnu' | 'star';

export interface TarHeader {
  readonly format: TarFormat;
  /** The type flag's character; `\0` of old archives is given as `0`. */
  readonly typeFlag: string;
  /** Name with its prefix, as bytes up to the first NUL. Views of the block: copy to keep. */
  readonly name: Uint8Array;
  readonly linkName: Uint8Array;
  /** Bytes of content; undefined where the field is no number, negative, or beyond 2^53. */
  readonly size: number | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly userName: Uint8Array;
  readonly groupName: Uint8Array;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** `zero`: a block of zeros, two of which end an archive. `bad`: the checksum does not fit. */
export type BlockKind = 'header' | 'zero' | 'bad';

/** Looks at the checksum of a block of {@link BLOCK} bytes. */
export function classifyBlock(block: Uint8Array): BlockKind {
  let unsigned = 0;
  let high = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= CHECKSUM.start && at < CHECKSUM.end ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    high += byte >> 7;
  }
  const stored = parseNumber(block, CHECKSUM.start, CHECKSUM.end);
  // Historic tars on machines with signed characters summed signed ones.
  if (stored !== undefined && (stored === unsigned || stored === unsigned - 256 * high)) return 'header';
  return unsigned === 0x20 * 8 ? 'zero' : 'bad';
}

/** True for the magic of ustar, pax and GNU archives, whatever the checksum says. */
export function hasMagic(block: Uint8Array): boolean {
  return (
    block[257] === 0x75 && block[258] === 0x73 && block[259] === 0x74 && block[260] === 0x61 && block[261] === 0x72
  );
}

/** A quick look before {@link classifyBlock}: nothing but digits, spaces and NULs in the checksum, and one digit. */
export function couldBeHeader(block: Uint8Array): boolean {
  let hasDigit = false;
  for (let at = CHECKSUM.start; at < CHECKSUM.end; at++) {
    const byte = block[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x37) hasDigit = true;
    else if (byte !== 0 && byte !== 0x20) return false;
  }
  return hasDigit;
}

/** Reads the fields of a block. Fields that are no numbers are 0, but for the size. */
export function parseHeader(block: Uint8Array): TarHeader {
  const format = formatOf(block);
  const flag = block[156] ?? 0;
  const modern = format !== 'v7';
  const size = parseNumber(block, 124, 136);
  return {
    format,
    typeFlag: flag === 0 ? '0' : String.fromCharCode(flag),
    name: nameOf(block, format),
    linkName: text(block, 157, 257),
    size: size !== undefined && size >= 0 ? size : undefined,
    mode: (parseNumber(block, 100, 108) ?? 0) & 0o7777,
    uid: parseNumber(block, 108, 116) ?? 0,
    gid: parseNumber(block, 116, 124) ?? 0,
    mtime: parseNumber(block, 136, 148) ?? 0,
    userName: modern ? text(block, 265, 297) : EMPTY,
    groupName: modern ? text(block, 297, 329) : EMPTY,
    deviceMajor: modern ? (parseNumber(block, 329, 337) ?? 0) : 0,
    deviceMinor: modern ? (parseNumber(block, 337, 345) ?? 0) : 0,
  };
}

/**
 * A number field: octal digits between spaces and NULs, or with its first bit set a big-endian two's complement number
 * of 8 × length − 1 bits (GNU, star).
 * @returns undefined where it is neither, or where a double cannot hold it exactly
 */
export function parseNumber(block: Uint8Array, start: number, end: number): number | undefined {
  return ((block[start] ?? 0) & 0x80) === 0 ? parseOctal(block, start, end) : parseBinary(block, start, end);
}

const CHECKSUM = { start: 148, end: 156 };
const EMPTY = new Uint8Array(0);

function parseOctal(block: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  while (at < end && block[at] === 0x20) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] ?? 0;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function parseBinary(block: Uint8Array, start: number, end: number): number | undefined {
  const negative = ((block[start] ?? 0) & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let at = start; at < end; at++) {
    const byte = block[at] ?? 0;
    value = (value << 8n) | BigInt(at === start ? (negative ? byte : byte & 0x7f) : byte);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function formatOf(block: Uint8Array): TarFormat {
  if (!hasMagic(block)) return 'v7';
  if (block[262] === 0x20) return 'gnu';
  const star = block[508] === 0x74 && block[509] === 0x61 && block[510] === 0x72 && block[511] === 0;
  return star ? 'star' : 'ustar';
}

function nameOf(block: Uint8Array, format: TarFormat): Uint8Array {
  const name = text(block, 0, 100);
  // GNU keeps other things where ustar has its prefix.
  if (format !== 'ustar' && format !== 'star') return name;
  const prefix = text(block, 345, format === 'star' ? 476 : 500);
  return prefix.length === 0 ? name : Buffer.concat([prefix, SLASH, name]);
}

const SLASH = Uint8Array.of(0x2f);

function text(block: Uint8Array, start: number, end: number): Uint8Array {
  let length = start;
  while (length < end && block[length] !== 0) length++;
  return length === start ? EMPTY : block.subarray(start, length);
}
