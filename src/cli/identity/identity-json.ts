import type { IsolationFacts, SharingMatrix, ThreadIsolation } from '../../protocol/isolation.ts';
import type { SeccompSummary } from '../../protocol/seccomp.ts';
import { say, type Sentence } from '../../protocol/sentence.ts';
import { snakeCase, type Json, type JsonObject } from '../json.ts';

/** A process's identity in this program's form: addresses are `0x…`, sentences are texts. */
export function identityJson(facts: IsolationFacts, threads: readonly ThreadIsolation[]): JsonObject {
  const { pid, comm, threads: count, ...rest } = facts;
  return {
    pid,
    name: comm,
    threads: count,
    ...(plain(rest) as JsonObject),
    other_threads: threads.length > 0 ? plain(threads) : undefined,
  };
}

export function sharingJson({ kinds }: SharingMatrix): Json | undefined {
  return plain(kinds);
}

export function summaryJson(summary: SeccompSummary | undefined): Json | undefined {
  return plain(summary);
}

function plain(value: unknown): Json | undefined {
  return snakeCase(withTexts(value));
}

function withTexts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withTexts);
  if (isSentence(value)) return say(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => [
      key,
      key === 'address' && typeof member === 'bigint' ? `0x${member.toString(16)}` : withTexts(member),
    ]),
  );
}

function isSentence(value: object): value is Sentence {
  return 'template' in value && 'args' in value;
}
