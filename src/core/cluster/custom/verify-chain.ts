import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { ClusterError } from '../cluster-error.ts';
import type { CustomArchive, CustomFacts } from './custom-objects.ts';

/** What a chain's own records say about each other. */
export interface ChainVerdict {
  /** `broken`: a record does not name the one before it; `incomplete`: some have no hash, so that they prove nothing. */
  readonly state: 'whole' | 'incomplete' | 'broken';
  /** The records that do not fit, by their place. */
  readonly broken: readonly number[];
  readonly withoutHash: readonly number[];
}

/**
 * Follows the links of a forensic chain: each record holds the SHA-256 of the record before it that has one; the first
 * holds none (the operator leaves out records whose hash it could not compute).
 */
export function verifyChain(records: readonly CustomArchive[]): ChainVerdict {
  let previous: string | undefined;
  const broken: number[] = [];
  const withoutHash: number[] = [];
  for (const [index, { sha256, previousSha256 }] of records.entries()) {
    if (sha256 === undefined) {
      withoutHash.push(index);
      continue;
    }
    if (previousSha256 !== previous) broken.push(index);
    previous = sha256;
  }
  const state = broken.length > 0 ? 'broken' : withoutHash.length > 0 ? 'incomplete' : 'whole';
  return { state, broken, withoutHash };
}

/**
 * Makes sure that what was fetched is what the chain recorded.
 * @throws ClusterError `damaged` where it is not; nothing where the chain has no hash for it
 */
export function requireRecorded(chain: CustomFacts, record: CustomArchive, sha256: string): void {
  if (record.sha256 === undefined || record.sha256 === sha256) return;
  throw new ClusterError(
    'damaged',
    sentence(
      '{0} is not what the chain {1} recorded: its SHA-256 sum is {2}, and was {3} when it was made. It was changed since.',
      record.path,
      `${chain.namespace}/${chain.name}`,
      sha256,
      record.sha256,
    ),
    { where: record.path },
  );
}

/**
 * What a chain cannot prove of an archive, though it is what its own record says: whoever changed both would have had to
 * change the records after it as well.
 * @returns undefined where every link fits, or where the object is no chain
 */
export function doubtAbout({ kind, namespace, name, archives }: CustomFacts): Sentence | undefined {
  if (kind !== 'chain') return undefined;
  const { state, broken, withoutHash } = verifyChain(archives);
  const chain = `${namespace}/${name}`;
  if (state === 'broken') {
    return sentence(
      'The chain {0} is broken at record {1}, which does not name the one before it: records were changed, taken out or put in, and prove nothing.',
      chain,
      (broken[0] ?? 0) + 1,
    );
  }
  if (state === 'whole') return undefined;
  return sentence(
    'The chain {0} has no hash of record {1}: of that one it proves nothing.',
    chain,
    (withoutHash[0] ?? 0) + 1,
  );
}
