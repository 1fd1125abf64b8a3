import { lastPart, MappingNames } from '../../src/protocol/address-expression.ts';
import type { MemoryOutline, MemorySource, RegionKind } from '../../src/protocol/memory.ts';
import type { Wire } from '../../src/protocol/wire.ts';

/** A mapping of the process that is shown. */
export interface Region {
  /** Among those of the process, by address. */
  readonly index: number;
  readonly start: bigint;
  /** The first address behind it. */
  readonly end: bigint;
  readonly permissions: string;
  readonly offset: bigint;
  readonly kind: RegionKind;
  readonly name: string;
  readonly bytes: Readonly<Partial<Record<MemorySource, number>>>;
}

/** The address space of a process: what lies at an address, and what a person calls it. */
export class AddressMap {
  readonly pid: number;
  readonly pageSize: number;
  readonly pointerBytes: 4 | 8;
  readonly littleEndian: boolean;
  readonly threads: Wire<MemoryOutline>['threads'];
  readonly regions: readonly Region[];
  readonly #names: MappingNames<Region>;

  constructor(outline: Wire<MemoryOutline>) {
    this.pid = outline.pid;
    this.pageSize = outline.pageSize;
    this.pointerBytes = outline.pointerBytes;
    this.littleEndian = outline.byteOrder === 'little';
    this.threads = outline.threads;
    this.regions = outline.regions.map(({ start, end, offset, ...rest }, index) => ({
      ...rest,
      index,
      start: BigInt(start),
      end: BigInt(end),
      offset: BigInt(offset),
    }));
    this.#names = new MappingNames(this.regions);
  }

  at(address: bigint): Region | undefined {
    const region = this.regions[this.#lastFrom(address)];
    return region && address < region.end ? region : undefined;
  }

  /** The mapping at an address, else the one that comes next, else the last one. */
  nearest(address: bigint): Region | undefined {
    const index = this.#lastFrom(address);
    const region = this.regions[index];
    if (region && address < region.end) return region;
    return this.regions[index + 1] ?? region;
  }

  /**
   * A mapping and the way into it, as short as it can be: `libc.so.6+0x29ca8` (from where the file's first mapping
   * begins, as symbols are counted), `[heap]+0x40`; memory without a name by its first address.
   */
  describe(address: bigint): string | undefined {
    const region = this.at(address);
    if (!region) return undefined;
    const base = this.#names.base(region.name) ?? region.start;
    const way = address - base;
    const sign = way < 0n ? '-' : '+';
    return `${shortName(region)}${sign}${hexText(way < 0n ? -way : way)}`;
  }

  /** As {@link describe}, as a pointer to it is named in a table: of memory without a name the address alone. */
  label(address: bigint): string | undefined {
    const region = this.at(address);
    return region?.name === '' ? hexText(address) : this.describe(address);
  }

  /** Names that {@link find} knows, each once: the last parts of paths, then whole ones. */
  names(): readonly string[] {
    return this.#names.names();
  }

  /** Where a name begins; of paths the last part is enough. */
  find(name: string): bigint | undefined {
    return this.#names.find(name);
  }

  /** Position of the last mapping that starts at or below an address, -1 where there is none. */
  #lastFrom(address: bigint): number {
    let low = 0;
    let high = this.regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.regions[middle] as Region).start <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The last part of a path; `(deleted)` does not belong to it. */
export function shortName({ name, start }: Pick<Region, 'name' | 'start'>): string {
  return name === '' ? hexText(start) : lastPart(name);
}

export function hexText(value: bigint): `0x${string}` {
  return `0x${value.toString(16)}`;
}

/** As wide as addresses of the process are: 8 digits, or 12, or 16 for those at the very top. */
export function addressText(address: bigint, pointerBytes: 4 | 8): string {
  return address.toString(16).padStart(pointerBytes === 4 ? 8 : 12, '0');
}
