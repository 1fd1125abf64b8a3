import type { DumpStatistics } from '../../src/protocol/overview.ts';
import type { Wire } from '../../src/protocol/wire.ts';

export type Phase = 'freezing' | 'memory' | 'writing' | 'other';

export interface DumpPhases {
  /** They add up to `total`. */
  readonly phases: readonly { readonly phase: Phase; readonly microseconds: number }[];
  /** Microseconds from the first signal to the end of the dump. */
  readonly total: number;
  /** Microseconds for which the processes stood still, where recorded. */
  readonly frozen: number | undefined;
}

/**
 * CRIU's clocks laid side by side. In a dump they run inside each other: memory is collected while everything is
 * frozen, and written while it is collected (criu/mem.c, __parasite_dump_pages_seized); what is left of the frozen time
 * went to everything else. Only a pre-dump writes after it has let the processes go (criu/cr-dump.c, cr_pre_dump_finish):
 * then writing may take longer than collecting did.
 */
export function dumpPhases(statistics: Wire<DumpStatistics>): DumpPhases {
  const {
    freezingTime: freezing = 0,
    memdumpTime: collecting = 0,
    memwriteTime: writing = 0,
    frozenTime: frozen,
  } = statistics;
  const inside = writing <= collecting;
  const phases = [
    { phase: 'freezing', microseconds: freezing },
    { phase: 'memory', microseconds: inside ? collecting - writing : collecting },
    { phase: 'writing', microseconds: writing },
    { phase: 'other', microseconds: Math.max(0, (frozen ?? 0) - collecting) },
  ] as const;
  return { phases, total: phases.reduce((sum, { microseconds }) => sum + microseconds, 0), frozen };
}
