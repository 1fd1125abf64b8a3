import type { VmaEntry } from './schema/generated/messages.ts';

/**
 * What kind of mapping it is, and where its content lies: bits of vma_entry.status. Facts: CRIU's criu/include/image.h.
 */
export const VMA_AREA_STACK = 1 << 1;
export const VMA_AREA_VSYSCALL = 1 << 2;
export const VMA_AREA_VDSO = 1 << 3;
export const VMA_AREA_HEAP = 1 << 5;
export const VMA_FILE_PRIVATE = 1 << 6;
export const VMA_FILE_SHARED = 1 << 7;
export const VMA_ANON_SHARED = 1 << 8;
export const VMA_AREA_SYSVIPC = 1 << 10;
export const VMA_AREA_SOCKET = 1 << 11;
export const VMA_AREA_VVAR = 1 << 12;
export const VMA_AREA_AIORING = 1 << 13;
export const VMA_AREA_MEMFD = 1 << 14;
export const VMA_AREA_SHSTK = 1 << 15;
export const VMA_AREA_GUARD = 1 << 16;
export const VMA_AREA_UPROBES = 1 << 17;

/** Mappings whose pages are those of a memory object that was dumped on its own. */
export const SHARED_MEMORY = VMA_ANON_SHARED | VMA_AREA_SYSVIPC | VMA_AREA_MEMFD;

/** Guards lie inside mappings; CRIU lists them behind, as if they were some. */
export function withoutGuards(vmas: readonly VmaEntry[]): readonly VmaEntry[] {
  return vmas.some(isGuard) ? vmas.filter((vma) => !isGuard(vma)) : vmas;
}

export function isGuard({ status }: VmaEntry): boolean {
  return (status & VMA_AREA_GUARD) !== 0;
}

/** The mappings of a process by address. */
export class Mappings {
  /** By address. */
  readonly all: readonly VmaEntry[];
  /** Up to where the mappings before and with each reach: damaged images may have some within others. */
  readonly #reach: readonly bigint[];

  constructor(vmas: readonly VmaEntry[]) {
    this.all = inOrder(vmas) ? vmas : vmas.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    const reach: bigint[] = [];
    for (const { end } of this.all) reach.push(end > (reach.at(-1) ?? 0n) ? end : (reach.at(-1) ?? 0n));
    this.#reach = reach;
  }

  /** Those that have a part in a range, by address. */
  *within(start: bigint, end: bigint): Generator<VmaEntry> {
    for (let index = this.#firstReaching(start); index < this.all.length; index++) {
      const vma = this.all[index] as VmaEntry;
      if (vma.start >= end) return;
      if (vma.end > start) yield vma;
    }
  }

  /** The one that an address is in. */
  at(address: bigint): VmaEntry | undefined {
    const [vma] = this.within(address, address + 1n);
    return vma;
  }

  #firstReaching(address: bigint): number {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#reach[middle] as bigint) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function inOrder(vmas: readonly VmaEntry[]): boolean {
  return vmas.every((vma, index) => index === 0 || (vmas[index - 1] as VmaEntry).start <= vma.start);
}
