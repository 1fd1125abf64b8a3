import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { throwIfCancelled } from '../bytes/cancel.ts';
import { CheckpointError } from '../errors.ts';
import type { Entry, FileSet } from './file-set.ts';
import { END, longMember, padding, tarHeader } from './tar-member.ts';

/** A piece of the archive: what stands before a file, or all of another entry. */
interface Member {
  readonly entry: Entry;
  /** Where its header is, or the first of those that tell a long name. */
  readonly start: number;
  /** Where its content is. */
  readonly content: number;
  /** Where the next one begins. */
  readonly end: number;
}

/** Files that are kept open at once: the one that is read, and the one before. */
const OPEN_FILES = 2;

/**
 * The archive that a folder would be (GNU tar), without writing it anywhere: names, modes, times and contents as they
 * are, root as the owner of all, since engines write archives as root. Devices and sockets are left out. The same folder
 * always gives the same bytes.
 * @throws CheckpointError `cancelled`; while reading `changed` for files that are not as they were
 */
export async function packFolder(files: FileSet, signal?: AbortSignal): Promise<ByteSource> {
  await files.completed;
  throwIfCancelled(signal);
  const members: Member[] = [];
  let end = 0;
  const sorted = [...files.entries.values()]
    .filter(({ type }) => ['file', 'directory', 'symlink'].includes(type))
    .map((entry) => ({ entry, key: orderOf(entry) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { entry } of sorted) {
    const start = end;
    const content = start + headersOf(entry).length;
    end = content + (entry.type === 'file' ? entry.size + padding(entry.size) : 0);
    members.push({ entry, start, content, end });
  }
  return new PackedFolder(files, members, end);
}

class PackedFolder implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #files: FileSet;
  readonly #members: readonly Member[];
  /** Where the members end and the archive's end begins. */
  readonly #end: number;
  readonly #open = new Map<Entry, ByteSource>();

  constructor(files: FileSet, members: readonly Member[], end: number) {
    this.name = files.name;
    this.size = end + END.length;
    this.#files = files;
    this.#members = members;
    this.#end = end;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const last = Math.min(this.size, offset + length);
    // What is not written into is padding, or the archive's end.
    const bytes = Buffer.alloc(Math.max(0, last - offset));
    for (let index = this.#indexAt(offset); index < this.#members.length; index++) {
      const member = this.#members[index];
      if (!member || member.start >= last) break;
      if (offset < member.content) {
        const headers = headersOf(member.entry);
        const from = Math.max(0, offset - member.start);
        headers.copy(bytes, member.start + from - offset, from, Math.min(headers.length, last - member.start));
      }
      const { content, entry } = member;
      if (entry.type !== 'file') continue;
      const [start, end] = [Math.max(offset, content), Math.min(last, content + entry.size)];
      if (end <= start) continue;
      const part = await this.#content(entry, start - content, end - start, signal);
      bytes.set(part, start - offset);
    }
    return bytes;
  }

  async close(): Promise<void> {
    for (const source of this.#open.values()) await source.close();
    this.#open.clear();
  }

  /** The member that holds a byte, or the one after. */
  #indexAt(offset: number): number {
    if (offset >= this.#end) return this.#members.length;
    let [low, high] = [0, this.#members.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#members[middle]?.end ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #content(entry: Entry, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    let source = this.#open.get(entry);
    if (!source) {
      source = this.#files.open(entry);
      this.#open.set(entry, source);
      const [oldest] = this.#open;
      if (this.#open.size > OPEN_FILES && oldest) {
        this.#open.delete(oldest[0]);
        await oldest[1].close();
      }
    }
    const bytes = await source.read(offset, length, signal);
    if (bytes.length === length) return bytes;
    throw new CheckpointError('changed', sentence('{0} is shorter than it was.', entry.path), { where: entry.path });
  }
}

/** Sorts a folder right before what is in it: who unpacks it gives it its time when the next one begins. */
function orderOf({ path, pathBytes }: Entry): Uint8Array {
  return Buffer.from(pathBytes ?? Buffer.from(path)).map((byte) => (byte === SLASH ? 0 : byte));
}

const SLASH = 0x2f;

/** All that stands before an entry's content. */
function headersOf(entry: Entry): Buffer {
  const { path, pathBytes, type, size, mode, mtime, linkTarget } = entry;
  const name = Buffer.concat([pathBytes ?? Buffer.from(path), Buffer.from(type === 'directory' ? '/' : '')]);
  const target = Buffer.from(type === 'symlink' ? (linkTarget ?? '') : '');
  const header = tarHeader(name.subarray(0, 100), type === 'file' ? size : 0, {
    mode,
    seconds: Math.max(0, Number(mtime / 1_000_000_000n)),
    ...(type === 'symlink' && { target: target.subarray(0, 100) }),
  });
  return Buffer.concat([...longMember('K', target), ...longMember('L', name), header]);
}
