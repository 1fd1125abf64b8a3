import type { ByteSource } from '../../bytes/byte-source.ts';
import { throwIfCancelled } from '../../bytes/cancel.ts';
import type { AddressSpace } from '../../criu/address-space.ts';
import type { MappedFiles } from './mapped-files.ts';
import { readWindow } from './window.ts';

/** Read at once of what is asked for. */
const PIECE = 1024 * 1024;

/**
 * A range of a process's memory as a file. What is not in the checkpoint stands as zeros, so that offsets are right: who
 * hands the file on also says what is missing ({@link missingText}).
 */
export class MemoryFile implements ByteSource {
  readonly name: string;
  readonly size: number;
  missing = 0;
  readonly #space: AddressSpace;
  readonly #start: bigint;
  readonly #files: MappedFiles;

  constructor(name: string, space: AddressSpace, start: bigint, size: number, files: MappedFiles) {
    this.name = name;
    this.size = size;
    this.#space = space;
    this.#start = start;
    this.#files = files;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    if (wanted <= PIECE) return this.#readPiece(offset, wanted, signal);
    const bytes = new Uint8Array(wanted);
    for (let at = 0; at < wanted; at += PIECE) {
      throwIfCancelled(signal);
      bytes.set(await this.#readPiece(offset + at, Math.min(PIECE, wanted - at), signal), at);
    }
    return bytes;
  }

  async #readPiece(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const address = this.#start + BigInt(offset);
    const { bytes, ranges } = await readWindow(this.#space, address, length, this.#files, signal);
    for (const range of ranges) if (!range.present) this.missing += range.length;
    return bytes;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
