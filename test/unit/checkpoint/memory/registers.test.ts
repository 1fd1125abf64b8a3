import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { describeRegisters } from '../../../../src/core/checkpoint/memory/registers/registers.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import type { CoreEntry } from '../../../../src/core/criu/schema/generated/messages.ts';
import type { RegisterRole, Target, ThreadRegisters } from '../../../../src/protocol/registers.ts';
import { entry, image } from '../../criu/build-image.ts';
import { MemoryFileSet } from '../../criu/memory-file-set.ts';

/** Numbers from `first` on, one each: no two registers are the same. */
function count(length: number, first: number): number[] {
  return Array.from({ length }, (_, index) => first + index);
}

function named(names: readonly string[], first: number): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, first + index]));
}

const numberedNames = (prefix: string, length: number): string[] =>
  Array.from({ length }, (_, index) => `${prefix}${String(index)}`);

const stack: Target = { start: 0x7000n, end: 0x8000n, permissions: 'rw-p', kind: 'stack', name: '[stack]' };

async function registersOf(fields: object): Promise<ThreadRegisters> {
  const files = new MemoryFileSet().add('core-5.img', image('CORE', entry('core_entry', { ...fields })));
  const [core] = await new ImageDirectory(files, '').messages('CORE', 'core-5.img');
  return describeRegisters(5, core as CoreEntry, (address) =>
    address >= stack.start && address < stack.end ? stack : undefined,
  );
}

function role(registers: ThreadRegisters, wanted: RegisterRole): readonly [string, bigint] | undefined {
  const found = registers.general.find((register) => register.role === wanted);
  return found && [found.name, found.value];
}

const x86Names = [
  ...['r15', 'r14', 'r13', 'r12', 'bp', 'bx', 'r11', 'r10', 'r9', 'r8', 'ax', 'cx', 'dx', 'si', 'di', 'orig_ax'],
  ...['ip', 'cs', 'flags', 'sp', 'ss', 'fs_base', 'gs_base', 'ds', 'es', 'fs', 'gs'],
];
const fpregs = { cwd: 0x37f, swd: 0, twd: 0, fop: 0, rip: 0, rdp: 0, mxcsr: 0x1f80, mxcsr_mask: 0xffff };

