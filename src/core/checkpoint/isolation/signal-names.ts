/**
 * Numbers of signals differ on MIPS; on all other architectures that CRIU knows they are the same.
 * Source: asm-generic/signal.h and arch/mips/include/uapi/asm/signal.h.
 */
const GENERIC =
  `HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU
  URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS`.split(/\s+/);
const MIPS =
  `HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM USR1 USR2 CHLD PWR WINCH URG IO STOP TSTP
  CONT TTIN TTOU VTALRM PROF XCPU XFSZ`.split(/\s+/);

/** glibc keeps the first two real-time signals for itself: SIGRTMIN is 34, as kill -l counts. */
const FIRST_REAL_TIME = 34;

export interface SignalTable {
  /** The highest signal's number. */
  readonly last: number;
  readonly kill: number;
  readonly stop: number;
  readonly child: number;
  name(number: number): string;
}

/** @param architecture as core_entry.mtype names it */
export function signalTable(architecture: string): SignalTable {
  return architecture === 'MIPS' ? mipsTable : genericTable;
}

const genericTable = tableOf(GENERIC, 64);
const mipsTable = tableOf(MIPS, 128);

function tableOf(names: readonly string[], last: number): SignalTable {
  return {
    last,
    kill: 9,
    stop: names.indexOf('STOP') + 1,
    child: names.indexOf('CHLD') + 1,
    name: (number) => {
      const name = names[number - 1];
      if (name !== undefined) return `SIG${name}`;
      if (number === FIRST_REAL_TIME) return 'SIGRTMIN';
      if (number === last) return 'SIGRTMAX';
      return number > FIRST_REAL_TIME && number < last ? `SIGRTMIN+${number - FIRST_REAL_TIME}` : `SIG${number}`;
    },
  };
}

/** The signals of a mask, in order; of MIPS, which has 128, the upper half stands in a word of its own. */
export function signalsOf(mask: bigint, table: SignalTable, upper = 0n): readonly string[] {
  const all = mask | (upper << 64n);
  return numbersOf(all, table.last).map((number) => table.name(number));
}

function numbersOf(mask: bigint, last: number): readonly number[] {
  const numbers: number[] = [];
  for (let number = 1, rest = mask; number <= last && rest !== 0n; number++, rest >>= 1n) {
    if ((rest & 1n) === 1n) numbers.push(number);
  }
  return numbers;
}
