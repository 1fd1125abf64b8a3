import { MAX_MATCH, type SearchPattern, type TextEncoding } from '../../../../protocol/search.ts';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError } from '../../../errors.ts';
import { parseRegex, type Required } from './byte-regex.ts';
import { elementsOf, longestOf, type Element } from './elements.ts';
import { parseHex } from './hex-pattern.ts';

/** What is looked for in one pass, as it goes to the threads that scan. */
export type Needle =
  | { readonly type: 'row'; readonly elements: readonly Element[]; readonly encoding?: TextEncoding }
  | {
      readonly type: 'regex';
      readonly source: string;
      readonly required?: Required;
      /** It may take longer than anybody waits, so its time is watched. */
      readonly isCostly: boolean;
    };

export interface CompiledPattern {
  readonly needles: readonly Needle[];
  /** Bytes of the longest match. */
  readonly longest: number;
  /** How many bytes before a place may tell whether there is a match. */
  readonly behind: number;
}

/** Longer texts are given by mistake. */
const MAX_TEXT = 4096;
/** Bytes before a place that `^`, `\b` and look-behinds of a regular expression see. */
const BEHIND = 256;
/** An expression that can be tried in more ways at one place is watched. */
const CHEAP = 10_000;

/** @throws CheckpointError `usage` where there is nothing to look for, or it cannot be understood */
export function compilePattern({ kind, text, ignoreCase = false, encodings }: SearchPattern): CompiledPattern {
  if (text === '') throw new CheckpointError('usage', sentence('There is nothing to look for.'));
  if (text.length > MAX_TEXT) {
    throw new CheckpointError('usage', sentence('What is looked for has more than {0} characters.', MAX_TEXT));
  }
  if (kind === 'regex') return compileRegex(text, ignoreCase);
  const rows =
    kind === 'hex'
      ? [{ type: 'row' as const, elements: parseHex(text) }]
      : (encodings ?? ['utf-8']).map((encoding) => ({
          type: 'row' as const,
          elements: elementsOf(text, encoding, ignoreCase),
          encoding,
        }));
  return { needles: rows, longest: Math.max(...rows.map(({ elements }) => longestOf(elements))), behind: 0 };
}

function compileRegex(text: string, ignoreCase: boolean): CompiledPattern {
  const { source, max, ways, required } = parseRegex(text, ignoreCase);
  try {
    // Compiled when it is first used: some turn out to be too large only then.
    new RegExp(source, 'gm').test('');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*: /, '') : String(error);
    throw new CheckpointError('usage', sentence('{0} cannot be used as a regular expression: {1}.', text, why));
  }
  const isCostly = ways > CHEAP;
  const needle: Needle = { type: 'regex', source, isCostly, ...(required && { required }) };
  return { needles: [needle], longest: Math.min(max, MAX_MATCH), behind: BEHIND };
}
