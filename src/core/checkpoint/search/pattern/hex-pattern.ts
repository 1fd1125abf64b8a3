import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError } from '../../../errors.ts';
import { rangeOf, setOf, type ByteSet } from './byte-set.ts';
import type { Element } from './elements.ts';

/**
 * Bytes in hexadecimal digits, `?` for a digit that may be any: `de ad ?? b?`. Blanks, and `0x` before a byte or the
 * whole, do not count.
 * @throws CheckpointError `usage`
 */
export function parseHex(text: string): readonly Element[] {
  const digits = text.replace(/0x/gi, ' ').replace(/[\s,]+/g, '');
  const wrong = /[^0-9a-f?]/i.exec(digits)?.[0];
  if (wrong !== undefined) throw usage('{0} is no hexadecimal digit. Write bytes as in: de ad ?? b?', wrong);
  if (digits.length % 2 !== 0) {
    throw usage('{0} has half a byte: write two digits for each, with ? for one that may be any.', text);
  }
  if (!/[0-9a-f]/i.test(digits)) throw usage('{0} is in every byte. Give at least one digit.', text);
  return (digits.match(/../g) ?? []).map((pair) => ({ set: parseByte(pair) }));
}

function parseByte(pair: string): ByteSet {
  const [high = '?', low = '?'] = pair;
  if (high === '?' && low === '?') return rangeOf(0, 255);
  if (high === '?') return setOf(...Array.from({ length: 16 }, (_, digit) => digit * 16 + parseInt(low, 16)));
  const first = parseInt(high, 16) * 16;
  return low === '?' ? rangeOf(first, first + 15) : setOf(first + parseInt(low, 16));
}

function usage(template: string, ...args: readonly string[]): CheckpointError {
  return new CheckpointError('usage', sentence(template, ...args));
}
