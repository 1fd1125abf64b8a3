/**
 * Decodes one LZ4 block (no frame around it) into exactly `size` bytes. Facts: the block format of LZ4's documentation.
 * @returns undefined where the block is damaged: it ends early, reaches outside its output, or makes another length.
 */
export function decodeLz4Block(block: Uint8Array, size: number): Uint8Array | undefined {
  const output = new Uint8Array(size);
  let from = 0;
  let to = 0;

  /** A length whose four bits in the token are all set goes on in bytes, of which the first below 255 is the last. */
  function length(bits: number): number {
    let sum = bits;
    if (bits < 15) return sum;
    for (;;) {
      const byte = block[from++];
      if (byte === undefined) return Infinity;
      sum += byte;
      if (byte < 255) return sum;
    }
  }

  while (from < block.length) {
    const token = block[from++] as number;
    const literals = length(token >> 4);
    if (literals > block.length - from || literals > size - to) return undefined;
    output.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence is literals only.
    if (from === block.length) break;
    if (block.length - from < 2) return undefined;
    const distance = (block[from] as number) | ((block[from + 1] as number) << 8);
    from += 2;
    const matched = length(token & 0x0f) + 4;
    if (distance === 0 || distance > to || matched > size - to) return undefined;
    // Byte by byte, because a match may run into what it writes.
    for (const end = to + matched; to < end; to++) output[to] = output[to - distance] as number;
  }
  return to === size ? output : undefined;
}
