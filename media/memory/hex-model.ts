import type { AddressMap, Region } from './address-map.ts';

export const ROW_BYTES = 16;

/** Where a key leads. */
export type HexMove =
  'left' | 'right' | 'up' | 'down' | 'page-up' | 'page-down' | 'row-start' | 'row-end' | 'first' | 'last';

/** Addresses from `start` up to, and without, `end`. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * The hex view's behaviour without its looks: which mapping is shown, where the cursor is, what is selected and marked.
 * A mapping is shown as rows of 16 bytes; above the first and below the last row stands the way to its neighbour.
 */
export class HexModel {
  readonly map: AddressMap;
  #region: Region | undefined;
  #cursor = 0n;
  #anchor: bigint | undefined;
  #mark: Span | undefined;
  /** Row to be scrolled to, and whether it may be anywhere in view. */
  #scroll: { readonly row: number; readonly how: 'middle' | 'least' } | undefined;
  #page = 20;
  readonly #listeners = new Set<() => void>();

  constructor(map: AddressMap) {
    this.map = map;
  }

  /** Undefined until one has gone anywhere. */
  get region(): Region | undefined {
    return this.#region;
  }

  get cursor(): bigint {
    return this.#cursor;
  }

  /** What was found or asked for, until one goes elsewhere. */
  get mark(): Span | undefined {
    return this.#mark;
  }

  /** At least the byte at the cursor. */
  get selection(): Span {
    const other = this.#anchor ?? this.#cursor;
    return this.#cursor < other ? { start: this.#cursor, end: other + 1n } : { start: other, end: this.#cursor + 1n };
  }

  /** Rows of the mapping that is shown, the ways to its neighbours not counted. */
  get rows(): number {
    return this.#region ? Number((this.#region.end - this.#origin + BigInt(ROW_BYTES - 1)) / BigInt(ROW_BYTES)) : 0;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** First address of a row. */
  addressOf(row: number): bigint {
    return this.#origin + BigInt(row) * BigInt(ROW_BYTES);
  }

  rowOf(address: bigint): number {
    return Number((address - this.#origin) / BigInt(ROW_BYTES));
  }

  /** How many rows are in view. */
  setPage(rows: number): void {
    this.#page = Math.max(1, rows);
  }

  takeScroll(): { readonly row: number; readonly how: 'middle' | 'least' } | undefined {
    const scroll = this.#scroll;
    this.#scroll = undefined;
    return scroll;
  }

  /**
   * Shows an address, with the bytes from it on marked.
   * @returns false where no mapping covers it: then nothing changes
   */
  goTo(address: bigint, length = 0): boolean {
    const region = this.map.at(address);
    if (!region) return false;
    this.#region = region;
    this.#cursor = address;
    this.#anchor = undefined;
    this.#mark = length > 0 ? { start: address, end: address + BigInt(length) } : undefined;
    this.#scroll = { row: this.rowOf(address), how: 'middle' };
    this.#notify();
    return true;
  }

  /** Puts the cursor on a byte of the mapping that is shown. */
  click(address: bigint, extend: boolean): void {
    this.#place(address, extend);
    this.#notify();
  }

  move(move: HexMove, extend: boolean): void {
    const region = this.#region;
    if (!region) return;
    const target = this.#target(move, region);
    if (target >= region.end || target < region.start) {
      const neighbour = this.map.regions[region.index + (target < region.start ? -1 : 1)];
      // A selection ends where its mapping does.
      if (extend || !neighbour) this.#place(target < region.start ? region.start : region.end - 1n, extend);
      else {
        this.goTo(target < region.start ? neighbour.end - 1n : neighbour.start);
        return;
      }
    } else {
      this.#place(target, extend);
    }
    this.#scroll = { row: this.rowOf(this.#cursor), how: 'least' };
    this.#notify();
  }

  /** All of the mapping. */
  selectAll(): void {
    if (!this.#region) return;
    this.#anchor = this.#region.start;
    this.#cursor = this.#region.end - 1n;
    this.#notify();
  }

  /** The selection, then what is marked, is let go of. */
  clear(): void {
    if (this.#anchor === undefined) this.#mark = undefined;
    this.#anchor = undefined;
    this.#notify();
  }

  get #origin(): bigint {
    const start = this.#region?.start ?? 0n;
    return start - (start % BigInt(ROW_BYTES));
  }

  #place(address: bigint, extend: boolean): void {
    if (extend) this.#anchor ??= this.#cursor;
    else this.#anchor = undefined;
    this.#cursor = address;
  }

  #target(move: HexMove, region: Region): bigint {
    const row = BigInt(ROW_BYTES);
    const at = this.#cursor;
    const page = row * BigInt(this.#page);
    // A page that does not fit any more ends in the last row; only from there one goes on.
    const clamp = (target: bigint): bigint => {
      if (target < region.start && at >= region.start + row) return region.start + ((at - region.start) % row);
      const lastRow = region.end - row;
      if (target >= region.end && at < lastRow) return lastRow + ((at - region.start) % row);
      return target;
    };
    switch (move) {
      case 'left':
        return at - 1n;
      case 'right':
        return at + 1n;
      case 'up':
        return at - row;
      case 'down':
        return at + row;
      case 'page-up':
        return clamp(at - page);
      case 'page-down':
        return clamp(at + page);
      case 'row-start':
        return at - (at % row) < region.start ? region.start : at - (at % row);
      case 'row-end':
        return at - (at % row) + row > region.end ? region.end - 1n : at - (at % row) + row - 1n;
      case 'first':
        return region.start;
      case 'last':
        return region.end - 1n;
    }
  }

  #notify(): void {
    this.#listeners.forEach((listener) => listener());
  }
}
