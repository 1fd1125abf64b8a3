import { Buffer } from 'node:buffer';
import { PAGE } from './memory.ts';
import { Random } from './random.ts';
import type { ContentSink } from './tar-file.ts';

/**
 * What the pages hold that nothing reads: `mixed` compresses about as well as real memory (3 to 5 times), `holes` are
 * zeros that take no room on disk where the file system knows holes.
 */
export type Filler = 'mixed' | 'holes';

/** More than the 2 MiB that zstd looks back at its usual level, so that repeats are not found. */
const POOL_PAGES = 4096;

const words = [
  'GET',
  'POST',
  'status',
  'order',
  'customer',
  'Accept-Encoding',
  'null',
  'true',
  'https://',
  'inventory',
  'shipped',
  'SELECT',
  'FROM',
  'timestamp',
];

let pool: Buffer | undefined;

/** Writes pages of filler; `seed` makes them other ones. */
export function writeFiller(sink: ContentSink, pages: number, filler: Filler, seed: number): void {
  if (filler === 'holes') return sink.skip(pages * PAGE);
  pool ??= makePool();
  const random = new Random(seed);
  for (let left = pages; left > 0;) {
    const length = Math.min(left, random.between(1, 64));
    const first = random.between(0, POOL_PAGES - length);
    sink.write(pool.subarray(first * PAGE, (first + length) * PAGE));
    left -= length;
  }
}

/** Zeros, text, pointers and noise, page by page. */
function makePool(): Buffer {
  const random = new Random(1);
  const bytes = Buffer.alloc(POOL_PAGES * PAGE);
  for (let page = 0; page < POOL_PAGES; page++) {
    const target = bytes.subarray(page * PAGE, (page + 1) * PAGE);
    const kind = random.between(0, 99);
    if (kind < 15) continue;
    if (kind < 50) writePointers(target, random);
    else if (kind < 88) writeText(target, random);
    else for (let offset = 0; offset < PAGE; offset += 4) target.writeUInt32LE(random.word(), offset);
  }
  return bytes;
}

/** Objects of a heap: a pointer to their class, small numbers, pointers to neighbours, unused words. */
function writePointers(target: Buffer, random: Random): void {
  const heap = 0x55aa_1c40_0000 + random.between(0, 255) * 0x10_0000;
  for (let offset = 0; offset < PAGE; offset += 8) {
    const kind = random.between(0, 9);
    const value =
      kind < 3
        ? 0
        : kind < 5
          ? 0x55aa_1c11_8000
          : kind < 8
            ? heap + random.between(0, 4095) * 16
            : random.between(0, 255);
    target.writeBigUInt64LE(BigInt(value), offset);
  }
}

function writeText(target: Buffer, random: Random): void {
  let text = '';
  while (text.length < PAGE) {
    text += `{"id":${random.between(1, 999_999)},"${random.pick(words)}":"${random.pick(words)} ${random.hexadecimal(8)}"}\n`;
  }
  target.write(text, 'latin1');
}
