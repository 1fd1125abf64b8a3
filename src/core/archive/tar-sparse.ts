import { Buffer } from 'node:buffer';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError } from '../errors.ts';
import { parseNumber, BLOCK } from './tar-header.ts';
import { asText, parsePax, paxNumber, type PaxRecords } from './tar-pax.ts';

/**
 * Where the list of a sparse file's pieces stands. Facts: GNU tar's manual, "Storing Sparse Files": in the old format in
 * the header and blocks behind it; in pax 0.x in the extended header; in pax 1.0 as text before the content.
 */
export interface SparseFacts {
  /** Bytes of the file with its holes. */
  readonly realSize: number;
  readonly list: 'header' | 'extended-header' | 'content';
  /** Of the header or the extended header's content, in the archive. */
  readonly listOffset: number;
  readonly listLength: number;
}

/** What an extended header says of a sparse file; undefined if it says nothing. */
export function sparseFacts(records: PaxRecords, listOffset: number, listLength: number): SparseFacts | undefined {
  const inContent = records.has('GNU.sparse.major');
  if (!inContent && !records.has('GNU.sparse.size')) return undefined;
  const realSize = paxNumber(records.get('GNU.sparse.realsize') ?? records.get('GNU.sparse.size'));
  if (realSize === undefined) return undefined;
  return { realSize, list: inContent ? 'content' : 'extended-header', listOffset, listLength };
}

/** What an old header says of a sparse file; `listLength` counts the blocks that continue it. */
export function oldSparseFacts(header: Uint8Array, listOffset: number, listLength: number): SparseFacts | undefined {
  const realSize = parseNumber(header, 483, 495);
  if (realSize === undefined || realSize < 0) return undefined;
  return { realSize, list: 'header', listOffset, listLength };
}

/** True where the header's list of pieces goes on in another block. */
export function isListContinued(block: Uint8Array, isHeader: boolean): boolean {
  return block[isHeader ? 482 : 504] === 1;
}

/** Bytes of a list of pieces that are read. */
const MAX_LIST = 1024 * 1024;

/**
 * A sparse file as it was on disk: with zeros in its holes.
 * @param archive where the list of pieces stands
 * @param content the entry's content as the archive holds it
 */
export function sparseSource(archive: ByteSource, content: ByteSource, facts: SparseFacts): ByteSource {
  return new SparseSource(archive, content, facts);
}

interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Where in the content its bytes are. */
  readonly from: number;
}

class SparseSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #archive: ByteSource;
  readonly #content: ByteSource;
  readonly #facts: SparseFacts;
  #pieces: Promise<readonly Piece[]> | undefined;

  constructor(archive: ByteSource, content: ByteSource, facts: SparseFacts) {
    this.name = content.name;
    this.size = facts.realSize;
    this.#archive = archive;
    this.#content = content;
    this.#facts = facts;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const pieces = await (this.#pieces ??= this.#load(signal));
    const end = Math.min(offset + length, this.size);
    const bytes = Buffer.alloc(Math.max(0, end - offset));
    for (let at = firstBehind(pieces, offset); at < pieces.length; at++) {
      const piece = pieces[at];
      if (!piece || piece.offset >= end) break;
      const from = Math.max(offset, piece.offset);
      const to = Math.min(end, piece.offset + piece.length);
      const part = await this.#content.read(piece.from + from - piece.offset, to - from, signal);
      bytes.set(part, from - offset);
      // What is cut off is not made up as zeros.
      if (part.length < to - from) return bytes.subarray(0, from - offset + part.length);
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#content.close();
  }

  async #load(signal?: AbortSignal): Promise<readonly Piece[]> {
    try {
      const { numbers, contentStart } = await this.#list(signal);
      return this.#check(numbers, contentStart);
    } catch (error) {
      this.#pieces = undefined;
      throw error;
    }
  }

  /** Offsets and lengths in turn, and where in the content the pieces begin. */
  async #list(signal?: AbortSignal): Promise<{ readonly numbers: readonly number[]; readonly contentStart: number }> {
    const { list, listOffset, listLength } = this.#facts;
    if (list === 'content') return parseText(await this.#content.read(0, MAX_LIST, signal));
    const bytes = await this.#archive.read(listOffset, Math.min(listLength, MAX_LIST), signal);
    return { numbers: list === 'header' ? parseBlocks(bytes) : parseRecords(bytes), contentStart: 0 };
  }

  #check(numbers: readonly number[], contentStart: number): readonly Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    let from = contentStart;
    for (let at = 0; at + 1 < numbers.length; at += 2) {
      const [offset = -1, length = -1] = numbers.slice(at, at + 2);
      if (!(offset >= end && length >= 0 && offset + length <= this.size)) throw this.#damaged();
      if (length > 0) pieces.push({ offset, length, from });
      end = offset + length;
      from += length;
    }
    return pieces;
  }

  #damaged(): CheckpointError {
    return new CheckpointError(
      'damaged',
      sentence('{0} was stored without its holes, and the list of where they are is damaged.', this.name),
      { where: this.name },
    );
  }
}

/** Index of the first piece that ends behind `offset`. */
function firstBehind(pieces: readonly Piece[], offset: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const piece = pieces[middle];
    if (piece && piece.offset + piece.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Four pairs in the header at 386, 21 in each block behind it; the first empty field ends them. */
function parseBlocks(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = [];
  for (let block = 0; block + BLOCK <= bytes.length; block += BLOCK) {
    const start = block === 0 ? 386 : block;
    for (let at = start; at < start + (block === 0 ? 4 : 21) * 24; at += 24) {
      if (bytes[at] === 0) return numbers;
      numbers.push(parseNumber(bytes, at, at + 12) ?? -1, parseNumber(bytes, at + 12, at + 24) ?? -1);
    }
  }
  return numbers;
}

/** Decimal numbers between commas. */
function parseRecords(bytes: Uint8Array): readonly number[] {
  const map = parsePax(bytes).records.get('GNU.sparse.map');
  return map ? asText(map).split(',').map(Number) : [];
}

/** Decimal numbers a line each, the count of pairs first, filled up to whole blocks. */
function parseText(bytes: Uint8Array): { readonly numbers: readonly number[]; readonly contentStart: number } {
  let at = 0;
  const next = (): number => {
    const end = bytes.indexOf(0x0a, at);
    if (end === -1) return NaN;
    const number = paxNumber(bytes.subarray(at, end));
    at = end + 1;
    return number ?? NaN;
  };
  const count = next();
  const numbers: number[] = [];
  while (numbers.length < 2 * count && !Number.isNaN(numbers.at(-1))) numbers.push(next());
  return { numbers: Number.isNaN(count) ? [NaN, NaN] : numbers, contentStart: Math.ceil(at / BLOCK) * BLOCK };
}
