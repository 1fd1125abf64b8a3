/**
 * Values as a person reads them. The page, the sidebar, the command line and "copy as text" all format with these, so
 * that one fact never looks different in two places.
 */
import type { FileType } from './changes.ts';

/** What stands where a secret is. Its length says nothing about the secret's. */
export const MASK = '••••••••';

const UNITS: readonly string[] = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes in binary units with one decimal: `31.0 MiB`; below 1024 exact: `512 B`. */
export function formatSize(bytes: number | bigint): string {
  const value = Number(bytes);
  if (!Number.isFinite(value)) return String(value);
  let size = Math.abs(value);
  let unit = 0;
  // 1023.95 of one unit would be printed as 1024.0 of it.
  while (unit < UNITS.length - 1 && size >= (unit === 0 ? 1024 : 1023.95)) {
    size /= 1024;
    unit++;
  }
  const sign = value < 0 ? '-' : '';
  return `${sign}${unit === 0 ? String(size) : size.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** All digits, in groups of three: `32,505,856 bytes`. */
export function formatExactBytes(bytes: number | bigint): string {
  return `${formatCount(bytes)} ${bytes === 1 || bytes === 1n ? 'byte' : 'bytes'}`;
}

/** A whole number with its digits in groups of three: `20,000`. */
export function formatCount(value: number | bigint): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A point in time, as exact as the text that it was read from. */
export interface Instant {
  /** Milliseconds since 1970, whole. */
  readonly milliseconds: number;
  /** The digits after the milliseconds, as nanoseconds: 0 to 999999. */
  readonly nanoseconds: number;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,18}))?(Z|[+-]\d\d:\d\d)$/i;

/** Reads RFC 3339 with any number of decimals; undefined for any other text, and for dates that do not exist. */
export function parseTime(rfc3339: string): Instant | undefined {
  const [whole, date, time, fraction = '', zone] = RFC_3339.exec(rfc3339) ?? [];
  if (whole === undefined || date === undefined || time === undefined || zone === undefined) return undefined;
  const digits = fraction.padEnd(9, '0').slice(0, 9);
  const milliseconds = Date.parse(`${date}T${time}.${digits.slice(0, 3)}${zone.toUpperCase()}`);
  return Number.isNaN(milliseconds) ? undefined : { milliseconds, nanoseconds: Number(digits.slice(3)) };
}

/**
 * Date and time to the second, `2026-11-23 22:22:40`: in the reader's time zone, or in UTC and marked so.
 * What is no RFC 3339 comes back as it is.
 */
export function formatTime(rfc3339: string, options: { readonly utc?: boolean } = {}): string {
  const instant = parseTime(rfc3339);
  if (!instant) return rfc3339;
  const { milliseconds } = instant;
  if (options.utc) return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const date = new Date(milliseconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How long ago, in the reader's language: `now`, `2 min ago`, `yesterday`, `in 3 hr`. Empty for what is no RFC 3339.
 * @param now milliseconds since 1970
 */
export function formatAge(rfc3339: string, now: number | Date, locale = 'en'): string {
  const instant = parseTime(rfc3339);
  if (!instant) return '';
  const [value, unit] = age(instant.milliseconds, Number(now));
  const text = relativeTime(locale).format(value, unit);
  // Only English shortens with full stops that read like the end of a sentence.
  return locale.startsWith('en') ? text.replaceAll('.', '') : text;
}

function age(then: number, now: number): [number, Intl.RelativeTimeFormatUnit] {
  const difference = then - now;
  const distance = Math.abs(difference);
  if (distance < MINUTE) return [0, 'second'];
  if (distance < HOUR) return [Math.trunc(difference / MINUTE), 'minute'];
  if (distance < DAY) return [Math.trunc(difference / HOUR), 'hour'];
  // "Yesterday" is a matter of the calendar, not of hours.
  const days = Math.round((midnight(then) - midnight(now)) / DAY);
  if (Math.abs(days) < 60) return [days, 'day'];
  if (Math.abs(days) < 730) return [Math.trunc(days / 30.44), 'month'];
  return [Math.trunc(days / 365.25), 'year'];
}

function midnight(milliseconds: number): number {
  const date = new Date(milliseconds);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}

const relativeTimes = new Map<string, Intl.RelativeTimeFormat>();

function relativeTime(locale: string): Intl.RelativeTimeFormat {
  const known = relativeTimes.get(locale);
  if (known) return known;
  const made = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  relativeTimes.set(locale, made);
  return made;
}

/** Microseconds in the unit that suits them: `850 µs`, `12.3 ms`, `1.24 s`, `2 min 5 s`. */
export function formatDuration(microseconds: number | bigint): string {
  const value = Number(microseconds);
  if (!Number.isFinite(value)) return String(value);
  if (value < 0) return `-${formatDuration(-value)}`;
  if (value < 1000) return `${String(Math.round(value))} µs`;
  if (value < 999_950) return `${(value / 1000).toFixed(1)} ms`;
  if (value < 59_995_000) return `${(value / 1_000_000).toFixed(2)} s`;
  const seconds = Math.round(value / 1_000_000);
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

const TYPE_LETTERS: Readonly<Record<FileType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: '-',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
  sparse: '-',
  unknown: '?',
};

/** stat(2)'s st_mode type bits of each type, so that one number says both type and permissions. */
export const TYPE_BITS: Readonly<Record<FileType, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  hardlink: 0o100000,
  'character-device': 0o020000,
  'block-device': 0o060000,
  fifo: 0o010000,
  sparse: 0o100000,
  unknown: 0,
};

/**
 * A mode as ls(1) shows it: `-rwsr-xr-x`.
 * @param mode permission bits 0o7777; without `type` the type bits of st_mode count too, as in a grid's `mode` cells
 */
export function formatMode(mode: number, type?: FileType): string {
  const bit = (mask: number, letter: string) => (mode & mask ? letter : '-');
  const execute = (mask: number, special: number, letter: string) =>
    mode & special ? (mode & mask ? letter : letter.toUpperCase()) : bit(mask, 'x');
  return [
    type === undefined ? letterOf(mode & 0o170000) : TYPE_LETTERS[type],
    bit(0o400, 'r'),
    bit(0o200, 'w'),
    execute(0o100, 0o4000, 's'),
    bit(0o040, 'r'),
    bit(0o020, 'w'),
    execute(0o010, 0o2000, 's'),
    bit(0o004, 'r'),
    bit(0o002, 'w'),
    execute(0o001, 0o1000, 't'),
  ].join('');
}

/** No archive has a socket, which is why it is no type of a file here. */
const SOCKET_BITS = 0o140000;

function letterOf(bits: number): string {
  if (bits === SOCKET_BITS) return 's';
  const types = Object.keys(TYPE_BITS) as FileType[];
  const type = types.find((candidate) => TYPE_BITS[candidate] === bits);
  return TYPE_LETTERS[type ?? 'unknown'];
}

/**
 * Control, format (bidirectional, zero-width, tag …) and separator characters, halves of surrogate pairs, spaces that
 * are not U+0020, and letters that draw nothing (Hangul fillers, the empty braille pattern, variation selectors).
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** Nearly every text: what is invisible in all of Unicode takes long to look for the first time. */
const PLAIN = /^[ -~]*$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text from a checkpoint, fit to be shown: what a reader would not see, or what would reorder the text around it,
 * becomes an escape (`\n`, `\u202e`, `\u{e0041}`); nothing is dropped, and U+FFFD stays. Backslashes stay single,
 * because command lines are full of them: the raw value tells the two apart.
 */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    return SHORT[character] ?? (code > 0xffff ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`);
  });
}

/** JSON in lines, fit to be shown, that says the same: what a reader would not see becomes an escape of JSON's own. */
export function escapeJson(json: string): string {
  const unit = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replace(INVISIBLE, (character) =>
    character === '\n' ? character : character.split('').map(unit).join(''),
  );
}
