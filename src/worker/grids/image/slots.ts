/**
 * Which entries of an image are shown, and where the rows of each begin: an image may have millions of entries, of which
 * nearly all are one row.
 */
export class Slots {
  /** How many entries are shown, and how many rows they take. */
  readonly count: number;
  readonly rows: number;
  /** Numbers of the entries that are shown; undefined stands for all. */
  readonly #entries: Uint32Array | undefined;
  /** Slots of more than one row, in order, and how many rows all of them up to each one have beyond one. */
  readonly #large: Uint32Array;
  readonly #beyond: Float64Array;

  private constructor(count: number, entries: Uint32Array | undefined, large: readonly (readonly [number, number])[]) {
    this.count = count;
    this.#entries = entries;
    this.#large = Uint32Array.from(large, ([slot]) => slot);
    this.#beyond = new Float64Array(large.length);
    let beyond = 0;
    large.forEach(([, rows], index) => {
      beyond += rows - 1;
      this.#beyond[index] = beyond;
    });
    this.rows = count + beyond;
  }

  /** All entries, with how many rows those have that may have more than one. */
  static ofAll(count: number, rows: ReadonlyMap<number, number>): Slots {
    const large = [...rows].filter(([, size]) => size > 1).sort(([a], [b]) => a - b);
    return new Slots(count, undefined, large);
  }

  /** Some entries in order, with how many rows each has. */
  static of(entries: readonly number[], rows: readonly number[]): Slots {
    const large = rows.flatMap((size, slot) => (size > 1 ? [[slot, size] as const] : []));
    return new Slots(entries.length, Uint32Array.from(entries), large);
  }

  entry(slot: number): number {
    return this.#entries ? (this.#entries[slot] as number) : slot;
  }

  /** The slot of an entry; -1 where it is not shown. */
  slotOf(entry: number): number {
    if (!this.#entries) return entry < this.count ? entry : -1;
    const slot = lowest(this.#entries.length, (index) => (this.#entries?.[index] as number) >= entry);
    return this.#entries[slot] === entry ? slot : -1;
  }

  /** Where the rows of a slot begin. */
  start(slot: number): number {
    return slot + this.#before(slot);
  }

  size(slot: number): number {
    return this.start(slot + 1) - this.start(slot);
  }

  /** The slot whose rows a row is among. */
  at(row: number): number {
    return lowest(this.count, (slot) => this.start(slot + 1) > row);
  }

  /** Rows beyond one of the slots before a slot. */
  #before(slot: number): number {
    const index = lowest(this.#large.length, (place) => (this.#large[place] as number) >= slot);
    return index === 0 ? 0 : (this.#beyond[index - 1] as number);
  }
}

/** The lowest index for which a statement holds that holds for all from there on; `count` where it never does. */
function lowest(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
