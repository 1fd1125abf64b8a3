import type { PendingSignal } from '../../../protocol/isolation.ts';
import { uint32At } from '../../criu/byte-order.ts';
import type { SiginfoEntry } from '../../criu/schema/generated/messages.ts';
import { ARCHITECTURES, auditArchitecture, isBigEndian, systemCallName } from './syscalls/names.ts';
import type { SignalTable } from './signal-names.ts';

/** Codes that any signal may have. Source: asm-generic/siginfo.h. */
const SENDER_CODES: ReadonlyMap<number, string> = new Map([
  [0, 'SI_USER'],
  [0x80, 'SI_KERNEL'],
  [-1, 'SI_QUEUE'],
  [-2, 'SI_TIMER'],
  [-3, 'SI_MESGQ'],
  [-4, 'SI_ASYNCIO'],
  [-5, 'SI_SIGIO'],
  [-6, 'SI_TKILL'],
  [-7, 'SI_DETHREAD'],
  [-60, 'SI_ASYNCNL'],
]);

/** MIPS has three of these in another order: the usual number by its own. Source: arch/mips/include/uapi/asm/siginfo.h. */
const MIPS_CODES: ReadonlyMap<number, number> = new Map([
  [-2, -4],
  [-3, -2],
  [-4, -3],
]);

/** Codes of one signal, from 1 on. */
const OWN_CODES: Readonly<Record<string, string>> = {
  SIGILL: 'ILL ILLOPC ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK BADIADDR',
  SIGFPE: 'FPE INTDIV INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB',
  SIGSEGV: 'SEGV MAPERR ACCERR BNDERR PKUERR ACCADI ADIDERR ADIPERR MTEAERR MTESERR',
  SIGBUS: 'BUS ADRALN ADRERR OBJERR MCEERR_AR MCEERR_AO',
  SIGTRAP: 'TRAP BRKPT TRACE BRANCH HWBKPT UNK PERF',
  SIGCHLD: 'CLD EXITED KILLED DUMPED TRAPPED STOPPED CONTINUED',
  SIGIO: 'POLL IN OUT MSG ERR PRI HUP',
  SIGSYS: 'SYS SECCOMP USER_DISPATCH',
};
const FAULTS: ReadonlySet<string> = new Set(['SIGILL', 'SIGFPE', 'SIGSEGV', 'SIGBUS', 'SIGTRAP']);
const THIRTY_TWO_BIT: ReadonlySet<string> = new Set(['ARM']);

/**
 * Reads a siginfo_t as the kernel queued it. Its union begins where its alignment allows: behind three words, and on
 * 64-bit machines four. Source: asm-generic/siginfo.h.
 * @param architecture as core_entry.mtype names it
 */
export function readQueuedSignal(entry: SiginfoEntry, table: SignalTable, architecture: string): PendingSignal {
  const bytes = new Uint8Array(128);
  bytes.set(entry.siginfo.subarray(0, bytes.length));
  const view = new DataView(bytes.buffer);
  const little = !isBigEndian(auditArchitecture(architecture));
  const isMips = architecture === 'MIPS';
  const number = view.getInt32(0, little);
  // MIPS has errno and code the other way round.
  const stored = view.getInt32(isMips ? 4 : 8, little);
  const code = (isMips ? MIPS_CODES.get(stored) : undefined) ?? stored;
  const name = table.name(number);
  const wide = !THIRTY_TWO_BIT.has(architecture);
  const start = wide ? 16 : 12;
  const pointer = (at: number): bigint => (wide ? view.getBigUint64(at, little) : BigInt(view.getUint32(at, little)));
  const common = { number, name, code: codeName(name, code) };
  const sender = { senderPid: view.getInt32(start, little), senderUid: view.getUint32(start + 4, little) };
  if (code === -2) {
    const timer = { timerId: view.getInt32(start, little), overrun: view.getInt32(start + 4, little) };
    return { ...common, ...timer, value: pointer(start + 8) };
  }
  if (code === -1 || code === -3 || code === -4) return { ...common, ...sender, value: pointer(start + 8) };
  // Of descriptors' readiness, and of a name that was looked up, nobody is the sender.
  if (code === -5 || code === -60) return common;
  if (code <= 0) return { ...common, ...sender };
  // SI_KERNEL says nothing more.
  if (code === 0x80) return common;
  if (name === 'SIGCHLD') return { ...common, ...sender, status: view.getInt32(start + 8, little) };
  if (name === 'SIGSYS') return { ...common, ...refusedCall(view, start, { wide, little }) };
  return FAULTS.has(name) ? { ...common, address: pointer(start) } : common;
}

/** The signal that waits. @param architecture as core_entry.mtype names it */
export function queuedNumber({ siginfo }: SiginfoEntry, architecture: string): number {
  return siginfo.length < 4 ? 0 : uint32At(siginfo, 0, isBigEndian(auditArchitecture(architecture))) | 0;
}

function codeName(signal: string, code: number): string {
  const [prefix = '', ...names] = OWN_CODES[signal]?.split(' ') ?? [];
  const own = names[code - 1];
  return SENDER_CODES.get(code) ?? (own === undefined ? String(code) : `${prefix}_${own}`);
}

/** Where the call was made, its number, and the architecture that the number belongs to. */
function refusedCall(
  view: DataView,
  start: number,
  { wide, little }: { readonly wide: boolean; readonly little: boolean },
): Pick<PendingSignal, 'address' | 'systemCall'> {
  const address = wide ? view.getBigUint64(start, little) : BigInt(view.getUint32(start, little));
  const after = start + (wide ? 8 : 4);
  const number = view.getInt32(after, little);
  const audit = view.getUint32(after + 4, little);
  const known = ARCHITECTURES.some((architecture) => architecture.audit === audit);
  return { address, systemCall: (known ? systemCallName(audit, number) : undefined) ?? String(number) };
}
