import { hexWord } from './field-words.ts';
import { mapFlagBits, type MapFlag } from './machine-flags.ts';

/** @param machine CRIU's number of the architecture */
export function hasMapFlag(flags: number, flag: MapFlag, machine: number | undefined): boolean {
  return (flags & mapFlagBits(machine)[flag]) !== 0;
}

/** Their names; what has none is hexadecimal. */
export function mapFlagWords(flags: number, machine: number | undefined): readonly string[] {
  const found: string[] = [];
  let rest = flags;
  for (const [name, bit] of Object.entries(mapFlagBits(machine))) {
    if ((flags & bit) === 0) continue;
    found.push(name);
    rest &= ~bit;
  }
  const huge = hugePageBytes(flags, machine);
  if (huge !== undefined) {
    found.push(`MAP_HUGE_${sizeWord(huge)}`);
    rest &= ~HUGE_BITS;
  }
  return rest === 0 ? found : [...found, hexWord(rest >>> 0)];
}

/** Of a mapping of huge pages, how many times 2 gives their size. Source: asm-generic/hugetlb_encode.h. */
const HUGE_SHIFT = 26;
const HUGE_BITS = 0x3f << HUGE_SHIFT;

/** The size of the huge pages of a mapping; undefined where it has none, or those of the system's default size. */
export function hugePageBytes(flags: number, machine: number | undefined): number | undefined {
  return hasMapFlag(flags, 'MAP_HUGETLB', machine) ? encodedPageBytes(flags) : undefined;
}

/** The size of pages that stands in flags of mmap(2), shmget(2) and memfd_create(2) alike; undefined where none does. */
export function encodedPageBytes(flags: number): number | undefined {
  const size = (flags & HUGE_BITS) >>> HUGE_SHIFT;
  return size === 0 ? undefined : 2 ** size;
}

/** `64KB`, `2MB`, `1GB`, as the kernel's header names them. */
function sizeWord(bytes: number): string {
  const [unit, size] = bytes < 2 ** 20 ? ['KB', 2 ** 10] : bytes < 2 ** 30 ? ['MB', 2 ** 20] : ['GB', 2 ** 30];
  return `${bytes / size}${unit}`;
}
