/** What bytes mean, read in both byte orders; a value that needs more bytes than there are is left out. */
export interface Inspected {
  readonly integers: readonly Row[];
  readonly floats: readonly Row[];
  readonly times: readonly Row[];
  /** Text from here on up to a NUL or what is no text; empty where there is none. */
  readonly utf8: string;
  readonly utf16: string;
}

export interface Row {
  /** `int32`, `float64` …: the field's own words. */
  readonly name: string;
  readonly little: string | undefined;
  readonly big: string | undefined;
}

/** The most bytes that {@link inspect} looks at. */
export const INSPECTED = 256;

const MIN_TIME = Date.UTC(1980, 0, 1) / 1000;
const MAX_TIME = Date.UTC(2100, 0, 1) / 1000;

/**
 * @param bytes from the cursor on, without any that is missing
 * @param littleEndian how the machine has texts of two bytes a letter
 */
export function inspect(bytes: Uint8Array, littleEndian: boolean): Inspected {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const both = (name: string, size: number, read: (little: boolean) => string): Row => ({
    name,
    little: bytes.length < size ? undefined : read(true),
    // One byte has no order.
    big: bytes.length < size || size === 1 ? undefined : read(false),
  });
  return {
    integers: [
      both('int8', 1, () => String(view.getInt8(0))),
      both('uint8', 1, () => String(view.getUint8(0))),
      both('binary', 1, () => view.getUint8(0).toString(2).padStart(8, '0')),
      both('int16', 2, (little) => String(view.getInt16(0, little))),
      both('uint16', 2, (little) => String(view.getUint16(0, little))),
      both('int32', 4, (little) => String(view.getInt32(0, little))),
      both('uint32', 4, (little) => String(view.getUint32(0, little))),
      both('int64', 8, (little) => String(view.getBigInt64(0, little))),
      both('uint64', 8, (little) => String(view.getBigUint64(0, little))),
    ],
    floats: [
      both('float32', 4, (little) => floatText(view.getFloat32(0, little), Math.fround)),
      both('float64', 8, (little) => floatText(view.getFloat64(0, little), Number)),
    ],
    times: [
      both('time32', 4, (little) => timeText(view.getUint32(0, little))),
      both('time64', 8, (little) => timeText(Number(view.getBigUint64(0, little)))),
      both('time64 ms', 8, (little) => timeText(Number(view.getBigUint64(0, little)) / 1000)),
      both('time64 ns', 8, (little) => timeText(Number(view.getBigUint64(0, little)) / 1e9)),
    ].filter(({ little, big }) => (little ?? '') !== '' || (big ?? '') !== ''),
    utf8: utf8From(bytes),
    utf16: utf16From(view, littleEndian),
  };
}

/** An address at the beginning of the bytes; undefined where there are too few. */
export function pointerAt(bytes: Uint8Array, size: 4 | 8, littleEndian: boolean): bigint | undefined {
  if (bytes.length < size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return size === 8 ? view.getBigUint64(0, littleEndian) : BigInt(view.getUint32(0, littleEndian));
}

/** The fewest digits that name the number, in a form that tells it from an integer. @param round to its width */
function floatText(value: number, round: (value: number) => number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞');
  let short = value;
  for (let digits = 6; digits <= 17; digits++) {
    short = Number(value.toPrecision(digits));
    if (round(short) === value) break;
  }
  const text = String(short);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Of numbers that are no likely point in time, nothing. */
function timeText(seconds: number): string {
  if (!(seconds >= MIN_TIME && seconds < MAX_TIME)) return '';
  return new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z');
}

/** Shorter texts are mostly chance. */
const MIN_TEXT = 2;

function utf8From(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(end < 0 ? bytes : bytes.subarray(0, end));
  return readable(text);
}

function utf16From(view: DataView, littleEndian: boolean): string {
  let text = '';
  for (let at = 0; at + 1 < view.byteLength; at += 2) {
    const unit = view.getUint16(at, littleEndian);
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  // Two letters of one byte each are one of two bytes: what few languages would write is no text.
  const found = readable(text.toWellFormed());
  return /[\u0020-\u024f]/.test(found) ? found : '';
}

/** Up to the first character that no text has. */
function readable(text: string): string {
  const end = text.search(/(?![\n\r\t])[\p{Cc}\p{Cn}\p{Co}\uFFFD]/u);
  const found = end < 0 ? text : text.slice(0, end);
  return found.length < MIN_TEXT ? '' : found;
}
