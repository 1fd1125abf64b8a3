import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { CheckpointError, isCancelled, type Reason } from '../errors.ts';

/** What would make it work: a sentence, and where there is something to copy, that. */
export interface Remedy {
  readonly text: Sentence;
  /** To be pasted as it is: a manifest, lines of a configuration file, a command. */
  readonly copy?: { readonly form: 'yaml' | 'toml' | 'shell'; readonly text: string };
  /** The setting of the editor in which to choose something else. */
  readonly setting?: 'helper.namespace' | 'helper.image';
}

/** A failure in a row below the name of what failed: it says the cause first, because the end is cut off. */
export interface Brief {
  /** Two or three words. */
  readonly label: Sentence;
  /** What they leave open, not a whole sentence. */
  readonly detail: Sentence;
}

export function brief(label: Sentence, detail: Sentence): Brief {
  return { label, detail };
}

/** More about a failure of a cluster than its sentence says. */
export interface ClusterErrorFacts {
  readonly remedy?: Remedy;
  readonly brief?: Brief;
  /** The answer's HTTP status. */
  readonly status?: number;
  /** What the server, the kubelet, the runtime or a credential plugin said itself, without secrets and bounded. */
  readonly said?: string;
  readonly where?: string;
  readonly cause?: unknown;
  /** True for what another attempt may mend by itself: a connection that broke off, a server that is busy. */
  readonly isPassing?: boolean;
}

/** Why a cluster did not do something. Nothing in it, its cause included, holds a credential. */
export class ClusterError extends CheckpointError {
  readonly remedy: Remedy | undefined;
  readonly brief: Brief | undefined;
  readonly status: number | undefined;
  readonly said: string | undefined;
  readonly isPassing: boolean;

  constructor(reason: Reason, text: Sentence, facts: ClusterErrorFacts = {}) {
    super(reason, text, {
      ...(facts.where !== undefined && { where: facts.where }),
      ...(facts.cause !== undefined && { cause: facts.cause }),
    });
    this.remedy = facts.remedy;
    this.brief = facts.brief;
    this.status = facts.status;
    this.said = facts.said;
    this.isPassing = facts.isPassing ?? false;
  }

  static override is(error: unknown, reason?: Reason): error is ClusterError {
    return error instanceof ClusterError && (reason === undefined || error.reason === reason);
  }
}

/** What a failure says, for who shows it and does not know its class. */
export interface FailureFacts {
  readonly reason: Reason;
  readonly text: Sentence;
  readonly remedy?: Remedy;
  readonly said?: string;
}

/** Of what the functions of this folder throw; undefined for a mistake in the program. */
export function factsOf(error: unknown): FailureFacts | undefined {
  if (isCancelled(error)) return { reason: 'cancelled', text: CANCELLED };
  if (!CheckpointError.is(error)) return undefined;
  const { remedy, said } = error instanceof ClusterError ? error : {};
  return {
    reason: error.reason,
    text: error.sentence,
    ...(remedy && { remedy }),
    ...(said !== undefined && { said }),
  };
}

const CANCELLED = sentence('The work was cancelled.');
