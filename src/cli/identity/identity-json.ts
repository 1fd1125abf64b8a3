import type { IsolationFacts, SharingMatrix, ThreadIsolation } from '../../protocol/isolation.ts';
import type { SeccompSummary } from '../../protocol/seccomp.ts';
import { say, type Sentence } from '../../protocol/sentence.ts';
import { LazyList, snake, type Json, type JsonObject } from '../json.ts';

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

/** Items of lists are made when they are written: a hostile image has hundreds of thousands of signals or groups. */
function plain(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as Json | undefined;
  if (Array.isArray(value)) return new LazyList(Iterator.from(value).map((item: unknown) => plain(item) ?? null));
  if (isSentence(value)) return say(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => [
      snake(key),
      key === 'address' && typeof member === 'bigint' ? `0x${member.toString(16)}` : plain(member),
    ]),
  );
}

function isSentence(value: object): value is Sentence {
  return 'template' in value && 'args' in value;
}
