import type { RegionKind } from '../../src/protocol/memory.ts';
import type { Region } from './address-map.ts';

/** One piece of the picture: a mapping, or several that follow each other where there are too many. */
export interface Piece {
  readonly first: number;
  /** Position behind the last mapping. */
  readonly end: number;
  /** The mapping that a click leads to: of several the one of which most was dumped. */
  readonly main: Region;
  readonly kind: RegionKind;
  readonly size: bigint;
  readonly held: number;
  /** Share of the width; all together are 1. */
  readonly share: number;
}

/** A page is a sliver and a gigabyte not all: sizes are drawn by this root of them. */
const ROOT = 0.25;

/** Cuts the address space into at most `most` pieces, in the order of addresses. */
export function pieces(regions: readonly Region[], most: number): readonly Piece[] {
  if (regions.length === 0) return [];
  const each = Math.max(1, Math.ceil(regions.length / Math.max(1, most)));
  const found: Omit<Piece, 'share'>[] = [];
  for (let first = 0; first < regions.length; first += each) {
    const group = regions.slice(first, first + each);
    const main = group.reduce((one, other) => (heldBytes(other) > heldBytes(one) ? other : one));
    found.push({
      first,
      end: first + group.length,
      main,
      kind: main.kind,
      size: group.reduce((sum, { start, end }) => sum + (end - start), 0n),
      held: group.reduce((sum, region) => sum + heldBytes(region), 0),
    });
  }
  const weights = found.map(({ size }) => Math.max(1, Number(size)) ** ROOT);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return found.map((piece, at) => ({ ...piece, share: (weights[at] ?? 0) / total }));
}

/** Bytes of a mapping that were dumped. */
export function heldBytes({ bytes }: Pick<Region, 'bytes'>): number {
  return (bytes.own ?? 0) + (bytes.shared ?? 0);
}

/** Bytes by kind of mapping, the largest first; kinds of which there are none are left out. */
export function byKind(regions: readonly Region[]): readonly { readonly kind: RegionKind; readonly held: number }[] {
  const sums = new Map<RegionKind, number>();
  for (const region of regions) sums.set(region.kind, (sums.get(region.kind) ?? 0) + heldBytes(region));
  return [...sums].map(([kind, held]) => ({ kind, held })).sort((one, other) => other.held - one.held);
}
