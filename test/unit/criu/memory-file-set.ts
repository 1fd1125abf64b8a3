import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Entry, FileSet } from '../../../src/core/archive/file-set.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';

export const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');

/** Folders of the fixtures that hold one archive. */
export const fixtureFolders: readonly string[] = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && archiveIn(entry.name) !== undefined)
  .map((entry) => entry.name);

/** Bytes in memory as a source that remembers what was read of it. */
export class MemorySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly reads: { readonly offset: number; readonly length: number }[] = [];
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, name = 'memory', size = bytes.length) {
    this.#bytes = bytes;
    this.name = name;
    this.size = size;
  }

  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    this.reads.push({ offset, length });
    return Promise.resolve(this.#bytes.subarray(offset, offset + length));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A whole archive in memory, for tests of what lies above archives. */
export class MemoryFileSet implements FileSet {
  readonly name: string;
  readonly entries = new Map<string, Entry>();
  readonly complete = true;
  readonly completed = Promise.resolve();
  readonly notes = [];
  readonly #contents = new Map<string, Uint8Array>();

  constructor(name = 'memory') {
    this.name = name;
  }

  add(path: string, content: Uint8Array, entry: Partial<Entry> = {}): this {
    this.entries.set(path, {
      path,
      type: 'file',
      size: content.length,
      mode: 0o600,
      uid: 0,
      gid: 0,
      mtime: 0n,
      ...entry,
    });
    this.#contents.set(path, content);
    return this;
  }

  content(path: string): Uint8Array {
    const content = this.#contents.get(path);
    if (!content) throw new Error(`The set has no ${path}.`);
    return content;
  }

  find(path: string): Promise<Entry | undefined> {
    return Promise.resolve(this.entries.get(path));
  }

  open(entry: Entry): ByteSource {
    return new MemorySource(this.content(entry.path), entry.path, entry.size);
  }

  onGrowth(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Unpacks the archive of a fixture's folder. */
export async function openFixture(folder: string): Promise<MemoryFileSet> {
  const archive = archiveIn(folder);
  if (archive === undefined) throw new Error(`${folder} has no archive.`);
  const packed = readFileSync(join(fixtures, folder, archive));
  const tar = archive.endsWith('.gz')
    ? gunzipSync(packed)
    : archive.endsWith('.zst')
      ? zstdDecompressSync(packed)
      : packed;
  return unpack(tar, archive);
}

async function unpack(tar: Uint8Array, name: string): Promise<MemoryFileSet> {
  const set = new MemoryFileSet(name);
  const stream = extract();
  stream.end(tar);
  for await (const entry of stream) {
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    const { header } = entry;
    const path = header.name.replace(/^\.\//, '').replace(/\/$/, '');
    const type = header.type === 'symlink' ? 'symlink' : header.type === 'directory' ? 'directory' : 'file';
    set.add(path, Buffer.concat(pieces), { type, ...(header.linkname && { linkTarget: header.linkname }) });
  }
  return set;
}

function archiveIn(folder: string): string | undefined {
  return readdirSync(join(fixtures, folder)).find((name) => /\.tar(\.gz|\.zst)?$/.test(name));
}
