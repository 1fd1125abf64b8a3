/**
 * The language of the filter box. Terms stand apart by spaces and all must hold:
 *
 * - `word`, `"two words"`: some cell contains it, in upper or lower case;
 * - `field:word`, `field:"two words"`: that field contains it; a number, size or time must equal it: `pid:1`,
 *   `mtime:2026-11-23` (any time of that day);
 * - `field:>value`, `>=`, `<`, `<=`, `=`: numbers, sizes (`size:>1M`, binary units) and times (`mtime:<2026-11-23T22:10`,
 *   in local time unless `Z` follows);
 * - `field:""`: that field is empty;
 * - `-term`: the term does not hold.
 *
 * Any text is a filter: a field that does not exist is part of the word, a term that is not finished yet (`size:>`)
 * hides nothing. A quoted value is never an operator.
 */
import { formatMode, formatSize, parseTime } from './format.ts';
import type { CellValue, ColumnKind } from './grid.ts';

export interface FilterField {
  readonly id: string;
  readonly kind: ColumnKind;
  /** Another name for it: a column's label. */
  readonly label?: string;
}

/** From and to (exclusive) in UTF-16 units. */
export type TextRange = readonly [start: number, end: number];

/** A row as the filter asks it. */
export interface FilterRow {
  /** Raw value of the field with this index. */
  value(index: number): CellValue;
  /** {@link searchableText} of all fields; only asked for where a word is looked for in all of them. */
  text(): string;
}

export interface Filter {
  /** It hides nothing. */
  readonly empty: boolean;
  matches(row: FilterRow): boolean;
  /** Where `text`, shown for `field`, holds what was looked for: in order, apart from each other, at most 100. */
  highlight(text: string, field?: string): readonly TextRange[];
}

type Test = (row: FilterRow) => boolean;

interface Term {
  readonly negated: boolean;
  readonly test: Test;
  /** What to highlight, folded, and only in this field. */
  readonly needle?: string;
  readonly field?: string;
}

/** Between the cells of a searchable text: no keyboard types it. */
const SEPARATOR = '\u0000';

const MAX_RANGES = 100;

/** Reads what stands in the filter box. Never throws. */
export function parseFilter(text: string, fields: readonly FilterField[]): Filter {
  const terms = [...tokens(text)].map((token) => toTerm(token, fields)).filter((term) => term !== undefined);
  return {
    empty: terms.length === 0,
    matches: (row) => terms.every((term) => term.test(row) !== term.negated),
    highlight: (shown, field) => highlight(shown, terms, field),
  };
}

/** All cells of a row as one folded text for words to be looked for in; worth keeping for the next filter. */
export function searchableText(fields: readonly FilterField[], value: (index: number) => CellValue): string {
  let text = '';
  fields.forEach(({ kind }, index) => {
    const shown = cellText(value(index), kind);
    if (shown !== '') text += shown + SEPARATOR;
  });
  return fold(text);
}

/** Lower case of the same length, so that positions in it are positions in the text. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  const even = lower.length === text.length ? lower : Array.from(text, lowerOfSameLength).join('');
  // Greek writes one letter in two ways, and which one depends on what follows.
  return even.includes('ς') ? even.replaceAll('ς', 'σ') : even;
}

function lowerOfSameLength(character: string): string {
  const lower = character.toLowerCase();
  return lower.length === character.length ? lower : character;
}

/** A cell as the reader sees it, as far as that is the same for every reader. */
function cellText(value: CellValue, kind: ColumnKind): string {
  if (value === null) return '';
  if (typeof value === 'number' && kind === 'size') return formatSize(value);
  if (typeof value === 'number' && kind === 'mode') return `${formatMode(value)} ${(value & 0o7777).toString(8)}`;
  return String(value);
}

interface Token {
  readonly negated: boolean;
  /** Before the first colon, where it can be a field's name. */
  readonly field?: string;
  readonly value: string;
  readonly quoted: boolean;
  /** As typed, without the leading `-`. */
  readonly whole: string;
}

