/** Header blocks of a tar that is written. Source: POSIX.1-2017 pax, "ustar Interchange Format". */

export const BLOCK = 512;
/** Two blocks of zeros end an archive. */
export const END = Buffer.alloc(2 * BLOCK);

const LARGEST_OCTAL = 0o77777777777;

export interface MemberFacts {
  /** 0o7777 bits; as everybody may read it if not given. */
  readonly mode?: number;
  /** Since 1970; 0 if not given. */
  readonly seconds?: number;
  /** Makes it a symbolic link; at most 100 bytes count. */
  readonly target?: Uint8Array;
}

/**
 * The header of a member that root owns: the same content always gives the same archive.
 * @param name at most 100 bytes; a folder's ends with `/`
 * @param size bytes; beyond 8 GiB in the binary form of GNU and star, which every reader of today knows
 */
export function tarHeader(name: string | Uint8Array, size: number, facts: MemberFacts = {}): Buffer {
  const bytes = Buffer.from(name);
  const isFolder = bytes.at(-1) === SLASH;
  const { mode = isFolder ? 0o755 : 0o644, seconds = 0, target } = facts;
  return sealed(bytes, size, { mode, seconds, flag: target ? '2' : isFolder ? '5' : '0', target });
}

/**
 * What tells a name, or what a link leads to, that is too long for a header: GNU's `././@LongLink` and its content.
 * @param flag `L` for a name, `K` for a link's
 * @returns nothing for what is short enough
 */
export function longMember(flag: 'L' | 'K', text: Uint8Array): readonly Buffer[] {
  if (text.length <= 100) return [];
  const content = Buffer.concat([text, Buffer.alloc(1)]);
  const header = sealed(Buffer.from('././@LongLink'), content.length, { mode: 0, seconds: 0, flag, target: undefined });
  return [header, content, Buffer.alloc(padding(content.length))];
}

const SLASH = 0x2f;

function sealed(
  name: Buffer,
  size: number,
  {
    mode,
    seconds,
    flag,
    target,
  }: {
    readonly mode: number;
    readonly seconds: number;
    readonly flag: string;
    readonly target: Uint8Array | undefined;
  },
): Buffer {
  const header = Buffer.alloc(BLOCK);
  name.copy(header, 0, 0, 100);
  header.write(`${octal(mode & 0o7777, 7)}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size <= LARGEST_OCTAL) header.write(`${octal(size, 11)}\0`, 124);
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write(`${octal(Math.min(seconds, LARGEST_OCTAL), 11)}\0`, 136);
  header.write('        ', 148);
  header.write(flag, 156);
  if (target) header.set(target.subarray(0, 100), 157);
  header.write('ustar\x0000', 257);
  header.write('0000000\0', 329);
  header.write('0000000\0', 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** Zeros that fill a member's last block. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
