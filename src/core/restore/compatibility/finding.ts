import type { Sentence } from '../../../protocol/sentence.ts';

export type Verdict = 'ok' | 'warning' | 'blocker';

/** One thing that was looked at before a restore. */
export interface Finding {
  /** Names what was looked at: stable, to be agreed to by name. */
  readonly id: string;
  readonly verdict: Verdict;
  readonly reason: Sentence;
  /** What would make it work, or safe. */
  readonly remedy?: Sentence;
  /** A risk and no impossibility: it blocks until a person who has read it agrees. */
  readonly canBeAgreedTo?: boolean;
}

/** The findings that still stand in the way. */
export function blockersOf(findings: readonly Finding[], agreed: ReadonlySet<string> = new Set()): readonly Finding[] {
  return findings.filter(
    ({ id, verdict, canBeAgreedTo }) => verdict === 'blocker' && !(canBeAgreedTo === true && agreed.has(id)),
  );
}
