import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../errors.ts';

/** Bytes of a content that lie together in an image. */
export interface Piece {
  /** In the content. */
  readonly offset: number;
  readonly length: number;
  /** In the image. */
  readonly from: number;
}

/** Where the pieces of a content are, and how much of it is known. */
export interface Layout {
  /** Where pieces overlap the later one counts, as it would were they written in turn. */
  readonly pieces: readonly Piece[];
  /** Bytes of the content. Between the pieces it holds zeros. */
  readonly size: number;
  /** From here on it is not known what stands there: the image is damaged. */
  readonly end: number;
}

/**
 * A content that lies in pieces in an image: a sparse file, or packets one after the other. Reading it gives fewer bytes
 * than its size where the image is damaged.
 */
export class PiecesSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #image: ByteSource;
  readonly #layout: Layout;
  /** No piece begins before the one in front of it ends. */
  readonly #ordered: boolean;

  /** @param image is closed with it */
  constructor(image: ByteSource, layout: Layout, name: string) {
    this.#image = image;
    this.#layout = layout;
    this.name = name;
    this.size = layout.size;
    this.#ordered = layout.pieces.every((piece, index) => {
      const before = layout.pieces[index - 1];
      return before === undefined || before.offset + before.length <= piece.offset;
    });
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.#layout.end);
    if (end <= offset) return new Uint8Array();
    const bytes = new Uint8Array(end - offset);
    const { pieces } = this.#layout;
    for (let index = this.#ordered ? this.#firstEndingAfter(offset) : 0; index < pieces.length; index++) {
      const piece = pieces[index] as Piece;
      if (this.#ordered && piece.offset >= end) break;
      const from = Math.max(offset, piece.offset);
      const to = Math.min(end, piece.offset + piece.length);
      if (from >= to) continue;
      const part = await this.#image.read(piece.from + from - piece.offset, to - from, signal);
      bytes.set(part, from - offset);
      // The archive ends within the image: what follows is not zeros, it is not known.
      if (part.length < to - from) return bytes.subarray(0, from - offset + part.length);
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#image.close();
  }

  #firstEndingAfter(offset: number): number {
    const { pieces } = this.#layout;
    let low = 0;
    let high = pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = pieces[middle] as Piece;
      if (piece.offset + piece.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A 64-bit offset or length as a number. @throws CheckpointError `damaged` for what no file can have */
export function fileOffset(value: bigint, where: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  const text = sentence('{0} claims an offset or a size of {1} bytes, which no file can have.', where, String(value));
  throw new CheckpointError('damaged', text, { where });
}
