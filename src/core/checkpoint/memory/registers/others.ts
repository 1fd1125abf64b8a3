import type { RegisterRole } from '../../../../protocol/registers.ts';
import type {
  ThreadInfoLoongarch64,
  ThreadInfoMips,
  ThreadInfoPpc64,
  ThreadInfoRiscv64,
  ThreadInfoS390,
} from '../../../criu/schema/generated/messages.ts';
import { numbered, raw, rawEach, value, type RegisterSet, type Value } from './raw.ts';

/** The bit of the machine state register that says little-endian. Source: the Power ISA, MSR[LE]. */
const MSR_LE = 1n;

/** 64-bit POWER: r1 is the stack pointer and r13 the thread's data by its ABIs. */
export function ppc64(info: ThreadInfoPpc64): RegisterSet {
  const { gpregs, fpstate, vrstate, vsxstate, clear_tid_addr } = info;
  const big = (gpregs.msr & MSR_LE) === 0n;
  return {
    byteOrder: big ? 'big' : 'little',
    pointerBytes: 8,
    general: [
      ...numbered('r', gpregs.gpr, { 1: 'stack', 13: 'thread' }),
      ...value('pc', gpregs.nip, 'instruction'),
      ...value('msr', gpregs.msr, 'flags'),
      ...value('cr', gpregs.ccr),
      ...value('lr', gpregs.link, 'return'),
      ...value('ctr', gpregs.ctr),
      ...value('xer', gpregs.xer),
      ...value('trap', gpregs.trap),
      ...value('orig_r3', gpregs.orig_gpr3),
    ],
    floating: [
      ...rawEach('f', fpstate?.fpregs.slice(0, 32), 8, 1, { big }),
      ...raw('fpscr', fpstate?.fpregs.slice(32), 8, big),
      ...rawEach('vr', vrstate?.vrregs.slice(0, 64), 8, 2, { big }),
      ...raw('vscr', vrstate?.vrregs.slice(64), 8, big),
      ...raw('vrsave', vrstate && [vrstate.vrsave], 4, big),
      ...rawEach('vsr_low', vsxstate?.vsxregs, 8, 1, { big }),
    ],
    clearTidAddress: clear_tid_addr,
  };
}

/** IBM Z: r15 is the stack pointer, the thread's data is named by the first two access registers. */
export function s390(info: ThreadInfoS390): RegisterSet {
  const { gpregs, fpregs, vxrs_low, vxrs_high, gs_cb, gs_bc, ri_cb, clear_tid_addr } = info;
  const big = true;
  const [high = 0, low = 0] = gpregs.acrs;
  return {
    byteOrder: 'big',
    pointerBytes: 8,
    general: [
      ...value('psw_mask', gpregs.psw_mask, 'flags'),
      ...value('psw_addr', gpregs.psw_addr, 'instruction'),
      ...numbered('r', gpregs.gprs, { 11: 'frame', 14: 'return', 15: 'stack' }),
      ...numbered('acr', gpregs.acrs),
      ...value('tls', (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), 'thread'),
      ...value('orig_r2', gpregs.orig_gpr2),
      ...value('system_call', gpregs.system_call),
    ],
    floating: [
      ...rawEach('f', fpregs.fprs, 8, 1, { big }),
      ...raw('fpc', [fpregs.fpc], 4, big),
      ...rawEach('v_low', vxrs_low?.regs, 8, 1, { big }),
      ...rawEach('v', vxrs_high?.regs, 8, 2, { big, first: 16 }),
      ...raw('gs_cb', gs_cb?.regs, 8, big),
      ...raw('gs_bc', gs_bc?.regs, 8, big),
      ...raw('ri_cb', ri_cb?.regs, 8, big),
    ],
    clearTidAddress: clear_tid_addr,
  };
}

/** MIPS in the names of its n64 ABI's registers; CRIU knows it as the Loongson is, little-endian. */
export function mips({ gpregs, fpregs, tls, clear_tid_addr }: ThreadInfoMips): RegisterSet {
  return {
    byteOrder: 'little',
    pointerBytes: 8,
    general: [
      ...fields('r', gpregs, { 29: 'stack', 30: 'frame', 31: 'return' }),
      ...value('lo', gpregs.lo),
      ...value('hi', gpregs.hi),
      ...value('pc', gpregs.cp0_epc, 'instruction'),
      ...value('badvaddr', gpregs.cp0_badvaddr),
      ...value('status', gpregs.cp0_status, 'flags'),
      ...value('cause', gpregs.cp0_cause),
      ...value('tls', tls, 'thread'),
    ],
    floating: [
      ...fields('r', fpregs).flatMap(({ name, value: word }) => raw(name.replace('r', 'f'), [word], 8)),
      ...raw('fcsr', [fpregs.fpu_fcr31], 4),
      ...raw('fir', [fpregs.fpu_id], 4),
    ],
    clearTidAddress: clear_tid_addr,
  };
}

/** LoongArch: r1 the return address, r2 the thread's data, r3 the stack, r22 the frame, by its ABI. */
export function loongarch64({ gpregs, fpregs, clear_tid_addr }: ThreadInfoLoongarch64): RegisterSet {
  return {
    byteOrder: 'little',
    pointerBytes: 8,
    general: [
      ...numbered('r', gpregs.regs, { 1: 'return', 2: 'thread', 3: 'stack', 22: 'frame' }),
      ...value('pc', gpregs.pc, 'instruction'),
    ],
    floating: [...rawEach('f', fpregs.regs, 8, 1), ...raw('fcc', [fpregs.fcc], 8), ...raw('fcsr', [fpregs.fcsr], 4)],
    clearTidAddress: clear_tid_addr,
  };
}

/** 64-bit RISC-V in the names of its calling convention. */
export function riscv64({ gpregs: r, fpsimd, clear_tid_addr }: ThreadInfoRiscv64): RegisterSet {
  return {
    byteOrder: 'little',
    pointerBytes: 8,
    general: [
      ...value('ra', r.ra, 'return'),
      ...value('sp', r.sp, 'stack'),
      ...value('gp', r.gp),
      ...value('tp', r.tp, 'thread'),
      ...numbered('t', [r.t0, r.t1, r.t2, r.t3, r.t4, r.t5, r.t6]),
      ...numbered('s', [r.s0, r.s1, r.s2, r.s3, r.s4, r.s5, r.s6, r.s7, r.s8, r.s9, r.s10, r.s11], { 0: 'frame' }),
      ...numbered('a', [r.a0, r.a1, r.a2, r.a3, r.a4, r.a5, r.a6, r.a7]),
      ...value('pc', r.pc, 'instruction'),
    ],
    floating: [...rawEach('f', fpsimd.f, 8, 1), ...raw('fcsr', [fpsimd.fcsr], 4)],
    clearTidAddress: clear_tid_addr,
  };
}

/** Fields that are called `r0` to `r31`. */
function fields(prefix: string, message: object, roles: Readonly<Record<number, RegisterRole>> = {}): readonly Value[] {
  const byName = message as Readonly<Record<string, bigint | undefined>>;
  const values = Array.from({ length: 32 }, (_, index) => byName[`${prefix}${String(index)}`]);
  return numbered(prefix, values, roles);
}
