/** Header blocks of a tar that is written. Source: POSIX.1-2017 pax, "ustar Interchange Format". */

export const BLOCK = 512;
/** Two blocks of zeros end an archive. */
export const END = Buffer.alloc(2 * BLOCK);

const LARGEST_OCTAL = 0o77777777777;

/**
 * The header of a member, without owner and time: the same content always gives the same archive.
 * @param name at most 100 bytes; a folder's ends with `/`
 * @param size bytes; beyond 8 GiB in the binary form of GNU and star, which every reader of today knows
 */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const isFolder = name.endsWith('/');
  header.write(name, 0, 100, 'utf8');
  header.write(isFolder ? '0000755\0' : '0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size <= LARGEST_OCTAL) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(isFolder ? '5' : '0', 156);
  header.write('ustar\x0000', 257);
  header.write('0000000\0', 329);
  header.write('0000000\0', 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Zeros that fill a member's last block. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
