import { Buffer } from 'node:buffer';
import type { FileType } from '../../protocol/changes.ts';
import type { Entry } from './file-set.ts';
import type { TarHeader } from './tar-header.ts';
import { asText, paxNumber, paxTime, paxXattrs, type PaxRecords } from './tar-pax.ts';

/** What the headers before an entry's own say about it. */
export interface Overrides {
  readonly global: PaxRecords;
  readonly local: PaxRecords;
  readonly longName?: Uint8Array | undefined;
  readonly longLink?: Uint8Array | undefined;
}

export const NO_RECORDS: PaxRecords = new Map();
/** Of nearly all entries. */
export const NO_OVERRIDES: Overrides = { global: NO_RECORDS, local: NO_RECORDS };

export interface Place {
  readonly headerOffset: number;
  readonly offset: number;
  readonly size: number;
}

type Building = { -readonly [Key in keyof Entry]: Entry[Key] };

/** Puts together what a header and its extended headers say. */
export function buildEntry(header: TarHeader, overrides: Overrides, place: Place): Entry {
  const override = pax(overrides, 'GNU.sparse.name') ?? pax(overrides, 'path') ?? overrides.longName;
  const path = normalPath(override ? asText(override) : header.nameText);
  const pathBytes = path.includes(REPLACEMENT) ? bytesOf(path, override ?? header.name) : undefined;
  // Members are set one after the other, in one order: this runs once for each of up to a million entries.
  const entry: Building = {
    path,
    type: typeOf(header, overrides),
    size: place.size,
    headerOffset: place.headerOffset,
    offset: place.offset,
    mode: header.mode,
    uid: paxNumber(pax(overrides, 'uid')) ?? header.uid,
    gid: paxNumber(pax(overrides, 'gid')) ?? header.gid,
    mtime: paxTime(pax(overrides, 'mtime')) ?? nanoseconds(header.mtime),
  };
  if (pathBytes) entry.pathBytes = pathBytes;
  const userName = pax(overrides, 'uname') ?? header.userName;
  if (userName.length > 0) entry.userName = asText(userName);
  const groupName = pax(overrides, 'gname') ?? header.groupName;
  if (groupName.length > 0) entry.groupName = asText(groupName);
  if (entry.type === 'symlink' || entry.type === 'hardlink') {
    entry.linkTarget = asText(pax(overrides, 'linkpath') ?? overrides.longLink ?? header.linkName);
  } else if (entry.type === 'character-device' || entry.type === 'block-device') {
    entry.deviceMajor = header.deviceMajor;
    entry.deviceMinor = header.deviceMinor;
  } else if (entry.type === 'unknown') {
    entry.typeFlag = header.typeFlag;
  }
  const xattrs = overrides === NO_OVERRIDES ? undefined : paxXattrs(overrides.global, overrides.local);
  if (xattrs) entry.xattrs = xattrs;
  return entry;
}

/** The second that was converted last: most entries were made in the same. */
let lastSecond = 0;
let lastNanoseconds = 0n;

function nanoseconds(seconds: number): bigint {
  if (seconds !== lastSecond) {
    lastSecond = seconds;
    lastNanoseconds = BigInt(seconds) * 1_000_000_000n;
  }
  return lastNanoseconds;
}

/** A record that the local extended header or else the global one sets; an empty value takes the override back. */
export function pax(overrides: Overrides, key: string): Uint8Array | undefined {
  if (overrides === NO_OVERRIDES) return undefined;
  const value = overrides.local.get(key) ?? overrides.global.get(key);
  return value?.length === 0 ? undefined : value;
}

/** True for types whose header is all there is, whatever their size field says. */
export function isHeaderOnly(typeFlag: string): boolean {
  return typeFlag >= '1' && typeFlag <= '6';
}

function typeOf(header: TarHeader, overrides: Overrides): FileType {
  switch (header.typeFlag) {
    case '0':
    case '7':
      if (overrides !== NO_OVERRIDES && isSparse(overrides)) return 'sparse';
      // Before there was a flag for it, a slash at the end told a directory.
      return header.format === 'v7' && header.name.at(-1) === 0x2f ? 'directory' : 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
      return 'character-device';
    case '4':
      return 'block-device';
    case '5':
    case 'D':
      return 'directory';
    case '6':
      return 'fifo';
    case 'S':
      return 'sparse';
    default:
      return 'unknown';
  }
}

function isSparse({ local }: Overrides): boolean {
  return local.has('GNU.sparse.major') || local.has('GNU.sparse.size') || local.has('GNU.sparse.map');
}

const REPLACEMENT = '\u{FFFD}';

/** The name in its normal form as it stands, where its text does not say it. */
function bytesOf(path: string, raw: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(normalPath(Buffer.from(raw).toString('latin1')), 'latin1');
  return bytes.equals(Buffer.from(path)) ? undefined : bytes;
}

/** Without `./` and `/` before it and `/` after it. */
export function normalPath(path: string): string {
  let start = 0;
  let end = path.length;
  for (;;) {
    if (path[start] === '/') start++;
    else if (path[start] === '.' && (path[start + 1] === '/' || start + 1 === end)) start++;
    else break;
  }
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}
