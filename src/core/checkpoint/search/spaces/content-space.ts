import type { SearchMatch } from '../../../../protocol/search.ts';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import { goOn, type Awaitable } from '../../../bytes/awaitable.ts';
import type { Opened } from './places.ts';
import type { PlacedMatch, SearchSpace, SpacePiece, SpacePieces } from './space.ts';

/** Bytes of a content that follow each other. */
export interface ContentSpan {
  /** Where in the content they are. */
  readonly at: bigint;
  readonly length: number;
  /** Where in the opened source. */
  readonly offset: number;
}

export type DescribeMatch = (match: PlacedMatch, signal?: AbortSignal) => Promise<readonly SearchMatch[]>;

/** What cannot be read in a file by its place is read in steps of so many bytes. */
const READ_STEP = 256 * 1024;

/** A file, or what else has bytes: a queue, a deleted file. Places are offsets in it. */
export class ContentSpace implements SearchSpace {
  readonly #open: () => Awaitable<Opened | undefined>;
  /** In order, without overlaps. */
  readonly #spans: readonly ContentSpan[];
  readonly #where: string;
  readonly describe: DescribeMatch;

  /** @param where the entry of the archive that it belongs to, for notes */
  constructor(
    where: string,
    open: () => Awaitable<Opened | undefined>,
    spans: readonly ContentSpan[],
    describe: DescribeMatch,
  ) {
    this.#where = where;
    this.#open = open;
    this.#spans = spans;
    this.describe = describe;
  }

  name(place: bigint): { readonly where: string; readonly text: string } {
    return { where: this.#where, text: `${String(place)} (${this.#where})` };
  }

  pieces(from = 0n, wanted: number, signal?: AbortSignal): Awaitable<SpacePieces> {
    return goOn(this.#open(), (opened) => {
      if (!opened) return { pieces: [] };
      const { spans, next } = this.#next(from, opened.place ? wanted : Math.min(wanted, READ_STEP));
      return goOn(toPieces(opened, spans, signal), (pieces) => ({ pieces, ...(next !== undefined && { next }) }));
    });
  }

  /** So many bytes from a place on, and where the rest begins. */
  #next(from: bigint, wanted: number): { readonly spans: readonly ContentSpan[]; readonly next?: bigint } {
    let left = wanted;
    const spans: ContentSpan[] = [];
    for (const span of this.#from(from)) {
      if (left <= 0) return { spans, next: span.at };
      const length = Math.min(span.length, left);
      spans.push({ ...span, length });
      left -= length;
      if (length < span.length) return { spans, next: span.at + BigInt(length) };
    }
    return { spans };
  }

  async range(from: bigint, to: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const opened = await this.#open();
    const spans: ContentSpan[] = [];
    for (const span of this.#from(from < 0n ? 0n : from)) {
      if (span.at >= to) break;
      spans.push({ ...span, length: Math.min(span.length, Number(to - span.at)) });
    }
    return opened ? toPieces(opened, spans, signal) : [];
  }

  *#from(place: bigint): Generator<ContentSpan> {
    for (const span of this.#spans) {
      if (span.at + BigInt(span.length) <= place) continue;
      const skip = span.at < place ? Number(place - span.at) : 0;
      yield { at: span.at + BigInt(skip), length: span.length - skip, offset: span.offset + skip };
    }
  }
}

function toPieces(
  { source, place }: Opened,
  spans: readonly ContentSpan[],
  signal?: AbortSignal,
): Awaitable<readonly SpacePiece[]> {
  if (!place) return readPieces(source, spans, signal);
  return spans.map(({ at, length, offset }) => ({
    start: at,
    length,
    file: place.file,
    offset: place.offset + offset,
  }));
}

async function readPieces(
  source: ByteSource,
  spans: readonly ContentSpan[],
  signal?: AbortSignal,
): Promise<readonly SpacePiece[]> {
  const pieces: SpacePiece[] = [];
  for (const { at, length, offset } of spans) {
    const bytes = await source.read(offset, length, signal);
    if (bytes.length > 0) pieces.push({ start: at, length: bytes.length, bytes: Uint8Array.from(bytes) });
  }
  return pieces;
}
