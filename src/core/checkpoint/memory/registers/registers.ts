import type { Register, Target, ThreadRegisters } from '../../../../protocol/registers.ts';
import { architectureName } from '../../../criu/architectures.ts';
import type { CoreEntry } from '../../../criu/schema/generated/messages.ts';
import { aarch64, arm } from './arm.ts';
import { loongarch64, mips, ppc64, riscv64, s390 } from './others.ts';
import type { RegisterSet } from './raw.ts';
import { x86 } from './x86.ts';

/**
 * The registers of a thread as it stood.
 * @param core its core image
 * @param targetOf the mapping that an address is in
 */
export function describeRegisters(
  tid: number,
  core: CoreEntry,
  targetOf: (address: bigint) => Target | undefined,
): ThreadRegisters {
  const set = registerSet(core);
  const { tc, thread_core: thread } = core;
  const comm = tc?.comm ?? thread?.comm;
  // The mask of the first thread is the task's.
  const blocked = tc?.blk_sigset ?? thread?.blk_sigset;
  const bits = set?.pointerBytes === 4 ? 32 : 64;
  return {
    tid,
    ...(comm !== undefined && { comm }),
    architecture: architectureName(core.mtype) ?? `unknown (${String(core.mtype)})`,
    byteOrder: set?.byteOrder ?? 'little',
    pointerBytes: set?.pointerBytes ?? 8,
    general: (set?.general ?? []).map(({ name, value, role }): Register => {
      const target = isPointer(value) ? targetOf(value) : undefined;
      return { name, value, bits, ...(role && { role }), ...(target && { target }) };
    }),
    floating: set?.floating ?? [],
    ...(blocked !== undefined && { blockedSignals: blocked }),
    ...(set && { clearTidAddress: set.clearTidAddress }),
    ...(thread?.futex_rla !== undefined && { robustList: thread.futex_rla }),
    ...(thread?.sas &&
      thread.sas.ss_size > 0n && { signalStack: { address: thread.sas.ss_sp, size: thread.sas.ss_size } }),
    ...(thread?.rseq_entry &&
      thread.rseq_entry.rseq_abi_pointer !== 0n && {
        rseq: { address: thread.rseq_entry.rseq_abi_pointer, size: thread.rseq_entry.rseq_abi_size },
      }),
  };
}

/** Undefined where the image holds none, or those of a machine that is not known. */
function registerSet(core: CoreEntry): RegisterSet | undefined {
  const { thread_info, ti_arm, ti_aarch64, ti_ppc64, ti_s390, ti_mips, ti_loongarch64, ti_riscv64 } = core;
  if (thread_info) return x86(thread_info);
  if (ti_aarch64) return aarch64(ti_aarch64);
  if (ti_arm) return arm(ti_arm);
  if (ti_ppc64) return ppc64(ti_ppc64);
  if (ti_s390) return s390(ti_s390);
  if (ti_mips) return mips(ti_mips);
  if (ti_loongarch64) return loongarch64(ti_loongarch64);
  return ti_riscv64 && riscv64(ti_riscv64);
}

/** Small numbers are counts and flags, and no mapping of an ordinary process lies so low. */
function isPointer(value: bigint): boolean {
  return value >= 0x1000n;
}
