import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const BLOCK = 512;
/** What tar writes at once: an archive's length is a multiple of it. */
const RECORD = 20 * BLOCK;
const BUFFER = 4 * 1024 * 1024;
/** Eleven octal digits. */
const LARGEST_SIZE = 0o77777777777;

export const tarTypes = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
} as const;

export type TarType = keyof typeof tarTypes;

export interface TarMember {
  /** Without the `/` at a directory's end. */
  readonly name: string;
  readonly type?: TarType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970. */
  readonly mtime?: number;
  readonly linkTarget?: string;
  readonly device?: readonly [major: number, minor: number];
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
}

/** A member's content: the bytes, or how many there are and who writes them. */
export type Content = Uint8Array | { readonly size: number; writeTo(file: ContentSink): void };

export interface ContentSink {
  write(bytes: Uint8Array): void;
  /** Zeros that take no room on disk where the file system knows holes. */
  skip(bytes: number): void;
}

/** Where a member's content lies in the archive, bytes. */
export interface Placement {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** Writes a tar file as the engines do: ustar headers, and pax records for long names and extended attributes. */
export class TarFile implements ContentSink {
  readonly placements: Placement[] = [];
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(BUFFER);
  #buffered = 0;
  /** Where the buffer's first byte goes. */
  #flushed = 0;

  /** Replaces a file that is there. */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'w', 0o600);
  }

  get position(): number {
    return this.#flushed + this.#buffered;
  }

  add(member: TarMember, content: Content = new Uint8Array()): void {
    const size = content instanceof Uint8Array ? content.length : content.size;
    this.write(encodeHeader(member, size));
    this.placements.push({ name: member.name, offset: this.position, size });
    const end = this.position + size;
    if (content instanceof Uint8Array) this.write(content);
    else content.writeTo(this);
    if (this.position !== end) throw new Error(`${member.name} has ${this.position - end} bytes too many.`);
    this.skip(paddingOf(size));
  }

  write(bytes: Uint8Array): void {
    let written = 0;
    while (written < bytes.length) {
      if (this.#buffered === BUFFER) this.#flush();
      const part = bytes.subarray(written, written + BUFFER - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      written += part.length;
    }
  }

  skip(bytes: number): void {
    if (bytes < BLOCK) return this.write(new Uint8Array(bytes));
    this.#flush();
    this.#flushed += bytes;
  }

  /** Writes the end mark and closes the file. */
  end(): { readonly size: number; readonly allocated: number } {
    const size = Math.ceil((this.position + 2 * BLOCK) / RECORD) * RECORD;
    this.#flush();
    ftruncateSync(this.#descriptor, size);
    const { blocks } = fstatSync(this.#descriptor);
    this.close();
    return { size, allocated: blocks * BLOCK };
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #flush(): void {
    let done = 0;
    while (done < this.#buffered) {
      done += writeSync(this.#descriptor, this.#buffer, done, this.#buffered - done, this.#flushed + done);
    }
    this.#flushed += done;
    this.#buffered = 0;
  }
}

/** A whole tar in memory, for one that lies in another. */
export function packTar(members: readonly (readonly [TarMember, Uint8Array?])[]): Buffer {
  const blocks = members.flatMap(([member, content = new Uint8Array()]) => [
    encodeHeader(member, content.length),
    content,
    new Uint8Array(paddingOf(content.length)),
  ]);
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
}

function encodeHeader(member: TarMember, size: number): Buffer {
  const records = Object.entries(member.xattrs ?? {}).map(([name, value]) => paxRecord(`SCHILY.xattr.${name}`, value));
  const name = member.type === 'directory' ? `${member.name}/` : member.name;
  if (Buffer.byteLength(name) > 100) records.unshift(paxRecord('path', Buffer.from(name)));
  const header = headerBlock({ ...member, name }, tarTypes[member.type ?? 'file'], size);
  if (records.length === 0) return header;
  const pax = Buffer.concat(records);
  return Buffer.concat([
    headerBlock({ name: `PaxHeaders.0/${name}`, mode: 0o644 }, 'x', pax.length),
    pax,
    Buffer.alloc(paddingOf(pax.length)),
    header,
  ]);
}

/** The ustar header of POSIX.1-2008, pax, "ustar Interchange Format". */
function headerBlock(member: TarMember, type: string, size: number): Buffer {
  if (size > LARGEST_SIZE) throw new RangeError(`${member.name} has ${size} bytes, more than a ustar header can say.`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number) =>
    block.write(value.toString(8).padStart(width - 1, '0'), offset, 'latin1');
  block.set(Buffer.from(member.name).subarray(0, 100), 0);
  octal(member.mode ?? (type === '5' ? 0o755 : 0o644), 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(member.mtime ?? 0, 136, 12);
  block.fill(' ', 148, 156);
  block.write(type, 156, 'latin1');
  block.write(member.linkTarget ?? '', 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  octal(member.device?.[0] ?? 0, 329, 8);
  octal(member.device?.[1] ?? 0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
