import { MACHINE } from './architectures.ts';
import { hexWord } from './field-words.ts';

/** The flags of mmap(2) that CRIU keeps: what a mapping is, and what /proc/PID/smaps said of it. */
export type MapFlag =
  | 'MAP_SHARED'
  | 'MAP_PRIVATE'
  | 'MAP_DROPPABLE'
  | 'MAP_ANON'
  | 'MAP_GROWSDOWN'
  | 'MAP_LOCKED'
  | 'MAP_NORESERVE'
  | 'MAP_HUGETLB';

type Bits = Readonly<Record<MapFlag, number>>;

/** Source: the kernel's include/uapi/linux/mman.h, asm-generic/mman.h and asm-generic/mman-common.h. */
const usual: Bits = {
  MAP_SHARED: 0x1,
  MAP_PRIVATE: 0x2,
  MAP_DROPPABLE: 0x8,
  MAP_ANON: 0x20,
  MAP_GROWSDOWN: 0x100,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_HUGETLB: 0x40000,
};

/** By CRIU's machine number. Source: arch/powerpc and arch/mips, include/uapi/asm/mman.h. */
const others: Readonly<Record<number, Bits>> = {
  [MACHINE.ppc64]: { ...usual, MAP_NORESERVE: 0x40, MAP_LOCKED: 0x80 },
  [MACHINE.mips]: {
    ...usual,
    MAP_NORESERVE: 0x400,
    MAP_ANON: 0x800,
    MAP_GROWSDOWN: 0x1000,
    MAP_LOCKED: 0x8000,
    MAP_HUGETLB: 0x80000,
  },
};

function bitsOf(machine: number | undefined): Bits {
  return (machine === undefined ? undefined : others[machine]) ?? usual;
}

/** @param machine CRIU's number of the architecture */
export function hasMapFlag(flags: number, flag: MapFlag, machine: number | undefined): boolean {
  return (flags & bitsOf(machine)[flag]) !== 0;
}

/** Their names; what has none is hexadecimal. */
export function mapFlagWords(flags: number, machine: number | undefined): readonly string[] {
  const found: string[] = [];
  let rest = flags;
  for (const [name, bit] of Object.entries(bitsOf(machine))) {
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
