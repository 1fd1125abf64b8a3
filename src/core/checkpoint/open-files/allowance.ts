import type { FileEntry } from '../../criu/schema/generated/messages.ts';

/** Named of each file once everything that may be told was told. */
const FEW = 3;

/**
 * How much of the lists that files have (who holds them, what they watch) an answer about many of them may tell: a
 * hostile table of very many descriptors that stand for one file would repeat its lists without an end.
 */
export class Allowance {
  readonly #most: number;
  #left: number;

  /** @param most of one list @param together of all lists */
  constructor(most: number, together: number) {
    this.#most = most;
    this.#left = together;
  }

  /** So many may be named of the next list. */
  get most(): number {
    return this.#left > 0 ? this.#most : Math.min(this.#most, FEW);
  }

  spend(items: number): void {
    this.#left -= items;
  }

  /** Whether what a file watches may be told with it; short lists always may. */
  allows(file: FileEntry): boolean {
    const { length } = file.epfd?.tfd ?? file.ify?.wd ?? file.ffy?.mark ?? [];
    if (length <= FEW) return true;
    if (length > this.#left) return false;
    this.#left -= length;
    return true;
  }
}
