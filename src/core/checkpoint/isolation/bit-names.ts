/** Names of the bits of a word that are set, from the lowest on; what has no name is added as one hexadecimal number. */
export function bitNames(value: number | bigint, names: readonly (readonly [bit: number, name: string])[]): string[] {
  let rest = BigInt(value);
  const found: string[] = [];
  for (const [bit, name] of names) {
    const mask = BigInt(bit);
    if ((rest & mask) !== mask) continue;
    found.push(name);
    rest &= ~mask;
  }
  if (rest !== 0n) found.push(`0x${rest.toString(16)}`);
  return found;
}
