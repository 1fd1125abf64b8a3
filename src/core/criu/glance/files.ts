import { isSound } from '../outline.ts';
import { messageType } from '../schema.ts';
import { WireReader } from '../wire.ts';
import { hasHead, wordAt } from './sole-message.ts';
import { readText } from './text.ts';

/** Paths by the ids of files, see sole-message.ts: of all that files.img holds only those that are asked for are read. */
export class FilesGlance {
  readonly #bytes: Uint8Array;
  /** Where the message of each id starts; its length stands before it. */
  readonly #starts: ReadonlyMap<number, number>;
  readonly #paths = new Map<number, string | undefined>();

  constructor(bytes: Uint8Array, starts: ReadonlyMap<number, number>) {
    this.#bytes = bytes;
    this.#starts = starts;
  }

  /** The path of a regular file or directory; undefined where there is none, or where it is more than that. */
  path(id: number): string | undefined {
    if (this.#paths.has(id)) return this.#paths.get(id);
    const start = this.#starts.get(id);
    const path = start === undefined ? undefined : this.#read(start);
    this.#paths.set(id, path);
    return path;
  }

  #read(start: number): string | undefined {
    const reader = new WireReader(this.#bytes, start);
    const end = start + wordAt(this.#bytes, start - 4);
    let path: string | undefined;
    while (reader.position < end) {
      const tag = reader.uint32(end);
      if (tag === 0x1a) path = readPath(reader, reader.lengthDelimited(end));
      else reader.skip(tag & 7, end);
      // Shared memory that is mapped as a memfd has its name elsewhere.
      if (tag === MEMFD) return undefined;
    }
    return path;
  }
}

/** The tag of file_entry.memfd. */
const MEMFD = 0xa2;

/** @returns undefined where the image must be decoded to tell what is in it */
export function glanceFiles(bytes: Uint8Array): FilesGlance | undefined {
  if (bytes.length < 8 || !hasHead('FILES', bytes)) return undefined;
  const type = messageType('file_entry');
  const starts = new Map<number, number>();
  for (let at = 8; at < bytes.length;) {
    const start = at + 4;
    const end = start + (start <= bytes.length ? wordAt(bytes, at) : Infinity);
    if (end > bytes.length || !isSound(type, bytes, start, end)) return undefined;
    const id = readId(bytes, start, end);
    if (starts.has(id)) return undefined;
    starts.set(id, start);
    at = end;
  }
  return new FilesGlance(bytes, starts);
}

/** It stands behind the type. */
function readId(bytes: Uint8Array, start: number, end: number): number {
  const reader = new WireReader(bytes, start);
  reader.skip(reader.uint32(end) & 7, end);
  reader.uint32(end);
  return reader.uint32(end);
}

function readPath(reader: WireReader, end: number): string | undefined {
  let path: string | undefined;
  while (reader.position < end) {
    const tag = reader.uint32(end);
    if (tag === 0x32) path = readText(reader, end);
    else reader.skip(tag & 7, end);
  }
  return path;
}
