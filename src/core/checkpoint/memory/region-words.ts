import type { MemoryMapping } from '../../../protocol/memory.ts';
import { flagWords, hexWord } from '../../criu/field-words.ts';
import { hugePageBytes, mapFlagWords } from '../../criu/map-flags.ts';
import type { VmaEntry } from '../../criu/schema/generated/messages.ts';

/** Facts: the kernel's include/uapi/asm-generic/mman-common.h, MADV_*; CRIU keeps one bit for each, 1 << MADV_*. */
const advice: ReadonlyMap<number, string> = new Map([
  [1, 'MADV_RANDOM'],
  [2, 'MADV_SEQUENTIAL'],
  [10, 'MADV_DONTFORK'],
  [12, 'MADV_MERGEABLE'],
  [14, 'MADV_HUGEPAGE'],
  [15, 'MADV_NOHUGEPAGE'],
  [16, 'MADV_DONTDUMP'],
  [18, 'MADV_WIPEONFORK'],
]);

/** What the numbers of a mapping say in words. */
export type MappingWords = Pick<MemoryMapping, 'permissions' | 'flags' | 'status' | 'advice' | 'hugePageBytes'>;

/** More than any process has kinds of mappings. */
const KEPT = 1000;

/** The words of mappings, once for all that have the same: a process may have a quarter of a million. */
export class RegionWords {
  readonly #machine: number | undefined;
  readonly #known = new Map<string, MappingWords>();

  /** @param machine CRIU's number of the architecture */
  constructor(machine: number | undefined) {
    this.#machine = machine;
  }

  of(vma: VmaEntry): MappingWords {
    const { prot, flags, status, madv } = vma;
    const key = `${prot} ${flags} ${status} ${madv ?? ''}`;
    const known = this.#known.get(key);
    if (known) return known;
    const huge = hugePageBytes(flags, this.#machine);
    const words = {
      permissions: permissionWord(vma),
      flags: mapFlagWords(flags, this.#machine),
      status: statusWords(status),
      advice: adviceWords(madv),
      ...(huge !== undefined && { hugePageBytes: huge }),
    };
    if (this.#known.size < KEPT) this.#known.set(key, words);
    return words;
  }
}

/** As /proc/PID/maps writes it: `rw-p`. */
export function permissionWord({ prot, flags }: VmaEntry): string {
  return [
    (prot & 1) !== 0 ? 'r' : '-',
    (prot & 2) !== 0 ? 'w' : '-',
    (prot & 4) !== 0 ? 'x' : '-',
    (flags & 1) !== 0 ? 's' : 'p',
  ].join('');
}

/** CRIU's own words for what a mapping is; what has no name is hexadecimal. */
export function statusWords(status: number): readonly string[] {
  return status === 0 ? [] : flagWords('mmap.status', status).split(' | ');
}

/** The names of what madvise(2) was told. */
export function adviceWords(value = 0n): readonly string[] {
  const found: string[] = [];
  let rest = value;
  for (const [bit, word] of advice) {
    if (((value >> BigInt(bit)) & 1n) === 0n) continue;
    found.push(word);
    rest &= ~(1n << BigInt(bit));
  }
  return rest === 0n ? found : [...found, hexWord(rest)];
}

/** A GNU build id as tools print it: CRIU keeps it in 32-bit words as they stand in memory. */
export function buildIdWord(id: readonly number[]): string | undefined {
  if (id.length === 0) return undefined;
  const bytes = Buffer.alloc(id.length * 4);
  id.forEach((word, index) => bytes.writeUInt32LE(word >>> 0, index * 4));
  return bytes.toString('hex');
}
