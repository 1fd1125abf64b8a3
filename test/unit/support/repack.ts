import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { extract, pack, type Header } from 'tar-stream';

/** A member of a tar as tar-stream has it. */
export interface Member {
  readonly header: Partial<Header> & Pick<Header, 'name'>;
  readonly content: Buffer;
}

/** All members of an archive, whatever its compression; only for archives that fit into memory. */
export async function members(path: string): Promise<Member[]> {
  const found: Member[] = [];
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      found.push({ header, content: Buffer.concat(chunks) });
      next();
    });
  });
  await pipeline(Readable.from([plain(readFileSync(path))]), reader);
  return found;
}

export async function writeTar(path: string, list: readonly Member[]): Promise<void> {
  const writer = pack();
  for (const { header, content } of list) writer.entry({ ...header, size: content.length }, content);
  writer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of writer) chunks.push(chunk as Buffer);
  writeFileSync(path, Buffer.concat(chunks));
}

/** The archive again with one member's content put in place of another, or left out where `change` gives undefined. */
export async function repack(
  from: string,
  to: string,
  change: (member: Member, name: string) => Buffer | undefined,
): Promise<void> {
  const changed = (await members(from)).flatMap((member) => {
    const name = member.header.name.replace(/^\.\//, '');
    const content = change(member, name);
    return content === undefined ? [] : { header: member.header, content };
  });
  await writeTar(to, changed);
}

function plain(bytes: Buffer): Buffer {
  if (bytes.readUInt16BE(0) === 0x1f8b) return gunzipSync(bytes);
  return bytes.readUInt32LE(0) === 0xfd2fb528 ? zstdDecompressSync(bytes) : bytes;
}
