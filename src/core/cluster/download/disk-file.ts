import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { errorCode, NO_FOLLOW } from '../../bytes/file-source.ts';

/** Past the system's cache; just Linux has it. */
const DIRECT = (constants as Partial<typeof constants>).O_DIRECT;

/** What goes past the cache begins at a multiple of this and is one, in the file as in memory: more than disks ask for. */
const PAGE = 4096;

/**
 * A file that is written past the system's cache where that can be. Through the cache each byte is copied once more, what
 * somebody needs is pushed out by what is only written, and at the end the disk still has much of it to take. What are not
 * whole pages goes through it all the same, and everything where the system or the file system know no other way.
 */
export class DiskFile {
  readonly #handle: FileHandle;
  /** The same file once more; gone when it has shown not to work. */
  #direct: FileHandle | undefined;

  /** Opens it to read and to write it, or makes it, then for its owner alone. @throws as `open` does */
  static async open(path: string): Promise<DiskFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | NO_FOLLOW, 0o600);
    // Not by its name, which another file may have by now.
    const same = `/proc/self/fd/${String(handle.fd)}`;
    const direct =
      DIRECT === undefined ? undefined : await open(same, constants.O_RDWR | DIRECT).catch(() => undefined);
    return new DiskFile(handle, direct);
  }

  private constructor(handle: FileHandle, direct: FileHandle | undefined) {
    this.#handle = handle;
    this.#direct = direct;
  }

  /** For who reads it. */
  get descriptor(): number {
    return this.#handle.fd;
  }

  /** Whether the disk was given what was written, and must only be asked to keep it. */
  get isDirect(): boolean {
    return this.#direct !== undefined;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /**
   * @param at where in the file, bytes
   * @returns how many bytes were written: not all where some limit lies in between, which the next call tells
   * @throws as `write` does
   */
  async write(part: Buffer, at: number): Promise<number> {
    const isWhole = at % PAGE === 0 && part.length % PAGE === 0;
    return (isWhole ? await this.#writeDirectly(part, at) : undefined) ?? (await put(this.#handle, part, at));
  }

  /** @returns undefined where that does not work */
  async #writeDirectly(part: Buffer, at: number): Promise<number | undefined> {
    const direct = this.#direct;
    if (!direct) return undefined;
    try {
      return await put(direct, part, at);
    } catch (error) {
      // Of this file system, or of memory that begins elsewhere.
      if (errorCode(error) !== 'EINVAL') throw error;
      this.#direct = undefined;
      await direct.close();
      return undefined;
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }

  /** Returns when the disk has the bytes, and what it takes to find them. @throws what the disk could not take */
  async datasync(): Promise<void> {
    await this.#handle.datasync();
  }

  /** Returns when the disk has everything. @throws what the disk could not take */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#direct?.close();
    await this.#handle.close();
  }
}

async function put(handle: FileHandle, part: Buffer, at: number): Promise<number> {
  const { bytesWritten } = await handle.write(part, 0, part.length, at);
  return bytesWritten;
}
