import type { Note } from '../../../protocol/note.ts';
import { EntryIndex } from '../../archive/entry-index.ts';
import type { Entry } from '../../archive/file-set.ts';
import { HeaderWindow } from '../../archive/header-window.ts';
import { KeptBlocks } from '../../archive/kept-source.ts';
import { TarIndexer } from '../../archive/tar-index.ts';
import { sniffCompression } from '../../bytes/compression.ts';
import { ForwardGunzip } from '../../bytes/forward-gunzip.ts';
import type { JsonObject } from '../json-text.ts';
import type { RawVisit } from './raw-image.ts';

/**
 * The entries of a tar archive, as the images of tmpfs mounts are, without their contents: it is decompressed as it is
 * passed over, and nothing of that is kept. Its bytes tell whether it is compressed.
 */
export async function visitTar({ source, name, visit, pretty, signal }: RawVisit): Promise<readonly Note[]> {
  if (source.size === 0) return [];
  const unpacked = (await sniffCompression(source, signal)) === 'gzip' ? new ForwardGunzip(source) : undefined;
  const tar = unpacked ?? source;
  const index = new EntryIndex();
  const sink = {
    add: (entry: Entry) => index.add(entry),
    sparse: () => undefined,
    truncate: (entry: Entry) => index.replace({ ...entry, truncated: true }),
    note: (note: Note) => index.note(note),
    flush: () => undefined,
  };
  try {
    await new TarIndexer(tar, new HeaderWindow(tar, new KeptBlocks(0)), sink, signal).run();
    for (const entry of index.entries.values()) if (!(await visit(entryOf(entry, pretty)))) break;
    // What is beneath knows its bytes by the name of their source.
    return [...(unpacked?.notes ?? []), ...index.notes].map((note) => ({ ...note, where: name }));
  } finally {
    await unpacked?.close();
  }
}

function entryOf(entry: Entry, pretty: boolean): JsonObject {
  const { path, pathBytes, type, typeFlag, size, mode, uid, gid, userName, groupName, mtime } = entry;
  return {
    path,
    ...(pathBytes && { path_bytes: base64(pathBytes) }),
    type,
    ...(typeFlag !== undefined && { type_flag: typeFlag }),
    size,
    mode: pretty ? `0${mode.toString(8)}` : mode,
    uid,
    gid,
    ...(userName !== undefined && { user_name: userName }),
    ...(groupName !== undefined && { group_name: groupName }),
    mtime: pretty ? timeOf(mtime) : mtime,
    ...(entry.linkTarget !== undefined && { link_target: entry.linkTarget }),
    ...(entry.deviceMajor !== undefined && { device: `${entry.deviceMajor}:${entry.deviceMinor ?? 0}` }),
    ...(entry.xattrs && { xattrs: Object.fromEntries([...entry.xattrs].map(([key, value]) => [key, base64(value)])) }),
    ...(entry.truncated === true && { truncated: true }),
  };
}

/** Nanoseconds since 1970 as RFC 3339, or as they are where no calendar has them. */
function timeOf(nanoseconds: bigint): string | bigint {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  return Number.isNaN(date.getTime()) ? nanoseconds : date.toISOString();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
