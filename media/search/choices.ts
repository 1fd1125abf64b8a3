import {
  MAX_RESULTS,
  SEARCH_PLACES,
  type SearchPattern,
  type SearchPlace,
  type SearchRequest,
  type StringEncoding,
} from '../../src/protocol/search.ts';
import type { HexString } from '../../src/protocol/wire.ts';
import { amount, isRecord, text } from '../state/checked.ts';

export const SEARCH_MODES = ['text', 'regex', 'hex', 'strings'] as const;

export type SearchMode = (typeof SEARCH_MODES)[number];

export const STRING_ENCODINGS = ['ascii', 'utf-8', 'utf-16le', 'utf-16be'] as const satisfies readonly StringEncoding[];

/** A range of the memory of one process, and what stands there. */
export interface SearchRange {
  readonly pid: number;
  readonly start: HexString;
  readonly end: HexString;
  readonly name: string;
}

/** The last search: under which name the worker has its results, and what it was, in the reader's language. */
export interface LastSearch {
  readonly id: string;
  readonly what: string;
  readonly where: string;
}

/** What a person chose in the search, remembered with the page. */
export interface SearchChoices {
  readonly open: boolean;
  /** Share of the height that the tab above it keeps. */
  readonly share: number;
  readonly mode: SearchMode;
  readonly text: string;
  /** Upper and lower case are told apart. */
  readonly matchCase: boolean;
  /** A text is looked for in UTF-16 too. */
  readonly utf16: boolean;
  /** Of strings: characters at least, and how they are encoded. */
  readonly least: number;
  readonly encoding: StringEncoding;
  /** Where, unless it is one process or a range that is searched. */
  readonly places: readonly SearchPlace[];
  readonly range?: SearchRange | undefined;
  /** The processes in spite of whose being chosen everything is searched, see {@link scopeOf}. */
  readonly wide?: string | undefined;
  readonly last?: LastSearch | undefined;
}

/** Characters that a string has at least, unless something else is asked for. */
const USUAL_LEAST = 6;
export const MAX_LEAST = 1024;
const DEFAULT_SHARE = 0.6;
const [MIN_SHARE, MAX_SHARE] = [0.15, 0.85];

export const NEW_SEARCH: SearchChoices = {
  open: false,
  share: DEFAULT_SHARE,
  mode: 'text',
  text: '',
  matchCase: false,
  utf16: false,
  least: USUAL_LEAST,
  encoding: 'ascii',
  // Logs, metadata and images themselves are searched where that is asked for.
  places: SEARCH_PLACES.filter((place) => place !== 'archive'),
};

/** What is searched: everything in the chosen places, some processes, or a range of one's memory. */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'processes'; readonly pids: readonly number[] }
  | { readonly kind: 'range'; readonly range: SearchRange };

/** What the scope is made of: parts of the page's state. */
export interface Chosen {
  readonly search: SearchChoices;
  readonly subject?: number | undefined;
  readonly grids: { readonly processes: { readonly selected: readonly string[] } };
}

/** The processes that are chosen: several where several rows are selected, else the subject of the tabs. */
export function chosenPids({ subject, grids }: Pick<Chosen, 'subject' | 'grids'>): readonly number[] {
  const selected = grids.processes.selected.map(Number).filter(Number.isSafeInteger);
  if (selected.length > 1) return selected;
  return subject === undefined ? [] : [subject];
}

/** Follows what is chosen, unless the person wants everything in spite of it. */
export function scopeOf(chosen: Chosen): Scope {
  const { range, wide } = chosen.search;
  if (range) return { kind: 'range', range };
  const pids = chosenPids(chosen);
  return pids.length === 0 || wide === pids.join(' ') ? { kind: 'all' } : { kind: 'processes', pids };
}

/** Undefined where there is nothing to look for yet, or nowhere. */
export function requestOf(choices: SearchChoices, scope: Scope): SearchRequest | undefined {
  const pattern = patternOf(choices);
  if (!pattern) return undefined;
  const request = { pattern, limit: MAX_RESULTS };
  switch (scope.kind) {
    case 'range': {
      const { pid, start, end } = scope.range;
      return { ...request, pids: [pid], range: { start, end } };
    }
    case 'processes':
      return { ...request, pids: scope.pids };
    case 'all':
      return choices.places.length === 0 ? undefined : { ...request, places: choices.places };
  }
}

function patternOf({ mode, text: typed, matchCase, utf16, least, encoding }: SearchChoices): SearchPattern | undefined {
  if (mode === 'strings') return { kind: 'strings', least, encoding };
  if (typed === '') return undefined;
  const ignoreCase = !matchCase;
  switch (mode) {
    case 'hex':
      return { kind: 'hex', text: typed };
    case 'regex':
      return { kind: 'regex', text: typed, ignoreCase };
    case 'text':
      return { kind: 'text', text: typed, ignoreCase, ...(utf16 && { encodings: ['utf-8', 'utf-16le', 'utf-16be'] }) };
  }
}

/** The remembered choices, with what does not fit left at its default. */
export function restoreSearch(raw: unknown): SearchChoices {
  if (!isRecord(raw)) return NEW_SEARCH;
  const range = restoreRange(raw['range']);
  const wide = text(raw['wide']);
  const last = restoreLast(raw['last']);
  const { places } = raw;
  return {
    open: raw['open'] === true,
    share: Math.min(MAX_SHARE, Math.max(MIN_SHARE, amount(raw['share']) ?? DEFAULT_SHARE)),
    mode: SEARCH_MODES.find((mode) => mode === raw['mode']) ?? NEW_SEARCH.mode,
    text: text(raw['text']) ?? '',
    matchCase: raw['matchCase'] === true,
    utf16: raw['utf16'] === true,
    least: clampLeast(amount(raw['least']) ?? USUAL_LEAST),
    encoding: STRING_ENCODINGS.find((encoding) => encoding === raw['encoding']) ?? NEW_SEARCH.encoding,
    places: Array.isArray(places) ? SEARCH_PLACES.filter((place) => places.includes(place)) : NEW_SEARCH.places,
    ...(range && { range }),
    ...(wide !== undefined && { wide }),
    ...(last && { last }),
  };
}

export function clampLeast(least: number): number {
  return Math.min(MAX_LEAST, Math.max(1, Math.trunc(least)));
}

function restoreRange(raw: unknown): SearchRange | undefined {
  if (!isRecord(raw)) return undefined;
  const [pid, start, end] = [amount(raw['pid']), text(raw['start']), text(raw['end'])];
  if (pid === undefined || !isHex(start) || !isHex(end)) return undefined;
  return { pid, start, end, name: text(raw['name']) ?? '' };
}

function isHex(raw: string | undefined): raw is HexString {
  return raw !== undefined && /^0x[0-9a-f]{1,17}$/.test(raw);
}

function restoreLast(raw: unknown): LastSearch | undefined {
  if (!isRecord(raw)) return undefined;
  const [id, what, where] = [text(raw['id']), text(raw['what']), text(raw['where'])];
  return id === undefined || what === undefined || where === undefined ? undefined : { id, what, where };
}
