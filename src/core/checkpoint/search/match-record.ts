import { isUtf8 } from 'node:buffer';
import type { SearchMatch } from '../../../protocol/search.ts';
import { hex } from '../../../protocol/wire.ts';

/** A match as an object that JSON can hold; members that are undefined are left out there. */
export type MatchRecord = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly { pid: number; fd: number }[]>
>;

/** A match in the form in which it is printed and exported. What is not UTF-8 in its context stands beside it in base64. */
export function matchRecord(match: SearchMatch): MatchRecord {
  const { context, contextOffset, cut } = match;
  return {
    ...placeRecord(match),
    context: new TextDecoder().decode(context),
    context_bytes: isUtf8(context) ? undefined : Buffer.from(context).toString('base64'),
    context_offset: contextOffset,
    cut,
  };
}

/** A string in the form in which it is printed and exported. */
export function stringRecord(match: SearchMatch): MatchRecord {
  return { ...placeRecord(match), text: textOf(match), cut: match.cut };
}

function placeRecord(match: SearchMatch): MatchRecord {
  const { pid, process, address, offset, length, region, source, encoding, path, holders } = match;
  return {
    pid,
    process: process ?? undefined,
    address: address === null ? undefined : hex(address),
    offset,
    length,
    region,
    source,
    encoding,
    path,
    holders: holders?.map((holder) => ({ pid: holder.pid, fd: holder.fd })),
  };
}

/** What a string says. */
export function textOf({ context, contextOffset, length, encoding = 'utf-8' }: SearchMatch): string {
  const bytes = Buffer.from(context.subarray(contextOffset, contextOffset + length));
  if (encoding === 'ascii' || encoding === 'utf-8') return bytes.toString('utf8');
  // A string that was cut may end with half a character.
  const whole = bytes.subarray(0, bytes.length & ~1);
  return (encoding === 'utf-16be' ? whole.swap16() : whole).toString('utf16le');
}
