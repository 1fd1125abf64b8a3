import type { Sentence } from '../../../protocol/sentence.ts';
import type { CheckpointFacts } from '../compatibility/checkpoint-facts.ts';
import type { ImageSource } from '../image/write-image.ts';
import type { RestoreChoices, TargetFacts, TargetKind } from '../compatibility/target-facts.ts';

/** What is to be restored. */
export interface Subject {
  /** Of the archive, for the person. */
  readonly locator: string;
  /** The archive as a file of this machine, where it is one. */
  readonly path?: string;
  readonly facts: CheckpointFacts;
  readonly checkpoint: ImageSource;
}

/** One thing that a restore will do, as it will do it. */
export interface Step {
  readonly what: Sentence;
  /** Words of a command. */
  readonly command?: readonly string[];
  /** An object of a cluster, as YAML. */
  readonly manifest?: string;
}

/** All that a restore will do: nothing else happens. */
export interface Plan {
  readonly kind: TargetKind;
  /** Of the sandbox, see {@link SandboxRecord}. */
  readonly id: string;
  readonly steps: readonly Step[];
}

/** What is written down about a sandbox before anything of it is made, so that it can be taken away. */
export interface SandboxRecord {
  /** Small letters and digits. */
  readonly id: string;
  readonly kind: TargetKind;
  /** Of the container or pod. */
  readonly name: string;
  readonly locator: string;
  /** RFC 3339. */
  readonly created: string;
  /** Where it is: the words before its commands, or the context of the cluster. */
  readonly prefix?: readonly string[];
  readonly context?: string;
  readonly server?: string;
  readonly namespace?: string;
  /** When the place ends it by itself, RFC 3339. */
  readonly expires?: string;
  /** Everything else that was made for it and goes with it. */
  readonly things: readonly Thing[];
}

export interface Thing {
  readonly kind: 'file' | 'folder' | 'volume' | 'network-policy' | 'namespace' | 'pod-restore' | 'pod-sandbox';
  readonly name: string;
}

export type SandboxState = 'running' | 'ended' | 'gone' | 'unknown';

/** A way to bring a checkpoint back to life. One that failed half way leaves nothing that `remove` does not find. */
export interface Sandbox {
  readonly kind: TargetKind;
  /** What is known of the place. @throws CheckpointError `not-found` where nothing of the kind is there */
  detect(subject: Subject, signal?: AbortSignal): Promise<TargetFacts>;
  /** What would be done. Nothing is touched. */
  plan(subject: Subject, target: TargetFacts, choices: RestoreChoices): Plan;
  /**
   * Does what the plan says. What was made is taken away again where it fails or is cancelled.
   * @throws RestoreFailed with why, CheckpointError `cancelled`
   */
  run(plan: Plan, subject: Subject, options?: RunOptions): Promise<SandboxRecord>;
  state(record: SandboxRecord, signal?: AbortSignal): Promise<SandboxState>;
  /** The end of what it printed. */
  logs(record: SandboxRecord, signal?: AbortSignal): Promise<string>;
  /** Takes everything away. What is gone already is as good as removed. @throws CheckpointError where something stays */
  remove(record: SandboxRecord, signal?: AbortSignal): Promise<void>;
}

/** What can be done with a sandbox that is there. */
export type MadeSandbox = Pick<Sandbox, 'state' | 'logs' | 'remove'>;

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((what: Sentence, amount?: Amount) => void) | undefined;
}

/** How far something is that takes long, in bytes. */
export interface Amount {
  readonly done: number;
  /** Undefined where nobody knows yet. */
  readonly total: number | undefined;
}
