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

export interface Place {
  readonly headerOffset: number;
  readonly offset: number;
  readonly size: number;
}

/** Puts together what a header and its extended headers say. */
export function buildEntry(header: TarHeader, overrides: Overrides, place: Place): Entry {
  const type = typeOf(header, overrides);
  const name = pathOf(pax(overrides, 'GNU.sparse.name') ?? pax(overrides, 'path') ?? overrides.longName ?? header.name);
  const userName = textOf(pax(overrides, 'uname') ?? header.userName);
  const groupName = textOf(pax(overrides, 'gname') ?? header.groupName);
  const isLink = type === 'symlink' || type === 'hardlink';
  const isDevice = type === 'character-device' || type === 'block-device';
  const xattrs = paxXattrs(overrides.global, overrides.local);
  return {
    ...name,
    type,
    ...(type === 'unknown' && { typeFlag: header.typeFlag }),
    ...place,
    mode: header.mode,
    uid: paxNumber(pax(overrides, 'uid')) ?? header.uid,
    gid: paxNumber(pax(overrides, 'gid')) ?? header.gid,
    ...(userName !== undefined && { userName }),
    ...(groupName !== undefined && { groupName }),
    mtime: paxTime(pax(overrides, 'mtime')) ?? BigInt(header.mtime) * 1_000_000_000n,
    ...(isLink && { linkTarget: asText(pax(overrides, 'linkpath') ?? overrides.longLink ?? header.linkName) }),
    ...(isDevice && { deviceMajor: header.deviceMajor, deviceMinor: header.deviceMinor }),
    ...(xattrs && { xattrs }),
  };
}

/** A record that the local extended header or else the global one sets; an empty value takes the override back. */
export function pax(overrides: Overrides, key: string): Uint8Array | undefined {
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
      if (isSparse(overrides)) return 'sparse';
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

function textOf(bytes: Uint8Array): string | undefined {
  return bytes.length === 0 ? undefined : asText(bytes);
}

const REPLACEMENT = '\u{FFFD}';

/** The name in its normal form, see {@link Entry.path}. */
function pathOf(raw: Uint8Array): { readonly path: string; readonly pathBytes?: Uint8Array } {
  const path = normalPath(asText(raw));
  if (!path.includes(REPLACEMENT)) return { path };
  const bytes = Buffer.from(normalPath(Buffer.from(raw).toString('latin1')), 'latin1');
  return bytes.equals(Buffer.from(path)) ? { path } : { path, pathBytes: bytes };
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