suite('registers', () => {
  test('of 64-bit x86 with its vector registers', async () => {
    const registers = await registersOf({
      mtype: 'X86_64',
      thread_info: {
        clear_tid_addr: 0x1234,
        gpregs: { ...named(x86Names, 0x7000), mode: 'NATIVE' },
        fpregs: {
          ...fpregs,
          st_space: count(32, 0),
          xmm_space: count(64, 100),
          xsave: { xstate_bv: 7, ymmh_space: count(64, 200), opmask_reg: count(8, 1), zmm_upper: count(64, 300) },
        },
      },
      thread_core: {
        futex_rla: 0x99,
        futex_rla_len: 24,
        blk_sigset: 0x10,
        comm: 'worker',
        sas: { ss_sp: 0x7100, ss_size: 0x2000, ss_flags: 0 },
        rseq_entry: { rseq_abi_pointer: 0x7200, rseq_abi_size: 32, signature: 1 },
      },
    });
    const { general, floating, architecture, byteOrder, pointerBytes, comm } = registers;
    assert.deepEqual([architecture, byteOrder, pointerBytes, comm], ['x86-64', 'little', 8, 'worker']);
    assert.deepEqual(
      [role(registers, 'instruction'), role(registers, 'stack'), role(registers, 'thread'), role(registers, 'frame')],
      [
        ['rip', 0x7010n],
        ['rsp', 0x7013n],
        ['fs_base', 0x7015n],
        ['rbp', 0x7004n],
      ],
    );
    assert.equal(general.length, x86Names.length);
    assert.equal(new Set(general.map(({ value }) => value)).size, x86Names.length);
    assert.ok(general.every(({ bits, target }) => bits === 64 && target === stack));
    const raw = new Map(floating.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('hex')]));
    assert.equal(raw.get('st1'), '04000000050000000600000007000000');
    assert.equal(raw.get('xmm2'), '6c0000006d0000006e0000006f000000');
    assert.equal(raw.get('ymm_high15'), '04010000050100000601000007010000');
    assert.equal(raw.get('k7'), '0800000000000000');
    assert.equal(raw.get('zmm_high15')?.length, 64);
    assert.equal(raw.get('fctrl'), '7f030000');
    assert.deepEqual(
      [
        registers.blockedSignals,
        registers.robustList,
        registers.signalStack,
        registers.rseq,
        registers.clearTidAddress,
      ],
      [0x10n, 0x99n, { address: 0x7100n, size: 0x2000n }, { address: 0x7200n, size: 32 }, 0x1234n],
    );
  });

  test('of 32-bit x86 on a 64-bit kernel', async () => {
    const tls = { limit: 1, seg_32bit: true, contents_h: false, contents_l: false, read_exec_only: false };
    const registers = await registersOf({
      mtype: 'X86_64',
      thread_info: {
        clear_tid_addr: 0,
        gpregs: { ...named(x86Names, 1), mode: 'COMPAT' },
        fpregs,
        tls: [
          { ...tls, entry_number: 12, base_addr: 0x7777, limit_in_pages: true, seg_not_present: false, usable: true },
          { ...tls, entry_number: 13, base_addr: 0, limit_in_pages: true, seg_not_present: true, usable: false },
        ],
      },
    });
    assert.equal(registers.pointerBytes, 4);
    assert.deepEqual(
      registers.general.map(({ name }) => name),
      [
        ...['eax', 'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'esp', 'eip', 'eflags'],
        ...['cs', 'ss', 'ds', 'es', 'fs', 'gs', 'orig_eax', 'tls12'],
      ],
    );
    assert.deepEqual(role(registers, 'thread'), ['tls12', 0x7777n]);
    assert.ok(registers.general.every(({ bits }) => bits === 32));
  });

  const cases: readonly {
    readonly architecture: string;
    readonly fields: object;
    readonly instruction: readonly [string, bigint];
    readonly stack: readonly [string, bigint];
    readonly thread: readonly [string, bigint];
    readonly general: number;
    readonly floating: readonly [name: string, hex: string];
    readonly byteOrder?: 'big';
    readonly pointerBytes?: 4;
  }[] = [
    {
      architecture: 'aarch64',
      fields: {
        mtype: 'AARCH64',
        ti_aarch64: {
          clear_tid_addr: 1,
          tls: 0x5000,
          gpregs: { regs: count(31, 100), sp: 0x7010, pc: 0x4000, pstate: 0 },
          fpsimd: { vregs: count(64, 1), fpsr: 1, fpcr: 2 },
          pac_keys: {
            pac_generic_keys: { apgakey_lo: 1, apgakey_hi: 2 },
          },
        },
      },
      instruction: ['pc', 0x4000n],
      stack: ['sp', 0x7010n],
      thread: ['tpidr', 0x5000n],
      general: 35,
      floating: ['v31', '3f000000000000004000000000000000'],
    },
    {
      architecture: 'arm',
      fields: {
        mtype: 'ARM',
        ti_arm: {
          clear_tid_addr: 1,
          tls: 0x5000,
          gpregs: named([...numberedNames('r', 11), 'fp', 'ip', 'sp', 'lr', 'pc', 'cpsr', 'orig_r0'], 0x100),
          fpstate: { vfp_regs: count(32, 1), fpscr: 1, fpexc: 2, fpinst: 3, fpinst2: 4 },
        },
      },
      instruction: ['pc', 0x10fn],
      stack: ['sp', 0x10dn],
      thread: ['tpidruro', 0x5000n],
      general: 19,
      floating: ['d31', '2000000000000000'],
      pointerBytes: 4,
    },
    {
      architecture: 'ppc64',
      fields: {
        mtype: 'PPC64',
        ti_ppc64: {
          clear_tid_addr: 1,
          gpregs: {
            gpr: count(32, 0x100),
            ...named(['nip', 'msr', 'orig_gpr3', 'ctr', 'link', 'xer', 'ccr', 'trap'], 0x200),
          },
          fpstate: { fpregs: count(33, 1) },
          vrstate: { vrregs: count(66, 1), vrsave: 1 },
        },
      },
      instruction: ['pc', 0x200n],
      stack: ['r1', 0x101n],
      thread: ['r13', 0x10dn],
      general: 40,
      floating: ['f31', '2000000000000000'],
    },
    {
      architecture: 's390',
      fields: {
        mtype: 'S390',
        ti_s390: {
          clear_tid_addr: 1,
          gpregs: {
            psw_mask: 1,
            psw_addr: 0x4000,
            gprs: count(16, 0x100),
            acrs: [0x3ff, 0x80001000, ...count(14, 0)],
            orig_gpr2: 1,
            system_call: 2,
          },
          fpregs: { fpc: 1, fprs: count(16, 1) },
        },
      },
      instruction: ['psw_addr', 0x4000n],
      stack: ['r15', 0x10fn],
      thread: ['tls', 0x3ff80001000n],
      general: 37,
      floating: ['f15', '0000000000000010'],
      byteOrder: 'big',
    },
    {
      architecture: 'mips',
      fields: {
        mtype: 'MIPS',
        ti_mips: {
          clear_tid_addr: 1,
          tls: 0x5000,
          gpregs: named(
            [...numberedNames('r', 32), 'lo', 'hi', 'cp0_epc', 'cp0_badvaddr', 'cp0_status', 'cp0_cause'],
            0x100,
          ),
          fpregs: named([...numberedNames('r', 32), 'lo', 'hi', 'fpu_fcr31', 'fpu_id'], 1),
        },
      },
      instruction: ['pc', 0x122n],
      stack: ['r29', 0x11dn],
      thread: ['tls', 0x5000n],
      general: 39,
      floating: ['f31', '2000000000000000'],
    },
    {
      architecture: 'loongarch64',
      fields: {
        mtype: 'LOONGARCH64',
        ti_loongarch64: {
          clear_tid_addr: 1,
          tls: 0x5000,
          gpregs: { regs: count(32, 0x100), pc: 0x4000 },
          fpregs: { regs: count(32, 1), fcc: 1, fcsr: 2 },
        },
      },
      instruction: ['pc', 0x4000n],
      stack: ['r3', 0x103n],
      thread: ['r2', 0x102n],
      general: 33,
      floating: ['f31', '2000000000000000'],
    },
    {
      architecture: 'riscv64',
      fields: {
        mtype: 'RISCV64',
        ti_riscv64: {
          clear_tid_addr: 1,
          tls: 0x5000,
          gpregs: named(
            [
              ...['pc', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', ...numberedNames('a', 8)],
              ...['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
            ],
            0x100,
          ),
          fpsimd: { f: count(32, 1), fcsr: 2 },
        },
      },
      instruction: ['pc', 0x100n],
      stack: ['sp', 0x102n],
      thread: ['tp', 0x104n],
      general: 32,
      floating: ['f31', '2000000000000000'],
    },
  ];

  for (const known of cases) {
    test(`of ${known.architecture}`, async () => {
      const registers = await registersOf(known.fields);
      assert.deepEqual(
        [registers.architecture, registers.byteOrder, registers.pointerBytes],
        [known.architecture, known.byteOrder ?? 'little', known.pointerBytes ?? 8],
      );
      assert.deepEqual(role(registers, 'instruction'), known.instruction);
      assert.deepEqual(role(registers, 'stack'), known.stack);
      assert.deepEqual(role(registers, 'thread'), known.thread);
      assert.equal(registers.general.length, known.general);
      const [name, hex] = known.floating;
      const raw = registers.floating.find((register) => register.name === name);
      assert.equal(Buffer.from(raw?.bytes ?? []).toString('hex'), hex);
    });
  }

  test('of a big-endian POWER are in its order', async () => {
    const gpregs = {
      gpr: count(32, 0),
      ...named(['nip', 'orig_gpr3', 'ctr', 'link', 'xer', 'ccr', 'trap'], 0),
      msr: 2,
    };
    const registers = await registersOf({
      mtype: 'PPC64',
      ti_ppc64: { clear_tid_addr: 1, gpregs, fpstate: { fpregs: [0x0102] } },
    });
    assert.equal(registers.byteOrder, 'big');
    assert.equal(Buffer.from(registers.floating[0]?.bytes ?? []).toString('hex'), '0000000000000102');
  });

  test('are none of a machine that is not known', async () => {
    const files = new MemoryFileSet().add('core-5.img', image('CORE', [2, 0, 0, 0, 0x08, 42]));
    const [core] = await new ImageDirectory(files, '').messages('CORE', 'core-5.img');
    const { architecture, general, floating } = describeRegisters(5, core as CoreEntry, () => undefined);
    assert.deepEqual([architecture, general, floating], ['unknown (42)', [], []]);
  });
});
