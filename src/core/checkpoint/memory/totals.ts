import { hasMapFlag } from '../../criu/map-flags.ts';
import { VMA_AREA_GUARD, VMA_AREA_VSYSCALL } from '../../criu/mappings.ts';
import type { MmEntry, VmaEntry } from '../../criu/schema/generated/messages.ts';

/** How much a process had mapped, bytes, as the kernel counts it. */
export interface MemoryTotals {
  readonly mapped: bigint;
  readonly locked: bigint;
  readonly data: bigint;
  readonly stack: bigint;
  readonly code: bigint;
  readonly libraries: bigint;
}

const PROT_WRITE = 2;
const PROT_EXEC = 4;

/**
 * Sums over the mappings. Guards lie inside mappings and are none; the page at the top of the address space
 * ([vsyscall]) is the kernel's. Source: mm/mmap.c, vm_stat_account, and fs/proc/task_mmu.c, task_mem.
 * @param machine CRIU's number of the architecture
 */
export function memoryTotals(mm: MmEntry, pageSize: number, machine: number | undefined): MemoryTotals {
  const sums = { mapped: 0n, locked: 0n, data: 0n, stack: 0n, executable: 0n };
  for (const vma of mm.vmas) {
    if ((vma.status & (VMA_AREA_GUARD | VMA_AREA_VSYSCALL)) !== 0 || vma.end <= vma.start) continue;
    const size = vma.end - vma.start;
    sums.mapped += size;
    if (hasMapFlag(vma.flags, 'MAP_LOCKED', machine)) sums.locked += size;
    const part = partOf(vma, machine);
    if (part) sums[part] += size;
  }
  const page = BigInt(pageSize);
  const end = ((mm.mm_end_code + page - 1n) / page) * page;
  const text = end - (mm.mm_start_code / page) * page;
  const code = text < 0n ? 0n : text < sums.executable ? text : sums.executable;
  const { mapped, locked, data, stack, executable } = sums;
  return { mapped, locked, data, stack, code, libraries: executable - code };
}

function partOf({ prot, flags }: VmaEntry, machine: number | undefined): 'data' | 'stack' | 'executable' | undefined {
  if (hasMapFlag(flags, 'MAP_GROWSDOWN', machine)) return 'stack';
  if (prot & PROT_WRITE) return hasMapFlag(flags, 'MAP_SHARED', machine) ? undefined : 'data';
  return prot & PROT_EXEC ? 'executable' : undefined;
}
