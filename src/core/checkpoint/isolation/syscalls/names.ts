import { ARM, GENERIC, RISCV64 } from './arm.ts';
import { COMMON, COMMON_32 } from './common.ts';
import { MIPS64, PPC64, S390X } from './other.ts';
import { I386, NOT_X32, X32, X86_64 } from './x86.ts';

/** An architecture as seccomp's `arch` word tells it, and as filters are written for it. */
export interface Architecture {
  /** AUDIT_ARCH_*. Source: include/uapi/linux/audit.h */
  readonly audit: number;
  /** As the kernel's constant without its prefix. */
  readonly name: string;
  readonly tables: readonly string[];
  /** Added to every number of the tables. */
  readonly base?: number;
}

const GENERIC_32 = [COMMON, COMMON_32];

export const ARCHITECTURES: readonly Architecture[] = [
  { audit: 0xc000003e, name: 'X86_64', tables: [X86_64, COMMON] },
  { audit: 0x40000003, name: 'I386', tables: [I386, ...GENERIC_32] },
  { audit: 0xc00000b7, name: 'AARCH64', tables: [GENERIC, COMMON] },
  { audit: 0x40000028, name: 'ARM', tables: [ARM, ...GENERIC_32] },
  { audit: 0xc00000f3, name: 'RISCV64', tables: [GENERIC, RISCV64, COMMON] },
  { audit: 0xc0000102, name: 'LOONGARCH64', tables: [GENERIC, COMMON] },
  { audit: 0xc0000015, name: 'PPC64LE', tables: [PPC64, COMMON] },
  { audit: 0x80000015, name: 'PPC64', tables: [PPC64, COMMON] },
  { audit: 0x80000016, name: 'S390X', tables: [S390X, COMMON] },
  { audit: 0x80000008, name: 'MIPS64', tables: [MIPS64, COMMON], base: 5000 },
  { audit: 0xc0000008, name: 'MIPSEL64', tables: [MIPS64, COMMON], base: 5000 },
  // Met in filters, and without a table here: their numbers stay numbers.
  { audit: 0x00000014, name: 'PPC', tables: [] },
  { audit: 0x00000016, name: 'S390', tables: [] },
  { audit: 0x00000008, name: 'MIPS', tables: [] },
  { audit: 0x40000008, name: 'MIPSEL', tables: [] },
  { audit: 0xa0000008, name: 'MIPS64N32', tables: [] },
  { audit: 0xe0000008, name: 'MIPSEL64N32', tables: [] },
  { audit: 0x400000f3, name: 'RISCV32', tables: [] },
];

/** Bit 30 of a call's number on 64-bit x86: the x32 ABI, which shares most numbers with the 64-bit one. */
export const X32_BIT = 0x40000000;
/** Before the names of its calls. */
export const X32_PREFIX = 'x32:';
const FIRST_X32_ONLY = 512;

const byAudit = new Map(ARCHITECTURES.map((architecture) => [architecture.audit, architecture]));
const tables = new Map<number, ReadonlyMap<number, string>>();

export function architectureOf(audit: number): Architecture | undefined {
  return byAudit.get(audit);
}

/** Every call of an architecture by its number, x32 ones of 64-bit x86 included; empty where no table is known. */
export function systemCalls(audit: number): ReadonlyMap<number, string> {
  const known = tables.get(audit);
  if (known) return known;
  const architecture = byAudit.get(audit);
  const table = new Map<number, string>();
  for (const text of architecture?.tables ?? []) readTable(text, architecture?.base ?? 0, table);
  if (architecture?.name === 'X86_64') addX32(table);
  tables.set(audit, table);
  return table;
}

/** `openat`, `x32:openat`; undefined for a number without a name. */
export function systemCallName(audit: number, number: number): string | undefined {
  return systemCalls(audit).get(number);
}

/** Adds names by their numbers: a number in the text starts a run of names. */
export function readTable(text: string, base: number, table: Map<number, string>): void {
  let next = 0;
  for (const word of text.trim().split(/\s+/)) {
    const number = Number(word);
    if (Number.isNaN(number)) table.set(base + next++, word);
    else next = number;
  }
}

function addX32(table: Map<number, string>): void {
  const own = new Map<number, string>();
  readTable(X32, 0, own);
  const replaced = new Set([...own.values(), ...NOT_X32.trim().split(/\s+/)]);
  for (const [number, name] of [...table]) {
    if (number < FIRST_X32_ONLY && !replaced.has(name)) table.set(number + X32_BIT, X32_PREFIX + name);
  }
  for (const [number, name] of own) table.set(number + X32_BIT, X32_PREFIX + name);
}

/**
 * AUDIT_ARCH_* by core_entry.mtype's names, and of 32-bit x86, which has none of its own. CRIU dumps only these, and of
 * two byte orders the little one.
 */
const MACHINES: Readonly<Record<string, number>> = {
  X86_64: 0xc000003e,
  I386: 0x40000003,
  ARM: 0x40000028,
  AARCH64: 0xc00000b7,
  PPC64: 0xc0000015,
  S390: 0x80000016,
  MIPS: 0xc0000008,
  LOONGARCH64: 0xc0000102,
  RISCV64: 0xc00000f3,
};

/** Bit of AUDIT_ARCH_*. Source: linux/audit.h, __AUDIT_ARCH_LE. */
const LITTLE_ENDIAN = 0x40000000;

/** @param audit AUDIT_ARCH_*; of a machine that is not known, false */
export function isBigEndian(audit: number | undefined): boolean {
  return audit !== undefined && (audit & LITTLE_ENDIAN) === 0;
}

/** @param machine as core_entry.mtype names it */
export function auditArchitecture(machine: string): number | undefined {
  return MACHINES[machine];
}
