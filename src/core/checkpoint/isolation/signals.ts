import type { PendingSignal, SignalFacts, SignalRow } from '../../../protocol/isolation.ts';
import type { SaEntry, TaskCoreEntry, ThreadCoreEntry } from '../../criu/schema/generated/messages.ts';
import type { AddressNames } from './address-names.ts';
import { bitNames } from './bit-names.ts';
import { signalsOf, signalTable, type SignalTable } from './signal-names.ts';

const SIG_IGN = 1n;

/** Source: asm-generic/signal-defs.h; SA_RESTORER is the kernel's and the C library's affair, and not shown. */
const FLAGS: readonly (readonly [number, string])[] = [
  [0x00000001, 'NOCLDSTOP'],
  [0x00000002, 'NOCLDWAIT'],
  [0x00000004, 'SIGINFO'],
  [0x00000400, 'UNSUPPORTED'],
  [0x00000800, 'EXPOSE_TAGBITS'],
  [0x08000000, 'ONSTACK'],
  [0x10000000, 'RESTART'],
  [0x40000000, 'NODEFER'],
  [0x80000000, 'RESETHAND'],
];
/** Source: arch/mips/include/uapi/asm/signal.h. */
const MIPS_FLAGS: readonly (readonly [number, string])[] = [
  [0x00000001, 'NOCLDSTOP'],
  [0x00000008, 'SIGINFO'],
  [0x00010000, 'NOCLDWAIT'],
  ...FLAGS.slice(5),
];
const SA_RESTORER = 0x04000000n;

/** A handler with the number of its signal: CRIU leaves out the two that cannot have one. */
export function numbered(
  actions: readonly SaEntry[],
  table: SignalTable,
): readonly { readonly number: number; readonly action: SaEntry }[] {
  let number = 0;
  const result: { number: number; action: SaEntry }[] = [];
  for (const action of actions) {
    number++;
    while (number === table.kill || number === table.stop) number++;
    if (number > table.last) break;
    result.push({ number, action });
  }
  return result;
}

/** Signals that a thread blocks; where the thread does not say, its process does. */
export function blockedBy(
  thread: ThreadCoreEntry | undefined,
  task: TaskCoreEntry | undefined,
  table: SignalTable,
): readonly string[] {
  const mask = thread?.blk_sigset ?? task?.blk_sigset ?? 0n;
  const upper = thread?.blk_sigset_extended ?? task?.blk_sigset_extended ?? 0n;
  return signalsOf(mask, table, upper);
}

/** How the process reacts to each signal, and which wait for it. */
export function describeSignals(
  actions: readonly SaEntry[],
  blocked: readonly string[],
  pending: { readonly shared: readonly PendingSignal[]; readonly leader: readonly PendingSignal[] },
  architecture: string,
  addresses: AddressNames,
): SignalFacts {
  const table = signalTable(architecture);
  const flagNames = architecture === 'MIPS' ? MIPS_FLAGS : FLAGS;
  const rows = numbered(actions, table).map(({ number, action }): SignalRow => {
    const name = table.name(number);
    const handled = action.sigaction !== 0n && action.sigaction !== SIG_IGN;
    return {
      number,
      name,
      disposition: handled ? 'handled' : action.sigaction === SIG_IGN ? 'ignored' : 'default',
      ...(handled && { handler: addresses.describe(action.sigaction) }),
      ...(handled && action.restorer !== 0n && { restorer: addresses.describe(action.restorer) }),
      flags: bitNames(action.flags & ~SA_RESTORER, flagNames),
      masked: signalsOf(action.mask, table, action.mask_extended ?? 0n),
      blocked: blocked.includes(name),
      pending: [...pending.shared, ...pending.leader].filter((signal) => signal.number === number).length,
    };
  });
  return { rows, pending: pending.shared };
}
