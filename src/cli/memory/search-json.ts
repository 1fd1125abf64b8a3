import { isUtf8 } from 'node:buffer';
import type { SearchMatch } from '../../protocol/search.ts';
import { hex } from '../../protocol/wire.ts';
import type { JsonObject } from '../json.ts';

/** A match as the command line gives it in JSON. */
export function matchJson(match: SearchMatch): JsonObject {
  const { context, contextOffset } = match;
  return {
    ...placeJson(match),
    context: new TextDecoder().decode(context),
    ...(!isUtf8(context) && { context_bytes: context }),
    context_offset: contextOffset,
    ...(match.cut && { cut: true }),
  };
}

/** A string as the command line gives it in JSON. */
export function stringJson(match: SearchMatch): JsonObject {
  return { ...placeJson(match), text: textOf(match), ...(match.cut && { cut: true }) };
}

function placeJson(match: SearchMatch): JsonObject {
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
    ...(holders && { holders: holders.map((holder) => ({ pid: holder.pid, fd: holder.fd })) }),
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
