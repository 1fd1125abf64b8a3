import { Buffer } from 'node:buffer';

/**
 * Extended header records of POSIX.1-2017 pax (`LENGTH KEY=VALUE\n`, the length in decimal and counting itself), with
 * the keys of GNU tar (`GNU.sparse.*`), star (`SCHILY.*`) and libarchive (`LIBARCHIVE.*`).
 */
export type PaxRecords = Map<string, Uint8Array>;

/** The longest extended header that is read, bytes. Linux caps all extended attributes of a file at 64 KiB each. */
export const MAX_PAX = 1024 * 1024;

/**
 * Reads records up to the first that breaks the form.
 * @returns the records as views of `bytes`, and where in `bytes` the form was broken
 */
export function parsePax(bytes: Uint8Array): { readonly records: PaxRecords; readonly brokenAt?: number } {
  const records: PaxRecords = new Map();
  const pieces: string[] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    const record = parseRecord(bytes, at);
    if (!record) return { records, brokenAt: at };
    // GNU's first way to list the pieces of a sparse file repeats two keys; of all others the last record counts.
    if (record.key === 'GNU.sparse.offset' || record.key === 'GNU.sparse.numbytes') pieces.push(asText(record.value));
    else records.set(record.key, record.value);
    at = record.end;
  }
  if (pieces.length > 0) records.set('GNU.sparse.map', Buffer.from(pieces.join(',')));
  return { records };
}

function parseRecord(bytes: Uint8Array, start: number): { key: string; value: Uint8Array; end: number } | undefined {
  let at = start;
  let length = 0;
  for (; at < bytes.length && at - start < 8; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  const end = start + length;
  if (bytes[at] !== 0x20 || end > bytes.length || end <= at + 1 || bytes[end - 1] !== 0x0a) return undefined;
  const equals = bytes.indexOf(0x3d, at + 1);
  if (equals === -1 || equals >= end || equals === at + 1) return undefined;
  return { key: asText(bytes.subarray(at + 1, equals)), value: bytes.subarray(equals + 1, end - 1), end };
}

/** Bytes as text; what is not UTF-8 becomes U+FFFD. */
export function asText(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8');
}

/** A decimal number of a record; undefined where it is none or no safe integer. */
export function paxNumber(value: Uint8Array | undefined): number | undefined {
  if (!value) return undefined;
  const text = asText(value);
  const number = /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A time stamp with up to nine decimals, as nanoseconds since 1970. */
export function paxTime(value: Uint8Array | undefined): bigint | undefined {
  if (!value) return undefined;
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(asText(value));
  if (!match) return undefined;
  const [, sign, seconds = '0', fraction = ''] = match;
  const nanoseconds = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -nanoseconds : nanoseconds;
}

/** Extended attributes, copied out of the records. star's form counts where libarchive wrote both. */
export function paxXattrs(...layers: readonly PaxRecords[]): ReadonlyMap<string, Uint8Array> | undefined {
  if (layers.every((records) => records.size === 0)) return undefined;
  const xattrs = new Map<string, Uint8Array>();
  for (const records of layers) {
    for (const [key, value] of records) {
      if (key.startsWith(LIBARCHIVE))
        xattrs.set(unescape(key.slice(LIBARCHIVE.length)), Buffer.from(asText(value), 'base64'));
    }
    for (const [key, value] of records) {
      if (key.startsWith(STAR)) xattrs.set(key.slice(STAR.length), Buffer.from(value));
    }
  }
  return xattrs.size === 0 ? undefined : xattrs;
}

const STAR = 'SCHILY.xattr.';
const LIBARCHIVE = 'LIBARCHIVE.xattr.';

/** libarchive writes names of attributes as in a URL; a stray percent sign stays. */
function unescape(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
