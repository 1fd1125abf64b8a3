import type { Fields } from './image.ts';
import type { SyntheticProcess } from './processes.ts';
import { Random } from './random.ts';

/** task_core_entry.task_state; CRIU's compel/include/uapi/task-state.h. A zombie is dumped as dead. */
const taskStates = { running: 1, zombie: 2, stopped: 3 };
const stopSignal = 19;

/** The core_entry of a process's first thread, which carries the whole task. */
export function leaderCore(process: SyntheticProcess, index: number): Fields {
  const idle = { isec: 0, iusec: 0, vsec: 0, vusec: 0 };
  const unlimited = 2n ** 64n - 1n;
  return {
    ...threadCore(process, process.pid, index),
    tc: {
      ...taskOf(process),
      blk_sigset: 0,
      timers: { real: idle, virt: idle, prof: idle },
      rlimits: { rlimits: Array.from({ length: 16 }, () => ({ cur: unlimited, max: unlimited })) },
      signals_s: {},
      loginuid: 0xffff_ffff,
      oom_score_adj: 0,
      sigactions: Array.from({ length: 64 }, () => ({
        sigaction: 0,
        flags: 0,
        restorer: 0,
        mask: 0,
        compat_sigaction: false,
      })),
      child_subreaper: false,
      ...(process.state === 'stopped' && { stop_signo: stopSignal }),
    },
  };
}

/** The core_entry of any thread: registers, scheduling, credentials. */
export function threadCore(process: SyntheticProcess, tid: number, index: number): Fields {
  const random = new Random(tid);
  const { uid, gid } = process;
  const capabilities = [0x8004_25fb, 0];
  return {
    mtype: 'X86_64',
    thread_info: {
      clear_tid_addr: 0x55aa_1c40_09e8,
      gpregs: registers(random),
      fpregs: {
        cwd: 895,
        swd: 0,
        twd: 0,
        fop: 0,
        rip: 0,
        rdp: 0,
        mxcsr: 8064,
        mxcsr_mask: 196_607,
        st_space: zeros(32),
        xmm_space: words(random, 64),
        xsave: {
          xstate_bv: 162,
          ymmh_space: zeros(64),
          opmask_reg: zeros(8),
          zmm_upper: zeros(64),
          hi16_zmm: words(random, 128),
          cet: { cet: 0, ssp: 0 },
        },
      },
      tls: [12, 13, 14].map((entry) => ({
        entry_number: entry,
        base_addr: 0,
        limit: 0,
        seg_32bit: false,
        contents_h: false,
        contents_l: false,
        read_exec_only: true,
        limit_in_pages: false,
        seg_not_present: true,
        usable: false,
      })),
    },
    thread_core: {
      futex_rla: 0x55aa_1c40_09f0,
      futex_rla_len: 24,
      sched_nice: 0,
      sched_policy: 0,
      sas: { ss_sp: 0, ss_size: 0, ss_flags: 2 },
      signals_p: {},
      creds: {
        uid,
        gid,
        euid: uid,
        egid: gid,
        suid: uid,
        sgid: gid,
        fsuid: uid,
        fsgid: gid,
        cap_inh: [0, 0],
        cap_prm: capabilities,
        cap_eff: capabilities,
        cap_bnd: capabilities,
        secbits: 0,
        groups: [gid],
        cap_amb: [0, 0],
      },
      seccomp_mode: 'filter',
      seccomp_filter: index,
      comm: tid === process.pid ? process.comm : `${process.comm.slice(0, 11)}-${tid % 100}`,
      rseq_entry: { rseq_abi_pointer: 0x55aa_1c40_0360, rseq_abi_size: 32, signature: 0x5305_3053 },
      cg_set: index + 2,
    },
  };
}

/** Of a zombie CRIU knows only its name and that it ended. */
export function zombieCore(process: SyntheticProcess): Fields {
  return { mtype: 'X86_64', tc: { ...taskOf(process), blk_sigset: 0 } };
}

function taskOf(process: SyntheticProcess): Fields {
  return { task_state: taskStates[process.state], exit_code: 0, personality: 0, flags: 0x40_0100, comm: process.comm };
}

function registers(random: Random): Fields {
  const names =
    'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss fs_base gs_base ds es fs gs';
  return { ...Object.fromEntries(names.split(' ').map((name) => [name, random.word()])), mode: 'NATIVE' };
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function words(random: Random, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index % 5 === 0 ? random.word() : 0));
}
