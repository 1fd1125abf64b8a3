import type { DumpedPages } from '../../../criu/dumped-pages.ts';
import { ExtentList, type ExtentSink, type MemoryExtent } from '../../../criu/memory-extents.ts';
import type { MissingRange } from '../../../criu/memory-read.ts';
import type { Places } from './places.ts';
import type { SpacePiece, SpacePieces } from './space.ts';

/** Reads a range as it is, for pages that stand nowhere as they are. */
export type ReadRange = (
  start: bigint,
  length: number,
  signal?: AbortSignal,
) => Promise<{ readonly bytes: Uint8Array; readonly missing: readonly MissingRange[] }>;

/** Extents looked at together, and how far they may lie apart, so that the distance is an exact number. */
const MANY = 1024;
const SPAN = 2n ** 50n;
const TOP = 2n ** 64n;
/** What has to be decompressed first is read in steps of so many bytes: who reads it answers questions in between. */
const READ_STEP = 256 * 1024;

/**
 * The next bytes of an object that its dump holds.
 * @param from where to begin
 * @param wanted about so many bytes
 */
export async function nextPieces(
  pages: DumpedPages,
  kind: 'own' | 'shared',
  from: bigint,
  wanted: number,
  toPieces: (extents: readonly MemoryExtent[], signal?: AbortSignal) => Promise<readonly SpacePiece[]>,
  signal?: AbortSignal,
): Promise<SpacePieces> {
  const start = pages.nextListed(from);
  if (start === undefined) return { pieces: [] };
  const list = new ExtentList(MANY);
  const enough = new Enough(list, wanted);
  const span = start + SPAN > TOP ? TOP - start : SPAN;
  await pages.locate(enough, start, Number(span), kind, () => undefined, signal);
  const { extents, next } = upTo(list, wanted);
  return { pieces: await toPieces(extents, signal), next: next ?? start + span };
}

/** Takes extents until they make up so many bytes: a process may have many more. */
class Enough implements ExtentSink {
  readonly #list: ExtentList;
  #left: number;

  constructor(list: ExtentList, wanted: number) {
    this.#list = list;
    this.#left = wanted;
  }

  get full(): boolean {
    return this.#left <= 0 || this.#list.full;
  }

  add(extent: MemoryExtent): void {
    this.#list.add(extent);
    // Of what is compressed one is enough.
    if (extent.present) this.#left -= extent.compressed ? this.#left : extent.length;
  }
}

/** As many of the extents that are here as make up so many bytes, and where the rest begins. */
function upTo(list: ExtentList, wanted: number): { readonly extents: readonly MemoryExtent[]; readonly next?: bigint } {
  const extents: MemoryExtent[] = [];
  let left = wanted;
  for (const extent of list.items) {
    if (!extent.present) continue;
    // What has to be read by who asks comes in small portions.
    const most = extent.compressed ? Math.min(left, READ_STEP) : left;
    if (extent.length > most) {
      if (most > 0) extents.push({ ...extent, length: most });
      return { extents, next: extent.start + BigInt(most) };
    }
    extents.push(extent);
    left -= extent.compressed ? wanted : extent.length;
    if (left <= 0) return { extents, next: extent.start + BigInt(extent.length) };
  }
  const last = list.items.at(-1);
  return { extents, ...(list.full && last && { next: last.start + BigInt(last.length) }) };
}

/** The bytes of extents that are here: where they are in a file, or as they are read. */
export async function piecesOf(
  extents: readonly MemoryExtent[],
  places: Places,
  read: ReadRange,
  signal?: AbortSignal,
): Promise<readonly SpacePiece[]> {
  const pieces: SpacePiece[] = [];
  for (const { present, start, length, where, offset, compressed } of extents) {
    if (!present || length === 0) continue;
    const opened = compressed || where === undefined ? undefined : await places.open(where);
    if (opened?.place && offset !== undefined) {
      pieces.push({ start, length, file: opened.place.file, offset: opened.place.offset + Number(offset) });
    } else {
      const { bytes, missing } = await read(start, length, signal);
      for (const piece of withoutGaps(start, bytes, missing)) pieces.push(piece);
    }
  }
  return pieces;
}

function withoutGaps(start: bigint, bytes: Uint8Array, missing: readonly MissingRange[]): readonly SpacePiece[] {
  const pieces: SpacePiece[] = [];
  let done = 0;
  const keep = (to: number): void => {
    if (to > done) pieces.push({ start: start + BigInt(done), length: to - done, bytes: bytes.subarray(done, to) });
  };
  for (const gap of missing) {
    keep(gap.offset);
    done = gap.offset + gap.length;
  }
  keep(bytes.length);
  return pieces;
}
