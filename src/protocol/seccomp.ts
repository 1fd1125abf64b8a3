import type { Sentence } from './sentence.ts';

/** One filter of seccomp.img as it is found without looking into it. */
export interface SeccompFilterFacts {
  /** Position in seccomp.img: what threads and other filters refer to. */
  readonly index: number;
  readonly instructions: number;
  /** Names of SECCOMP_FILTER_FLAG_*, without that prefix; a bit without a name is hexadecimal. */
  readonly flags: readonly string[];
  /** In the chain of a thread: the filter that was there before it, and is asked as well. */
  readonly previous?: number;
  /** The first filter with the same program. */
  readonly sameAs?: number;
  /** Where its message starts in the image, bytes. */
  readonly offset: number;
}

/**
 * The filters that decide on a thread's calls: the last one added first. Where all threads have the same ones CRIU
 * leaves them out of the images of all but the leading one: here they are told of each.
 */
export interface SeccompState {
  readonly mode: 'disabled' | 'strict' | 'filter' | 'unknown';
  /** A mode that no kernel of today has. */
  readonly modeNumber?: number;
  readonly filters: readonly SeccompFilterFacts[];
}

/** One instruction. */
export interface SeccompLine {
  readonly index: number;
  /** Code, both jump distances and the operand, in hexadecimal: `0015 00 01 c000003e`. */
  readonly raw: string;
  readonly text: string;
  /** Why a kernel would not have accepted it. */
  readonly problem?: Sentence;
}

export interface SeccompListing {
  readonly filter: SeccompFilterFacts;
  readonly lines: readonly SeccompLine[];
  /** Bytes at the end that are no whole instruction, or instructions beyond what a kernel takes. */
  readonly left?: Sentence;
}

/** Calls for which the filters give the same answer. */
export interface SeccompGroup {
  /** `ALLOW`, `ERRNO(EPERM)` …; several where the answer depends on the call's arguments. */
  readonly actions: readonly string[];
  /** Names of calls, sorted. */
  readonly calls: readonly string[];
}

/** What a thread's filters answer to the calls of one architecture. */
export interface SeccompVerdict {
  /** As the kernel's AUDIT_ARCH_ constants, without that prefix. */
  readonly architecture: string;
  /** The answer to a call that has no number yet. */
  readonly otherCalls: readonly string[];
  /** Empty where the names of an architecture's calls are not known. */
  readonly groups: readonly SeccompGroup[];
}

export interface SeccompSummary {
  /** Architectures that the filters ask for, in the order in which they do; the process's own is always among them. */
  readonly verdicts: readonly SeccompVerdict[];
  /** The answer to a call of any other architecture. */
  readonly otherArchitectures: readonly string[];
  /** False where the filters have more ways than were followed: then an answer may be missing. */
  readonly complete: boolean;
}
