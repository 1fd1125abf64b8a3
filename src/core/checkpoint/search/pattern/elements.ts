import type { TextEncoding } from '../../../../protocol/search.ts';
import { setOf, sizeOf, type ByteSet } from './byte-set.ts';
import { caseVariants } from './case-variants.ts';

/**
 * One place of a pattern that is a row of them: the bytes that may stand there, or, where the variants of a character
 * differ in length, what they are. No variant begins or ends with another one.
 */
export type Element = { readonly set: ByteSet } | { readonly variants: readonly Uint8Array[] };

/** A text in an encoding, place by place. */
export function elementsOf(text: string, encoding: TextEncoding, ignoreCase: boolean): readonly Element[] {
  const elements: Element[] = [];
  for (const character of text) {
    const variants = ignoreCase ? caseVariants(character) : [character];
    elements.push(...elementsOfVariants(variants.map((variant) => encode(variant, encoding))));
  }
  return elements;
}

/** As a byte for each place where the variants are all that these allow together, else as one place. */
export function elementsOfVariants(variants: readonly Uint8Array[]): readonly Element[] {
  const [first = new Uint8Array()] = variants;
  const sets: ByteSet[] = Array.from(first, (_, at) => setOf(...variants.map((variant) => variant[at] ?? 0)));
  const product = sets.reduce((count, set) => count * sizeOf(set), 1);
  const isProduct = variants.every(({ length }) => length === first.length) && product === variants.length;
  return isProduct ? sets.map((set) => ({ set })) : [{ variants }];
}

export function encode(text: string, encoding: TextEncoding): Uint8Array {
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8');
  const bytes = Buffer.from(text, 'utf16le');
  return encoding === 'utf-16le' ? bytes : bytes.swap16();
}

export function longestOf(elements: readonly Element[]): number {
  return elements.reduce((sum, element) => sum + longestAt(element), 0);
}

function longestAt(element: Element): number {
  return 'set' in element ? 1 : Math.max(...element.variants.map(({ length }) => length));
}

/** The one text that a pattern stands for; undefined where it stands for several. */
export function exactBytes(elements: readonly Element[]): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const element of elements) {
    if (!('set' in element) || sizeOf(element.set) !== 1) return undefined;
    bytes.push(element.set.indexOf(1));
  }
  return Uint8Array.from(bytes);
}
