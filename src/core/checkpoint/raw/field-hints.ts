import { MACHINE } from '../../criu/architectures.ts';
import { capabilityNames } from '../capabilities.ts';
import { limitName } from '../isolation/limits.ts';
import { signalsOf, signalTable, type SignalTable } from '../isolation/signal-names.ts';

const masks: ReadonlySet<string> = new Set([
  'sa_entry.mask',
  'signalfd_entry.sigmask',
  'task_core_entry.blk_sigset',
  'thread_core_entry.blk_sigset',
]);
const capabilities = 'creds_entry.cap_';
/** Entries of the auxiliary vector that say most: the kernel's include/uapi/linux/auxvec.h. */
const auxiliary: Readonly<Record<number, string>> = {
  3: 'AT_PHDR',
  4: 'AT_PHENT',
  5: 'AT_PHNUM',
  6: 'AT_PAGESZ',
  7: 'AT_BASE',
  8: 'AT_FLAGS',
  9: 'AT_ENTRY',
  11: 'AT_UID',
  12: 'AT_EUID',
  13: 'AT_GID',
  14: 'AT_EGID',
  15: 'AT_PLATFORM',
  16: 'AT_HWCAP',
  17: 'AT_CLKTCK',
  23: 'AT_SECURE',
  24: 'AT_BASE_PLATFORM',
  25: 'AT_RANDOM',
  26: 'AT_HWCAP2',
  31: 'AT_EXECFN',
  33: 'AT_SYSINFO_EHDR',
  51: 'AT_MINSIGSTKSZ',
};

/**
 * What a value says in the words of the kernel's headers; undefined where CRIU's form says it all.
 * @param machine CRIU's number of the architecture, where it is known
 */
export function valueHint(
  message: string,
  field: string,
  value: unknown,
  machine: number | undefined,
): string | undefined {
  const name = `${message}.${field}`;
  const signals = signalTable(architectureOf(machine));
  if (masks.has(name)) return joined(signalsOf(value as bigint, signals));
  if (name.startsWith(capabilities)) return joined(capabilitiesIn(value as readonly number[]));
  if (name === 'posix_timer_entry.si_signo') return signals.name(value as number);
  return undefined;
}

/** What a member of a list is about, where its place in the list tells. */
export function memberHint(
  message: string,
  field: string,
  index: number,
  list: readonly unknown[],
  machine: number | undefined,
): string | undefined {
  const architecture = architectureOf(machine);
  switch (`${message}.${field}`) {
    case 'task_rlimits_entry.rlimits':
      return limitName(index, architecture);
    case 'task_core_entry.sigactions':
      return handled(index, signalTable(architecture));
    case 'mm_entry.mm_saved_auxv':
      // Each value stands behind the number that says what it is.
      return index % 2 === 0 ? auxiliary[Number(list[index])] : undefined;
    default:
      return undefined;
  }
}

/** The signal of a handler in the list, which leaves out the two that cannot have one. */
function handled(index: number, table: SignalTable): string {
  const number = index + 1;
  const afterKill = number >= table.kill ? number + 1 : number;
  return table.name(afterKill >= table.stop ? afterKill + 1 : afterKill);
}

/** The name that tables of numbers go by. Only MIPS has some of its own. */
function architectureOf(machine: number | undefined): string {
  return machine === MACHINE.mips ? 'MIPS' : 'X86_64';
}

function capabilitiesIn(words: readonly number[]): readonly string[] {
  const bits = words.reduce((sum, word, index) => sum | (BigInt(word >>> 0) << BigInt(32 * index)), 0n);
  return capabilityNames.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

function joined(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.join(', ');
}
