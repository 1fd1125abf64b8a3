import type { RawRegister, RegisterRole } from '../../../../protocol/registers.ts';

/** A general register before it is known where it points to. */
export interface Value {
  readonly name: string;
  readonly value: bigint;
  readonly role?: RegisterRole;
}

/** The registers of an architecture, as its core image has them. */
export interface RegisterSet {
  readonly byteOrder: 'little' | 'big';
  readonly pointerBytes: 4 | 8;
  readonly general: readonly Value[];
  readonly floating: readonly RawRegister[];
  readonly clearTidAddress: bigint;
}

/** What a damaged image lacks is left out. */
export function value(name: string, content: bigint | number | undefined, role?: RegisterRole): readonly Value[] {
  return content === undefined ? [] : [{ name, value: BigInt(content), ...(role && { role }) }];
}

/** `r0`, `r1` … with the roles that some of them have. */
export function numbered(
  prefix: string,
  values: readonly (bigint | number | undefined)[] | undefined,
  roles: Readonly<Record<number, RegisterRole>> = {},
): readonly Value[] {
  return (values ?? []).flatMap((content, index) => value(`${prefix}${String(index)}`, content, roles[index]));
}

/** One register of so many words, in the order of memory. */
export function raw(
  name: string,
  words: readonly (bigint | number)[] | undefined,
  wordBytes: 4 | 8,
  big = false,
): readonly RawRegister[] {
  if (!words || words.length === 0) return [];
  const bytes = new Uint8Array(words.length * wordBytes);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => {
    if (wordBytes === 8) view.setBigUint64(index * 8, BigInt.asUintN(64, BigInt(word)), !big);
    else view.setUint32(index * 4, Number(BigInt.asUintN(32, BigInt(word))), !big);
  });
  return [{ name, bytes }];
}

/** An array of words as registers of `wordsEach`: `xmm0`, `xmm1` …; a rest that makes no whole one is one too. */
export function rawEach(
  prefix: string,
  words: readonly (bigint | number)[] | undefined,
  wordBytes: 4 | 8,
  wordsEach: number,
  options: { readonly big?: boolean; readonly first?: number } = {},
): readonly RawRegister[] {
  const registers: RawRegister[] = [];
  for (let at = 0; at < (words?.length ?? 0); at += wordsEach) {
    const name = `${prefix}${String((options.first ?? 0) + at / wordsEach)}`;
    registers.push(...raw(name, words?.slice(at, at + wordsEach), wordBytes, options.big));
  }
  return registers;
}
