import type { RawRegister } from '../../../../protocol/registers.ts';
import type { ThreadInfoX86, UserX86FpregsEntry, UserX86RegsEntry } from '../../../criu/schema/generated/messages.ts';
import { raw, rawEach, value, type RegisterSet, type Value } from './raw.ts';

/** user_x86_regs_mode of CRIU's images/core-x86.proto. */
const COMPAT = 2;

/** A 64-bit thread, or a 32-bit one on a 64-bit kernel, with the registers that it has. */
export function x86({ gpregs, fpregs, tls, clear_tid_addr }: ThreadInfoX86): RegisterSet {
  const compat = gpregs.mode === COMPAT;
  return {
    byteOrder: 'little',
    pointerBytes: compat ? 4 : 8,
    general: compat ? [...compatRegisters(gpregs), ...threadData(tls)] : nativeRegisters(gpregs),
    floating: floating(fpregs),
    clearTidAddress: clear_tid_addr,
  };
}

function nativeRegisters(r: UserX86RegsEntry): readonly Value[] {
  return [
    ...value('rax', r.ax),
    ...value('rbx', r.bx),
    ...value('rcx', r.cx),
    ...value('rdx', r.dx),
    ...value('rsi', r.si),
    ...value('rdi', r.di),
    ...value('rbp', r.bp, 'frame'),
    ...value('rsp', r.sp, 'stack'),
    ...value('r8', r.r8),
    ...value('r9', r.r9),
    ...value('r10', r.r10),
    ...value('r11', r.r11),
    ...value('r12', r.r12),
    ...value('r13', r.r13),
    ...value('r14', r.r14),
    ...value('r15', r.r15),
    ...value('rip', r.ip, 'instruction'),
    ...value('eflags', r.flags, 'flags'),
    ...value('cs', r.cs),
    ...value('ss', r.ss),
    ...value('ds', r.ds),
    ...value('es', r.es),
    ...value('fs', r.fs),
    ...value('gs', r.gs),
    ...value('fs_base', r.fs_base, 'thread'),
    ...value('gs_base', r.gs_base),
    ...value('orig_rax', r.orig_ax),
  ];
}

function compatRegisters(r: UserX86RegsEntry): readonly Value[] {
  return [
    ...value('eax', r.ax),
    ...value('ebx', r.bx),
    ...value('ecx', r.cx),
    ...value('edx', r.dx),
    ...value('esi', r.si),
    ...value('edi', r.di),
    ...value('ebp', r.bp, 'frame'),
    ...value('esp', r.sp, 'stack'),
    ...value('eip', r.ip, 'instruction'),
    ...value('eflags', r.flags, 'flags'),
    ...value('cs', r.cs),
    ...value('ss', r.ss),
    ...value('ds', r.ds),
    ...value('es', r.es),
    ...value('fs', r.fs),
    ...value('gs', r.gs),
    ...value('orig_eax', r.orig_ax),
  ];
}

/** A 32-bit thread's own data lies where an entry of its descriptor table starts, mostly the first one. */
function threadData(tls: ThreadInfoX86['tls']): readonly Value[] {
  return tls
    .filter(({ seg_not_present }) => !seg_not_present)
    .flatMap(({ entry_number, base_addr }) => value(`tls${String(entry_number)}`, base_addr, 'thread'));
}

/** The area that FXSAVE and XSAVE write: of the 16 bytes of an x87 register the first 10 count. */
function floating(f: UserX86FpregsEntry | undefined): readonly RawRegister[] {
  if (!f) return [];
  const xsave = f.xsave;
  return [
    ...rawEach('st', f.st_space, 4, 4),
    ...rawEach('xmm', f.xmm_space, 4, 4),
    ...raw('fctrl', word(f.cwd), 4),
    ...raw('fstat', word(f.swd), 4),
    ...raw('ftag', word(f.twd), 4),
    ...raw('fop', word(f.fop), 4),
    ...raw('fip', word(f.rip), 8),
    ...raw('fdp', word(f.rdp), 8),
    ...raw('mxcsr', word(f.mxcsr), 4),
    ...(xsave
      ? [
          ...raw('xstate_bv', word(xsave.xstate_bv), 8),
          ...rawEach('ymm_high', xsave.ymmh_space, 4, 4),
          ...rawEach('bnd', xsave.bndreg_state, 8, 2),
          ...raw('bndcsr', xsave.bndcsr_state, 8),
          ...rawEach('k', xsave.opmask_reg, 8, 1),
          ...rawEach('zmm_high', xsave.zmm_upper, 8, 4),
          ...rawEach('zmm', xsave.hi16_zmm, 8, 8, { first: 16 }),
          ...raw('pkru', xsave.pkru, 4),
          ...raw('cet', word(xsave.cet?.cet), 8),
          ...raw('ssp', word(xsave.cet?.ssp), 8),
        ]
      : []),
  ];
}

function word(content: bigint | number | undefined): readonly (bigint | number)[] {
  return content === undefined ? [] : [content];
}
