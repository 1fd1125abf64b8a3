import { fold } from '../../protocol/filter.ts';
import { parseTime } from '../../protocol/format.ts';
import type { CellValue, ColumnKind } from '../../protocol/grid.ts';

/** What a cell is sorted by; null for an empty one, which comes last in either direction. */
export type SortKey = string | number | null;

/** Makes the key once per row, because it is compared many times. */
export function sortKey(value: CellValue, kind: ColumnKind): SortKey {
  if (value === null || value === '') return null;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (kind === 'time') {
    const instant = parseTime(value);
    if (instant) return instant.milliseconds + instant.nanoseconds / 1e6;
  }
  return fold(value);
}

/** Numbers before texts; texts as {@link compareNatural}. */
export function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  return typeof b === 'number' ? 1 : compareNatural(a, b);
}

const ZERO = 48;
const NINE = 57;

/** As people count: `file2` before `file10`. Case and accents are the caller's matter. */
export function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(j);
    if (isDigit(left) && isDigit(right)) {
      const endLeft = endOfDigits(a, i);
      const endRight = endOfDigits(b, j);
      const difference = compareDigits(a, i, endLeft, b, j, endRight);
      if (difference !== 0) return difference;
      i = endLeft;
      j = endRight;
    } else {
      if (left !== right) return left - right;
      i++;
      j++;
    }
  }
  return a.length - i - (b.length - j);
}

/** Two runs of digits as numbers, however long; of equal ones that with fewer zeros in front comes first. */
function compareDigits(a: string, from: number, to: number, b: string, fromB: number, toB: number): number {
  let i = skipZeros(a, from, to);
  let j = skipZeros(b, fromB, toB);
  if (to - i !== toB - j) return to - i - (toB - j);
  for (; i < to; i++, j++) {
    const difference = a.charCodeAt(i) - b.charCodeAt(j);
    if (difference !== 0) return difference;
  }
  return to - from - (toB - fromB);
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function endOfDigits(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && isDigit(text.charCodeAt(at))) at++;
  return at;
}

function skipZeros(text: string, from: number, to: number): number {
  let at = from;
  while (at < to - 1 && text.charCodeAt(at) === ZERO) at++;
  return at;
}
