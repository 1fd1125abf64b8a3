/** CRIU's numbers of the machines whose kernels have numbers, words or a byte order of their own. */
export const MACHINE = { arm: 2, aarch64: 3, ppc64: 4, s390: 5, mips: 6 } as const;

/** CRIU's machine numbers. Source: criu images/core.proto, march. */
const NAMES: readonly (string | undefined)[] = [
  undefined,
  'x86-64',
  'arm',
  'aarch64',
  'ppc64',
  's390',
  'mips',
  'loongarch64',
  'riscv64',
];

/** The name of core_entry.mtype; undefined for one that this version does not know. */
export function architectureName(machine: number): string | undefined {
  return NAMES[machine];
}