/** One `"quoted"` or bare run, with what stands before it: `-`, `field:`, both or nothing. */
const TOKEN = /(-?)(?:([^\s":]+):)?(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|(\S+))?/suy;

function* tokens(text: string): Generator<Token> {
  const pattern = new RegExp(TOKEN);
  for (let at = 0; at < text.length;) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match || match[0] === '') {
      at++;
      continue;
    }
    at = pattern.lastIndex;
    const [typed, minus, field, quoted, bare] = match;
    // A dash alone denies nothing: it is looked for.
    const negated = minus === '-' && typed !== '-';
    yield {
      negated,
      ...(field !== undefined && { field }),
      value: typed === '-' ? '-' : (quoted?.replace(/\\(["\\])/g, '$1') ?? bare ?? ''),
      quoted: quoted !== undefined,
      whole: negated ? typed.slice(1) : typed,
    };
  }
}

function toTerm(token: Token, fields: readonly FilterField[]): Term | undefined {
  const { negated, value, quoted, whole } = token;
  if (token.field === undefined) return value === '' ? undefined : word(value, negated);
  const name = fieldName(token.field);
  const index = fields.findIndex((field) => fieldName(field.id) === name || fieldName(field.label ?? '') === name);
  const field = fields[index];
  if (!field) return word(whole, negated);
  if (value === '') {
    return quoted && whole.endsWith('""') ? { negated, test: (row) => (row.value(index) ?? '') === '' } : undefined;
  }
  if (!quoted) {
    const compare = comparison(field.kind, value);
    if (compare === 'unfinished') return undefined;
    if (compare) return { negated, test: (row) => compare(row.value(index)) };
  }
  const needle = fold(value);
  return {
    negated,
    needle,
    field: field.id,
    test: (row) => fold(cellText(row.value(index), field.kind)).includes(needle),
  };
}

function word(value: string, negated: boolean): Term {
  const needle = fold(value);
  return { negated, needle, test: (row) => row.text().includes(needle) };
}

/** `Command line` may be written `commandline`. */
function fieldName(text: string): string {
  return text.toLowerCase().replace(/\s+/g, '');
}

type Comparison = (value: CellValue) => boolean;

/** What an operand stands for: from, and to where it is a stretch (then excluded) and not a point. */
type Bounds = readonly [from: number, to: number];

/** Undefined where the value is to be looked for as text. */
function comparison(kind: ColumnKind, text: string): Comparison | 'unfinished' | undefined {
  if (kind !== 'number' && kind !== 'size' && kind !== 'time') return undefined;
  const [, operator = '=', operand = ''] = /^(>=|<=|>|<|=)?(.*)$/su.exec(text) ?? [];
  if (operand === '') return 'unfinished';
  const bounds = kind === 'time' ? period(operand) : quantity(operand, kind);
  if (!bounds) return undefined;
  const [from, to] = bounds;
  const measure = kind === 'time' ? timeOf : numberOf;
  const holds = (value: number) => {
    switch (operator) {
      case '>':
        return value >= to && value > from;
      case '>=':
        return value >= from;
      case '<':
        return value < from;
      case '<=':
        return value < to || value === from;
      default:
        return value === from || (value >= from && value < to);
    }
  };
  return (value) => {
    const measured = measure(value);
    return measured !== undefined && holds(measured);
  };
}

function numberOf(value: CellValue): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function timeOf(value: CellValue): number | undefined {
  return typeof value === 'string' ? parseTime(value)?.milliseconds : undefined;
}

const EXPONENTS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5, e: 6 };

/** A number as bounds that leave nothing between them; sizes may have a unit: `1.5M`, `1.5MiB`, `512b`. */
function quantity(text: string, kind: 'number' | 'size'): Bounds | undefined {
  const hexadecimal = /^0x[\da-f]{1,13}$/i.test(text);
  const [whole, digits = '', unit = ''] = /^(-?\d{1,20}(?:\.\d{1,20})?)(?:([kmgtpe]?)(?:i?b)?)$/i.exec(text) ?? [];
  if (hexadecimal) return [Number(text), Number(text)];
  if (whole === undefined || (kind === 'number' && digits !== whole)) return undefined;
  const value = Number(digits) * 1024 ** (EXPONENTS[unit.toLowerCase()] ?? 0);
  return [value, value];
}

const PERIOD = /^(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:T(\d\d?)(?::(\d\d)(?::(\d\d))?)?)?)?)?(Z)?$/i;

/** The year, month, day, hour, minute or second that the text names: from its first to the next one's first millisecond. */
function period(text: string): Bounds | undefined {
  const exact = parseTime(text)?.milliseconds;
  if (exact !== undefined) return [exact, exact];
  const match = PERIOD.exec(text);
  if (!match) return undefined;
  const utc = match.at(7) !== undefined;
  const parts = match.slice(1, 7).flatMap((part) => (part ? [Number(part)] : []));
  const start = (at: readonly number[]): number => {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = at;
    return utc
      ? Date.UTC(year, month - 1, day, hour, minute, second)
      : new Date(year, month - 1, day, hour, minute, second).getTime();
  };
  const next = parts.map((part, index) => (index === parts.length - 1 ? part + 1 : part));
  return [start(parts), start(next)];
}

function highlight(text: string, terms: readonly Term[], field: string | undefined): readonly TextRange[] {
  const folded = fold(text);
  const found: [number, number][] = [];
  for (const { needle, negated, field: only } of terms) {
    if (negated || needle === undefined || (only !== undefined && only !== field)) continue;
    for (let at = folded.indexOf(needle); at >= 0 && found.length < MAX_RANGES * 4;) {
      found.push([at, at + needle.length]);
      at = folded.indexOf(needle, at + needle.length);
    }
  }
  found.sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [start, end] of found) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (merged.length < MAX_RANGES) merged.push([start, end]);
  }
  return merged;
}
