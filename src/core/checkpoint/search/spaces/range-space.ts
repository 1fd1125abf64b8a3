import { MAX_MEMORY_WINDOW, type MemoryRange } from '../../../../protocol/memory.ts';
import type { SearchMatch } from '../../../../protocol/search.ts';
import { memoryMatch } from './memory-space.ts';
import type { Places } from './places.ts';
import type { MappedProcess } from './processes.ts';
import type { PlacedMatch, SearchSpace, SpacePiece, SpacePieces } from './space.ts';

/** Pieces looked at together. */
const MANY = 1000;
/** How far they may lie apart: the distance is an exact number. */
const SPAN = 2n ** 50n;

/** A range of the memory of a process as the process saw it, whatever the bytes are in. */
export class RangeSpace implements SearchSpace {
  readonly #process: MappedProcess;
  readonly #places: Places;
  readonly #start: bigint;
  readonly #end: bigint;

  constructor(process: MappedProcess, range: { readonly start: bigint; readonly end: bigint }, places: Places) {
    this.#process = process;
    this.#places = places;
    this.#start = range.start;
    this.#end = range.end;
  }

  async pieces(from: bigint | undefined, wanted: number, signal?: AbortSignal): Promise<SpacePieces> {
    const start = from ?? this.#start;
    if (start >= this.#end) return { pieces: [] };
    const pieces: SpacePiece[] = [];
    let left = wanted;
    const located = await this.#locate(start, this.#end, signal);
    for (const range of located.ranges) {
      if (!range.present) continue;
      const piece = await this.#piece(range, left, signal);
      pieces.push(piece);
      left -= piece.length;
      if (left <= 0 || piece.length < range.length) return { pieces, next: piece.start + BigInt(piece.length) };
    }
    const next = start + BigInt(located.length);
    return { pieces, ...(located.length > 0 && next < this.#end && { next }) };
  }

  async range(from: bigint, to: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const start = from < this.#start ? this.#start : from;
    const end = to > this.#end ? this.#end : to;
    const pieces: SpacePiece[] = [];
    if (start >= end) return pieces;
    for (const range of (await this.#locate(start, end, signal)).ranges) {
      for (let done = 0; range.present && done < range.length;) {
        const rest = { ...cut(range, done), length: range.length - done };
        const piece = await this.#piece(rest, rest.length, signal);
        pieces.push(piece);
        done += piece.length;
      }
    }
    return pieces;
  }

  async describe(match: PlacedMatch, signal?: AbortSignal): Promise<readonly SearchMatch[]> {
    const { ranges } = await this.#locate(match.start, match.start + 1n, signal);
    const [{ source, where } = { source: 'own' as const, where: undefined }] = ranges;
    if (source !== 'file') return [await memoryMatch(this.#process, source === 'shared' ? 'shared' : 'memory', match)];
    const found = await memoryMatch(this.#process, 'mapped-file', match);
    return [where === undefined ? found : { ...found, path: where }];
  }

  name(place: bigint): { readonly where: string; readonly text: string } {
    const { pid } = this.#process;
    return { where: `pagemap-${String(pid)}.img`, text: `0x${place.toString(16)} (process ${String(pid)})` };
  }

  #locate(start: bigint, end: bigint, signal?: AbortSignal) {
    const { pid, memory } = this.#process;
    return memory.locate(pid, start, Number(end - start > SPAN ? SPAN : end - start), {
      limit: MANY,
      ...(signal && { signal }),
    });
  }

  /** The bytes of a range, of much that stands nowhere as it is only the first ones. */
  async #piece(range: MemoryRange, most: number, signal?: AbortSignal): Promise<SpacePiece> {
    const { start, where, offset, compressed } = range;
    const isAsItIs = where !== undefined && offset !== undefined && !compressed && !where.startsWith('/');
    const opened = isAsItIs ? await this.#places.open(where) : undefined;
    if (opened?.place && offset !== undefined) {
      const length = Math.min(range.length, most);
      return { start, length, file: opened.place.file, offset: opened.place.offset + Number(offset) };
    }
    const length = Math.min(range.length, most, MAX_MEMORY_WINDOW);
    const { bytes } = await this.#process.memory.read(this.#process.pid, start, length, signal);
    return { start, length, bytes };
  }
}

/** A range from so many bytes on. */
function cut(range: MemoryRange, from: number): MemoryRange {
  const { offset, compressed, start } = range;
  return {
    ...range,
    start: start + BigInt(from),
    ...(offset !== undefined && !compressed && { offset: offset + BigInt(from) }),
  };
}
