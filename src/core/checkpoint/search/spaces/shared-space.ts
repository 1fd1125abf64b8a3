import type { SearchMatch } from '../../../../protocol/search.ts';
import type { DumpedPages } from '../../../criu/dumped-pages.ts';
import { ExtentList, type MemoryExtent } from '../../../criu/memory-extents.ts';
import { MemoryRead } from '../../../criu/memory-read.ts';
import type { AddressSpace } from '../../../criu/address-space.ts';
import type { Owner } from './content-owners.ts';
import { nextPieces, piecesOf } from './dumped-pieces.ts';
import { contentMatch } from './kept-contents.ts';
import { memoryMatch, type SearchedProcess } from './memory-space.ts';
import type { Places } from './places.ts';
import type { PlacedMatch, SearchSpace, SpacePiece, SpacePieces } from './space.ts';

/** A memory object that was dumped on its own. */
export interface MemoryObject {
  readonly shmid: bigint;
  readonly pages: DumpedPages;
  /** As /proc/PID/maps names its mappings. */
  readonly name: string;
  readonly isMemfd: boolean;
  /** A process maps a part of it. */
  readonly mappings: readonly ObjectMapping[];
  /** Whose it is if nobody maps it. */
  readonly owner: () => Promise<Owner>;
}

export interface ObjectMapping {
  readonly process: SearchedProcess;
  readonly start: bigint;
  readonly end: bigint;
  /** Where in the object it begins. */
  readonly offset: bigint;
}

/** Shared memory, searched once however many processes map it. Places are offsets in the object. */
export class SharedSpace implements SearchSpace {
  readonly #object: MemoryObject;
  readonly #places: Places;

  constructor(object: MemoryObject, places: Places) {
    this.#object = object;
    this.#places = places;
  }

  pieces(from = 0n, wanted: number, signal?: AbortSignal): Promise<SpacePieces> {
    const toPieces = (extents: readonly MemoryExtent[]): Promise<readonly SpacePiece[]> =>
      this.#pieces(extents, signal);
    return nextPieces(this.#object.pages, 'shared', from, wanted, toPieces, signal);
  }

  async range(from: bigint, to: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const start = from < 0n ? 0n : from;
    if (start >= to) return [];
    const list = new ExtentList(Infinity);
    await this.#object.pages.locate(list, start, Number(to - start), 'shared', () => undefined, signal);
    return this.#pieces(list.items, signal);
  }

  async describe(match: PlacedMatch, signal?: AbortSignal): Promise<readonly SearchMatch[]> {
    const { name, isMemfd } = this.#object;
    const found: SearchMatch[] = [];
    for (const { process, address } of await this.#mapped(match, signal)) {
      found.push(await memoryMatch(process, 'shared', { ...match, start: address }, signal));
    }
    if (found.length > 0) return found;
    const { path, holders } = await this.#object.owner();
    const unmapped = contentMatch(isMemfd ? 'memfd' : 'shared', name, match, path);
    return [holders.length > 0 ? { ...unmapped, holders } : unmapped];
  }

  name(place: bigint): { readonly where: string; readonly text: string } {
    const { pages, name } = this.#object;
    return { where: pages.name, text: `0x${place.toString(16)} (${name})` };
  }

  /** The processes that see all of a match, and where. */
  async #mapped(
    { start, length }: PlacedMatch,
    signal?: AbortSignal,
  ): Promise<readonly { readonly process: SearchedProcess; readonly address: bigint }[]> {
    const found: { process: SearchedProcess; address: bigint }[] = [];
    for (const mapping of this.#object.mappings) {
      const address = mapping.start + start - mapping.offset;
      if (start < mapping.offset || address >= mapping.end) continue;
      const space = await mapping.process.space(signal);
      if (this.#reaches(mapping, address + BigInt(length)) && !hasOwn(space, address, length)) {
        found.push({ process: mapping.process, address });
      }
    }
    return found;
  }

  /** Whether the object goes on up to an address, over several mappings where they follow each other. */
  #reaches(mapping: ObjectMapping, end: bigint): boolean {
    let last = mapping;
    while (last.end < end) {
      const { process, end: border, start, offset } = last;
      const next = this.#object.mappings.find(
        (other) => other.process === process && other.start === border && other.offset - border === offset - start,
      );
      if (!next) return false;
      last = next;
    }
    return true;
  }

  #pieces(extents: readonly MemoryExtent[], signal?: AbortSignal): Promise<readonly SpacePiece[]> {
    const read = async (start: bigint, length: number) => {
      const bytes = MemoryRead.of(length);
      await this.#object.pages.readInto(bytes, start, signal);
      return bytes;
    };
    return piecesOf(extents, this.#places, read, signal);
  }
}

/** Whether the process has pages of its own there, which it sees instead. */
function hasOwn(space: AddressSpace, address: bigint, length: number): boolean {
  const own = space.own.nextListed(address);
  return own !== undefined && own < address + BigInt(length);
}
