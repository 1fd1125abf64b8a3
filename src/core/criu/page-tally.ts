import { PE_PARENT, PE_PRESENT, type Pagemap } from './pagemap.ts';

/** Pages by what their entries say of them: in the pages image, in the parent dump, nowhere. */
export interface PageCounts {
  present: number;
  parent: number;
  lazy: number;
}

const kinds = ['present', 'parent', 'lazy'] as const;
/** Sums are kept for one entry in so many. */
const step = 64;

/** Counts the pages of ranges without going through all of their entries. */
export class PageTally {
  readonly #pagemap: Pagemap;
  readonly #sums: Readonly<Record<keyof PageCounts, Float64Array>>;

  constructor(pagemap: Pagemap) {
    this.#pagemap = pagemap;
    const slots = Math.ceil(pagemap.length / step);
    const sums = { present: new Float64Array(slots), parent: new Float64Array(slots), lazy: new Float64Array(slots) };
    const counts: PageCounts = { present: 0, parent: 0, lazy: 0 };
    for (let position = 0; position < pagemap.length; position++) {
      if (position % step === 0) for (const kind of kinds) sums[kind][position / step] = counts[kind];
      this.#add(counts, position, Infinity);
    }
    this.#sums = sums;
  }

  /**
   * @param from first unit of the range, `to` the one behind its last
   * @param pageUnits units of a page
   */
  between(from: number, to: number, pageUnits: number): PageCounts {
    const counts = this.#before(to, pageUnits);
    const below = this.#before(from, pageUnits);
    for (const kind of kinds) counts[kind] -= below[kind];
    return counts;
  }

  /** The pages below a unit. */
  #before(unit: number, pageUnits: number): PageCounts {
    const pagemap = this.#pagemap;
    const counts: PageCounts = { present: 0, parent: 0, lazy: 0 };
    const last = pagemap.find(unit - 1);
    if (last < 0) return counts;
    const slot = Math.floor(last / step);
    for (const kind of kinds) counts[kind] = this.#sums[kind][slot] as number;
    for (let position = slot * step; position < last; position++) this.#add(counts, position, Infinity);
    this.#add(counts, last, Math.ceil((unit - pagemap.start(pagemap.at(last))) / pageUnits));
    return counts;
  }

  #add(counts: PageCounts, position: number, most: number): void {
    const index = this.#pagemap.at(position);
    const flags = this.#pagemap.flags(index);
    const pages = Math.min(most, this.#pagemap.pages(index));
    if (flags & PE_PRESENT) counts.present += pages;
    else if (flags & PE_PARENT) counts.parent += pages;
    else counts.lazy += pages;
  }
}
