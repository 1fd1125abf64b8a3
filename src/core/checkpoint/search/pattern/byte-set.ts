/** Which bytes may stand at a place: 256 flags. */
export type ByteSet = Uint8Array;

export function setOf(...bytes: readonly number[]): ByteSet {
  const set = new Uint8Array(256);
  for (const byte of bytes) set[byte] = 1;
  return set;
}

export function rangeOf(from: number, to: number): ByteSet {
  return new Uint8Array(256).fill(1, from, to + 1);
}

export function union(...sets: readonly ByteSet[]): ByteSet {
  const all = new Uint8Array(256);
  for (const set of sets)
    for (let byte = 0; byte < 256; byte++) all[byte] = (all[byte] as number) | (set[byte] as number);
  return all;
}

export function complement(set: ByteSet): ByteSet {
  return set.map((flag) => 1 - flag);
}

export function sizeOf(set: ByteSet): number {
  return set.reduce((sum, flag) => sum + flag, 0);
}

/** The bytes of a set, lowest first. */
export function membersOf(set: ByteSet): readonly number[] {
  const members: number[] = [];
  for (let byte = 0; byte < 256; byte++) if (set[byte]) members.push(byte);
  return members;
}

/** With the other case of each ASCII letter. */
export function foldAscii(set: ByteSet): ByteSet {
  const folded = set.slice();
  for (let byte = 0x41; byte <= 0x5a; byte++) {
    const has = (set[byte] as number) | (set[byte + 0x20] as number);
    folded[byte] = has;
    folded[byte + 0x20] = has;
  }
  return folded;
}
