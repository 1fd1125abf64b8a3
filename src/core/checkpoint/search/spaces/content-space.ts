import type { SearchMatch } from '../../../../protocol/search.ts';
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
  readonly #open: () => Promise<Opened | undefined>;
  /** In order, without overlaps. */
  readonly #spans: readonly ContentSpan[];
  readonly #where: string;
  readonly describe: DescribeMatch;

  /** @param where the entry of the archive that it belongs to, for notes */
  constructor(
    where: string,
    open: () => Promise<Opened | undefined>,
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

  async pieces(from = 0n, wanted: number, signal?: AbortSignal): Promise<SpacePieces> {
    const opened = await this.#open();
    if (!opened) return { pieces: [] };
    let left = opened.place ? wanted : Math.min(wanted, READ_STEP);
    const spans: ContentSpan[] = [];
    for (const span of this.#from(from)) {
      if (left <= 0) return { pieces: await toPieces(opened, spans, signal), next: span.at };
      const length = Math.min(span.length, left);
      spans.push({ ...span, length });
      left -= length;
      if (length < span.length) {
        return { pieces: await toPieces(opened, spans, signal), next: span.at + BigInt(length) };
      }
    }
    return { pieces: await toPieces(opened, spans, signal) };
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

async function toPieces(
  { source, place }: Opened,
  spans: readonly ContentSpan[],
  signal?: AbortSignal,
): Promise<readonly SpacePiece[]> {
  const pieces: SpacePiece[] = [];
  for (const { at, length, offset } of spans) {
    if (place) pieces.push({ start: at, length, file: place.file, offset: place.offset + offset });
    else {
      const bytes = await source.read(offset, length, signal);
      if (bytes.length > 0) pieces.push({ start: at, length: bytes.length, bytes: Uint8Array.from(bytes) });
    }
  }
  return pieces;
}
