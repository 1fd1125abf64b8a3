import { MAX_MATCH, type SearchPattern, type StringEncoding } from '../../../../protocol/search.ts';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError } from '../../../errors.ts';
import { parseRegex, type Required } from './byte-regex.ts';
import { elementsOf, longestOf, type Element } from './elements.ts';
import { parseHex } from './hex-pattern.ts';

/** What is looked for in one pass, as it goes to the threads that scan. */
export type Needle =
  | { readonly type: 'row'; readonly elements: readonly Element[]; readonly encoding?: StringEncoding }
  | {
      readonly type: 'regex';
      readonly source: string;
      readonly encoding?: StringEncoding;
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
/** More than that is no string that is looked for. */
const MAX_LEAST = 1024;
/** An expression that can be tried in more ways at one place is watched. */
const CHEAP = 10_000;

/** @throws CheckpointError `usage` where there is nothing to look for, or it cannot be understood */
export function compilePattern(pattern: SearchPattern): CompiledPattern {
  if (pattern.kind === 'strings') return compileStrings(pattern.least, pattern.encoding);
  const { kind, text, ignoreCase = false, encodings } = pattern;
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

/** A character of each encoding that a person can read, as an expression. */
const READABLE: Readonly<Record<StringEncoding, string>> = {
  ascii: '[\\t\\x20-\\x7e]',
  // Facts: RFC 3629, the syntax of UTF-8. The control characters U+0080 to U+009F are left out.
  'utf-8': [
    '[\\t\\x20-\\x7e]',
    '\\xc2[\\xa0-\\xbf]',
    '[\\xc3-\\xdf][\\x80-\\xbf]',
    '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
    '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
    '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
    '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
    '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
    '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}',
  ].join('|'),
  // Other than Latin letters cannot be told from numbers.
  'utf-16le': '[\\t\\x20-\\x7e\\xa0-\\xff]\\x00',
  'utf-16be': '\\x00[\\t\\x20-\\x7e\\xa0-\\xff]',
};

/** @throws CheckpointError `usage` */
function compileStrings(least: number, encoding: StringEncoding): CompiledPattern {
  if (!Number.isSafeInteger(least) || least < 1 || least > MAX_LEAST) {
    throw new CheckpointError('usage', sentence('A string has at least {0} and at most {1} characters.', 1, MAX_LEAST));
  }
  // Each character is tried in one way alone: it takes no time however long a string is.
  const source = `(?:${READABLE[encoding]}){${least},}`;
  return { needles: [{ type: 'regex', source, encoding, isCostly: false }], longest: MAX_MATCH, behind: BEHIND };
}
