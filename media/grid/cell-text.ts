import {
  escapeText,
  formatAge,
  formatExactBytes,
  formatMode,
  formatSize,
  formatTime,
} from '../../src/protocol/format.ts';
import type { ColumnKind, GridCell } from '../../src/protocol/grid.ts';
import { sentenceText, t } from '../text.ts';

/** A cell as the reader sees it, escaped. */
export function cellText(cell: GridCell, kind: ColumnKind): string {
  const { value, said } = cell;
  if (said) return said.map(sentenceText).join(', ');
  if (value === null || value === '') return '';
  if (typeof value === 'boolean') return value ? '✓' : '';
  if (typeof value === 'number') {
    if (kind === 'size') return formatSize(value);
    if (kind === 'mode') return formatMode(value);
    return String(value);
  }
  if (kind === 'word') return escapeText(t(value));
  if (kind === 'marks')
    return escapeText(
      value
        .split(' ')
        .map((word) => t(word))
        .join(' '),
    );
  return kind === 'time' ? escapeText(formatTime(value)) : escapeText(value);
}

/** What the cell's tooltip says beyond its text: exact bytes, UTC and age, the mode in octal, the text where it is long. */
export function cellTitle(
  cell: GridCell,
  kind: ColumnKind,
  text: string,
  now: number,
  locale: string,
): string | undefined {
  const { value, title } = cell;
  const own = title === undefined ? undefined : escapeLines(title);
  if (kind === 'size' && typeof value === 'number') return join(own, formatExactBytes(value));
  if (kind === 'mode' && typeof value === 'number') return join(own, (value & 0o7777).toString(8).padStart(4, '0'));
  if (kind === 'time' && typeof value === 'string') {
    return join(own, escapeText(formatTime(value, { utc: true })), formatAge(value, now, locale));
  }
  return own ?? (text.length > SHORT ? text : undefined);
}

/** Shorter texts fit their column. */
const SHORT = 12;

function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

function join(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n');
}

export function isRightAligned(kind: ColumnKind): boolean {
  return kind === 'number' || kind === 'size';
}
