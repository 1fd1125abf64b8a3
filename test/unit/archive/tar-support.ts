import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack, type Header } from 'tar-stream';
import type { Entry, FileSet } from '../../../src/core/archive/file-set.ts';
import { openTar } from '../../../src/core/archive/tar-file-set.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { say } from '../../../src/protocol/sentence.ts';

export const BLOCK = 512;

/** True where GNU tar is there to make archives with. */
export const hasGnuTar = String(spawnSync('tar', ['--version']).stdout).includes('GNU tar');

/** Runs GNU tar in a folder and gives the archive. */
export function gnuTar(folder: string, ...args: readonly string[]): Buffer {
  return execFileSync('tar', ['-c', '-f', '-', '-C', folder, ...args], { maxBuffer: 1 << 28 });
}

/** A folder that is removed after the work. */
export async function inFolder<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'archive-test-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An archive by another hand than this project's. */
export async function tarOf(
  entries: readonly (Partial<Header> & Pick<Header, 'name'> & { readonly content?: string | Buffer })[],
): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export interface RawHeader {
  readonly name?: string | Buffer;
  readonly type?: string;
  /** The twelve bytes of the field where they are no plain number. */
  readonly size?: number | Buffer;
  readonly mode?: string;
  readonly mtime?: Buffer;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly uid?: Buffer;
  /** Changes bytes after all else, before the checksum. */
  readonly edit?: (block: Buffer) => void;
}

/** A header block with a checksum that fits. */
export function header(facts: RawHeader): Buffer {
  const block = Buffer.alloc(BLOCK);
  const name = Buffer.isBuffer(facts.name) ? facts.name : Buffer.from(facts.name ?? 'file');
  name.copy(block, 0);
  block.write(facts.mode ?? '0000644', 100);
  if (facts.uid) facts.uid.copy(block, 108);
  else block.write('0000000', 108);
  block.write('0000000', 116);
  if (Buffer.isBuffer(facts.size)) facts.size.copy(block, 124);
  else block.write((facts.size ?? 0).toString(8).padStart(11, '0'), 124);
  if (facts.mtime) facts.mtime.copy(block, 136);
  else block.write('00000000000', 136);
  block.write(facts.type ?? '0', 156);
  block.write(facts.link ?? '', 157);
  block.write(facts.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(facts.prefix ?? '', 345);
  facts.edit?.(block);
  return seal(block);
}

/** Writes the checksum that fits. */
export function seal(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Content filled up to whole blocks. */
export function padded(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** A regular file as header and content. */
export function file(name: string, content: string | Buffer, facts: RawHeader = {}): Buffer {
  return Buffer.concat([header({ name, size: Buffer.byteLength(content), ...facts }), padded(content)]);
}

export const END = Buffer.alloc(2 * BLOCK);

/** An extended header of pax with these records. */
export function paxHeader(records: Readonly<Record<string, string | Buffer>>, type: 'x' | 'g' = 'x'): Buffer {
  const body = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
  return Buffer.concat([header({ name: 'pax', type, size: body.length }), padded(body)]);
}

function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export interface Indexed {
  readonly files: FileSet;
  readonly entries: readonly Entry[];
  readonly notes: readonly Note[];
  entry(path: string): Entry;
  content(path: string): Promise<string>;
}

/** The whole index of an archive. */
export async function index(archive: Buffer | ByteSource): Promise<Indexed> {
  const files = openTar(Buffer.isBuffer(archive) ? memorySource(archive, 'test.tar') : archive);
  await files.completed;
  const entry = (path: string): Entry => {
    const found = files.entries.get(path);
    if (!found) throw new Error(`no entry ${path} among ${[...files.entries.keys()].join(', ')}`);
    return found;
  };
  return {
    files,
    entries: [...files.entries.values()],
    notes: files.notes,
    entry,
    content: async (path) => {
      const source = files.open(entry(path));
      return Buffer.from(await source.read(0, source.size ?? 0)).toString();
    },
  };
}

export function names({ entries }: { readonly entries: readonly Entry[] }): readonly string[] {
  return entries.map(({ path }) => path);
}

/** Notes as `kind@offset: message`. */
export function told(notes: readonly Note[]): readonly string[] {
  return notes.map(({ kind, offset, text }) => `${kind}@${String(offset)}: ${say(text)}`);
}
