import type { Sentence } from './sentence.ts';

/** What becomes of TCP connections that were established. */
export type TcpChoice = 'close' | 'established';

/** One thing that was looked at before a restore. */
export interface ReviewFinding {
  readonly id: string;
  readonly verdict: 'ok' | 'warning' | 'blocker';
  readonly reason: Sentence;
  /** What would make it work, or safe. */
  readonly remedy?: Sentence;
  /** Blocks only until the person agrees. */
  readonly canBeAgreedTo?: boolean;
}

/** One thing that a restore will do. */
export interface ReviewStep {
  readonly what: Sentence;
  /** A command line for a POSIX shell. */
  readonly command?: string;
  /** What is given to it, or to a cluster. */
  readonly content?: string;
}

/** How a node gets an archive: as an image from a registry, or from its own disk by the checkpoint-restore-operator. */
export type ClusterWay = 'image' | 'operator';

/** Where in which cluster a person wants it, and how the nodes get it. */
export interface ClusterWishes {
  readonly context: string;
  readonly way: ClusterWay;
  /** Empty: the first that fits. */
  readonly node: string;
  readonly namespace: string;
  /** Make it if it is not there, and remove it with the sandbox. */
  readonly createNamespace: boolean;
  /** `HOST/NAME:TAG`: where the image is put. */
  readonly image: string;
  /** Name of a secret with which nodes pull it; empty: none. */
  readonly pullSecret: string;
  /** Minutes after which the cluster ends it. */
  readonly lifetime: number;
  /** Delete the pod that was checkpointed, as soon as what was restored of it runs. */
  readonly move: boolean;
}

/** Where the operator would restore an archive, or why it would not. */
export type OperatorChoice =
  | { readonly node: string; /** Of the pod: the operator takes no other. */ readonly namespace?: string }
  | { readonly missing: Sentence };

/** The pod that was checkpointed, where it is still there, or why what is there is not it. */
export type OriginalChoice =
  | {
      /** `NAMESPACE/NAME`: what is typed to have it deleted. */ readonly name: string;
      /** What makes another one. */ readonly owner?: string;
    }
  | { readonly missing: Sentence };

/** A node, as one chooses among them. */
export interface NodeChoice {
  readonly name: string;
  /** `cri-o 1.37.0` */
  readonly runtime: string;
  readonly architecture: string;
  /** It takes pods now. */
  readonly isReady: boolean;
  /** Its runtime and architecture are those of the archive. */
  readonly fits: boolean;
}

/** What a person chooses about a restore in a cluster. */
export interface ClusterChoices {
  readonly wishes: ClusterWishes;
  readonly contexts: readonly { readonly name: string; readonly server?: string }[];
  /** Empty where they are not known. */
  readonly nodes: readonly NodeChoice[];
  /** Those that are known; there may be others. */
  readonly namespaces: readonly string[];
  /** Only of a cluster that has the operator. */
  readonly operator?: OperatorChoice;
  /** Absent where there is nothing to move. */
  readonly original?: OriginalChoice;
}

/** All that a person should know before a restore starts. */
export interface RestoreReview {
  /** Names what would be done; null where that cannot be said. */
  readonly plan: string | null;
  /** What the container is called. */
  readonly name: string;
  /** Of the archive. */
  readonly locator: string;
  /** Where it would be restored: `Podman 5.8.6` … */
  readonly place: string;
  /** What stands in the way first. */
  readonly findings: readonly ReviewFinding[];
  readonly tcp: {
    readonly choice: TcpChoice | undefined;
    /** The connections that it is about; without any there is nothing to choose. */
    readonly connections: number;
  };
  readonly steps: readonly ReviewStep[];
  /** Only of a restore in a cluster. */
  readonly cluster?: ClusterChoices;
  /** What is said of where the bytes come from. */
  readonly remark?: Sentence;
  /** Why it cannot even be said what would be done. */
  readonly noPlan?: Sentence;
}

/** Why a restore did not work. */
export interface RestoreFailure {
  readonly text: Sentence;
  /** The lines of logs that decided, with what they mean where that is known. */
  readonly causes: readonly { readonly line: string; readonly meaning?: Sentence }[];
  /** There is more to read. */
  readonly hasLog: boolean;
}

/** What the page of a restore asks the host. */
export interface RestorePageApi {
  start(): Promise<{ readonly review: RestoreReview; readonly strings: Readonly<Record<string, string>> }>;
  /** What it would be with another choice. */
  choose(tcp: TcpChoice): Promise<RestoreReview>;
  /** What it would be elsewhere in a cluster. */
  place(wishes: ClusterWishes): Promise<RestoreReview>;
  /**
   * Restores. The page is closed where it worked.
   * @param plan what the person has seen; nothing else is done
   * @param agreed ids of the findings that the person agreed to
   * @param confirmed what the person typed to have the original deleted; empty where nothing is moved
   * @returns why it did not work; null where it did, or was cancelled
   */
  run(plan: string, agreed: readonly string[], confirmed: string): Promise<RestoreFailure | null>;
  /** Ends what is under way. */
  stop(): Promise<void>;
  /** Puts what would be done into the clipboard. */
  copy(): Promise<void>;
  /** Shows all that was said about a failure. */
  showFailure(): Promise<void>;
  close(): Promise<void>;
}

export interface RestorePageEvents {
  doing: RestoreProgress;
}

/** What is being done. */
export interface RestoreProgress {
  readonly what: Sentence;
  /** How far it is, in words. */
  readonly how?: Sentence;
  /** From 0 to 1; absent where it is not known. */
  readonly share?: number;
}
