import type { RegionKind } from './memory.ts';

/** The mapping that an address lies in. */
export interface Target {
  readonly start: bigint;
  readonly end: bigint;
  readonly permissions: string;
  readonly kind: RegionKind;
  /** As in /proc/PID/maps; empty for private anonymous memory. */
  readonly name: string;
}

/**
 * What a register is for, where the architecture says so. `thread`: where the thread's own data lies (TLS);
 * `return`: where the function returns to.
 */
export type RegisterRole = 'instruction' | 'stack' | 'frame' | 'thread' | 'return' | 'flags';

export interface Register {
  /** As debuggers write it: `rip`, `x29`. */
  readonly name: string;
  readonly value: bigint;
  readonly bits: 32 | 64;
  readonly role?: RegisterRole;
  /** The mapping that it points into, if it does. */
  readonly target?: Target;
}

/** A register wider than 64 bits, or one whose meaning is not that of a number. */
export interface RawRegister {
  readonly name: string;
  /** As it lies in memory. */
  readonly bytes: Uint8Array;
}

/** The registers of one thread, and what else its core image says of its memory. */
export interface ThreadRegisters {
  readonly tid: number;
  readonly comm?: string;
  /** `x86-64`, `aarch64` …; `unknown (42)` for what this version does not know: then there are no registers. */
  readonly architecture: string;
  readonly byteOrder: 'little' | 'big';
  readonly pointerBytes: 4 | 8;
  /** In the order of debuggers. */
  readonly general: readonly Register[];
  /** Floating point and vector registers with their control words. */
  readonly floating: readonly RawRegister[];
  /** Blocked signals, one bit each from signal 1 on. */
  readonly blockedSignals?: bigint;
  /** Set to zero when the thread ends. */
  readonly clearTidAddress?: bigint;
  /** Head of its list of robust futexes. */
  readonly robustList?: bigint;
  readonly signalStack?: { readonly address: bigint; readonly size: bigint };
  readonly rseq?: { readonly address: bigint; readonly size: number };
}
