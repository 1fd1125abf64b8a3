import type { MemoryMapping } from '../../../../protocol/memory.ts';
import type { SearchMatch } from '../../../../protocol/search.ts';
import type { AddressSpace } from '../../../criu/address-space.ts';
import { ExtentList, type MemoryExtent } from '../../../criu/memory-extents.ts';
import { SHARED_MEMORY } from '../../../criu/mappings.ts';
import type { VmaEntry } from '../../../criu/schema/generated/messages.ts';
import { nextPieces, piecesOf } from './dumped-pieces.ts';
import type { Places } from './places.ts';
import type { PlacedMatch, SearchSpace, SpacePiece, SpacePieces } from './space.ts';

/** What a search must know of a process. */
export interface SearchedProcess {
  readonly pid: number;
  readonly name: string | null;
  space(signal?: AbortSignal): Promise<AddressSpace>;
  /** The mapping that an address is in. */
  region(address: bigint, signal?: AbortSignal): Promise<MemoryMapping | undefined>;
}

const TOP = 2n ** 64n;

/** The memory that is a process's own. What it shares is searched once for all, as an object. */
export class MemorySpace implements SearchSpace {
  readonly #process: SearchedProcess;
  readonly #places: Places;

  constructor(process: SearchedProcess, places: Places) {
    this.#process = process;
    this.#places = places;
  }

  async pieces(from = 0n, wanted: number, signal?: AbortSignal): Promise<SpacePieces> {
    const space = await this.#process.space(signal);
    const toPieces = (extents: readonly MemoryExtent[]): Promise<readonly SpacePiece[]> =>
      this.#pieces(extents, signal);
    return nextPieces(space.own, 'own', from, wanted, toPieces, signal);
  }

  async range(from: bigint, to: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const { start, length } = within(from, to);
    const list = new ExtentList(Infinity);
    await (await this.#process.space(signal)).own.locate(list, start, length, 'own', () => undefined, signal);
    return this.#pieces(list.items, signal);
  }

  async around(place: bigint, reach: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const { start, length } = within(place - reach, place + reach);
    const { extents } = await (await this.#process.space(signal)).locate(start, length, signal && { signal });
    return this.#pieces(extents, signal);
  }

  /** Places where shared memory touches other memory that is here: what lies across belongs to neither alone. */
  async borders(signal?: AbortSignal): Promise<readonly bigint[]> {
    const space = await this.#process.space(signal);
    const places = new Set<bigint>();
    for (const vma of space.mappings.all) {
      if ((vma.status & SHARED_MEMORY) === 0) continue;
      for (const place of [vma.start, vma.end]) {
        if (place > 0n && place < TOP && !(await isWithinObject(space, place, signal))) places.add(place);
      }
      if (vma.end > vma.start && space.own.count(vma.start, vma.end - vma.start).present > 0) {
        for (const place of await ownWithin(space, vma, signal)) places.add(place);
      }
    }
    const borders: bigint[] = [];
    for (const place of places) {
      const { extents } = await space.locate(place - 1n, 2, signal && { signal });
      if (extents.every(({ present }) => present)) borders.push(place);
    }
    return borders.sort((a, b) => (a < b ? -1 : 1));
  }

  async describe(match: PlacedMatch, signal?: AbortSignal): Promise<readonly SearchMatch[]> {
    return [await memoryMatch(this.#process, 'memory', match, signal)];
  }

  name(place: bigint): { readonly where: string; readonly text: string } {
    const { pid } = this.#process;
    return { where: `pagemap-${String(pid)}.img`, text: `0x${place.toString(16)} (process ${String(pid)})` };
  }

  #pieces(extents: readonly MemoryExtent[], signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const read = async (start: bigint, length: number) =>
      (await this.#process.space(signal)).read(start, length, signal);
    return piecesOf(extents, this.#places, read, signal);
  }
}

function within(from: bigint, to: bigint): { readonly start: bigint; readonly length: number } {
  const start = from < 0n ? 0n : from;
  const end = to > TOP ? TOP : to;
  return { start, length: Number(end - start) };
}

/** A match in the memory of a process. */
export async function memoryMatch(
  process: SearchedProcess,
  source: 'memory' | 'shared' | 'mapped-file',
  { start, ...match }: PlacedMatch,
  signal?: AbortSignal,
): Promise<SearchMatch> {
  const region = await process.region(start, signal);
  return { source, pid: process.pid, address: start, region: region?.name ?? '', process: process.name, ...match };
}

/** Whether two mappings meet there in which a memory object goes on: it is searched across them. */
async function isWithinObject(space: AddressSpace, place: bigint, signal?: AbortSignal): Promise<boolean> {
  const left = space.mappings.at(place - 1n);
  const right = space.mappings.at(place);
  if (!left || !right || left === right) return left !== undefined && left === right;
  const [one, other] = [await space.shared.idOf(left, signal), await space.shared.idOf(right, signal)];
  return one !== undefined && one === other && left.pgoff - left.start === right.pgoff - right.start;
}

/** Where pages of the process's own begin and end in a mapping of shared memory: it wrote to its private copy. */
async function ownWithin(space: AddressSpace, vma: VmaEntry, signal?: AbortSignal): Promise<readonly bigint[]> {
  const places: bigint[] = [];
  const { extents } = await space.locate(vma.start, Number(vma.end - vma.start), signal && { signal });
  extents.forEach((extent, index) => {
    const before = extents[index - 1];
    if (before && (before.source === 'own') !== (extent.source === 'own')) places.push(extent.start);
  });
  return places;
}
