import type { ThreadInfoAarch64, ThreadInfoArm } from '../../../criu/schema/generated/messages.ts';
import { numbered, raw, rawEach, value, type RegisterSet } from './raw.ts';

/** 64-bit ARM. x29 is the frame pointer and x30 the link register of its procedure call standard. */
export function aarch64({ gpregs, fpsimd, tls, pac_keys, clear_tid_addr }: ThreadInfoAarch64): RegisterSet {
  const address = pac_keys?.pac_address_keys;
  const generic = pac_keys?.pac_generic_keys;
  return {
    byteOrder: 'little',
    pointerBytes: 8,
    general: [
      ...numbered('x', gpregs.regs, { 29: 'frame', 30: 'return' }),
      ...value('sp', gpregs.sp, 'stack'),
      ...value('pc', gpregs.pc, 'instruction'),
      ...value('pstate', gpregs.pstate, 'flags'),
      ...value('tpidr', tls, 'thread'),
    ],
    floating: [
      ...rawEach('v', fpsimd.vregs, 8, 2),
      ...raw('fpsr', [fpsimd.fpsr], 4),
      ...raw('fpcr', [fpsimd.fpcr], 4),
      ...(address
        ? [
            ...raw('apia_key', [address.apiakey_lo, address.apiakey_hi], 8),
            ...raw('apib_key', [address.apibkey_lo, address.apibkey_hi], 8),
            ...raw('apda_key', [address.apdakey_lo, address.apdakey_hi], 8),
            ...raw('apdb_key', [address.apdbkey_lo, address.apdbkey_hi], 8),
          ]
        : []),
      ...(generic ? raw('apga_key', [generic.apgakey_lo, generic.apgakey_hi], 8) : []),
    ],
    clearTidAddress: clear_tid_addr,
  };
}

/** 32-bit ARM. */
export function arm({ gpregs: r, fpstate, tls, clear_tid_addr }: ThreadInfoArm): RegisterSet {
  return {
    byteOrder: 'little',
    pointerBytes: 4,
    general: [
      ...numbered('r', [r.r0, r.r1, r.r2, r.r3, r.r4, r.r5, r.r6, r.r7, r.r8, r.r9, r.r10]),
      ...value('fp', r.fp, 'frame'),
      ...value('ip', r.ip),
      ...value('sp', r.sp, 'stack'),
      ...value('lr', r.lr, 'return'),
      ...value('pc', r.pc, 'instruction'),
      ...value('cpsr', r.cpsr, 'flags'),
      ...value('orig_r0', r.orig_r0),
      ...value('tpidruro', tls, 'thread'),
    ],
    floating: [
      ...rawEach('d', fpstate.vfp_regs, 8, 1),
      ...raw('fpscr', [fpstate.fpscr], 4),
      ...raw('fpexc', [fpstate.fpexc], 4),
      ...raw('fpinst', [fpstate.fpinst], 4),
      ...raw('fpinst2', [fpstate.fpinst2], 4),
    ],
    clearTidAddress: clear_tid_addr,
  };
}
