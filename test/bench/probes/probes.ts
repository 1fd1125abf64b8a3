import type { TypedPattern } from '../../../src/protocol/search.ts';
import type { Input } from '../inputs.ts';
import type { Usage } from './usage.ts';

/** Milliseconds since the worker has the locator, until each of them shows what the archive holds. */
export interface Shown {
  readonly overview: number;
  readonly processes: number;
}

/** Milliseconds. */
export interface Opening extends Shown, Usage {
  /** Until the thread runs. */
  readonly start: number;
}

/** Milliseconds. */
export interface ListedChanges extends Usage {
  readonly first: number;
  readonly sorted: number;
  readonly filtered: number;
}

export interface Decompression extends Shown, Usage {
  /** Milliseconds until all of the archive is there. */
  readonly complete: number;
}

export interface Hashing extends Usage {
  readonly milliseconds: number;
  readonly hex: string;
}

/** One search. */
export interface Searched {
  /** Milliseconds until it had ended, and until the first result was told. */
  readonly milliseconds: number;
  readonly first?: number;
  readonly found: number;
}

export interface Searching extends Usage {
  /** In the order of the patterns. */
  readonly searched: readonly Searched[];
}

/** Going through a checkpoint that is shown already. */
export interface Exploring extends Usage {
  /** Milliseconds: the first window of all open files; the address space of a process; a window of memory. */
  readonly files: number;
  readonly outlines: readonly number[];
  readonly windows: readonly number[];
}

export interface Activation {
  /** Milliseconds. */
  readonly load: number;
  readonly activate: number;
  /** Files that were loaded beside the extension's own bundle. */
  readonly files: readonly string[];
  /** Node's own modules that it asked for. */
  readonly builtins: readonly string[];
}

export interface ClusterDownload extends Usage {
  readonly milliseconds: number;
  /** Milliseconds of a client that throws the same bytes away. */
  readonly bare: number;
  /** Milliseconds of `kubectl exec -- cat > FILE`, where there is one. */
  readonly kubectl?: number;
  /** With the SHA-256 of both files and a sync after it. */
  readonly kubectlChecked?: number;
  /** Milliseconds of processor time of either. */
  readonly processor: number;
  readonly bareProcessor: number;
  readonly bytes: number;
}

export interface ClusterLists {
  /** Milliseconds until the first page is there. */
  readonly page: number;
  /** Milliseconds until a bare client has its bytes. */
  readonly answered: number;
  /** Growth of the process, bytes. */
  readonly memory: number;
  readonly connections: number;
}

interface OfArchive {
  readonly input: Input;
  /** Folder for what is decompressed. */
  readonly spill: string;
}

/** What each probe is asked and answers. A probe is the file of its name, run in a process of its own. */
export interface Probes {
  opening: { question: OfArchive; answer: Opening };
  /** `path`: where it may make an empty file. */
  nothing: { question: { readonly path: string; readonly spill: string }; answer: Usage };
  changes: { question: OfArchive; answer: ListedChanges };
  decompression: { question: OfArchive; answer: { readonly first: Decompression; readonly second: Decompression } };
  hashing: { question: OfArchive; answer: Hashing };
  searching: { question: OfArchive & { readonly patterns: readonly TypedPattern[] }; answer: Searching };
  exploring: { question: OfArchive & { readonly seed: number }; answer: Exploring };
  activation: { question: { readonly storage: string }; answer: Activation };
  'cluster-download': {
    question: { readonly kubeconfig: string; readonly target: string };
    answer: ClusterDownload;
  };
  'cluster-open': {
    /** Whether it is read as if nothing could be asked for before the last answer is there. */
    question: OfArchive & { readonly kubeconfig: string; readonly isSerial: boolean };
    answer: OpenedInPlace;
  };
  'cluster-lists': { question: { readonly kubeconfig: string }; answer: ClusterLists };
}

/** Milliseconds until the first paint, and bytes that were moved for it. */
export interface OpenedInPlace {
  readonly milliseconds: number;
  readonly bytes: number;
}

export type ProbeName = keyof Probes;

/** What the bench asks the probe that runs here. */
export function question<Name extends ProbeName>(_probe: Name): Probes[Name]['question'] {
  return JSON.parse(process.argv[2] ?? '{}') as Probes[Name]['question'];
}

/** Answers, once. */
export function answer<Name extends ProbeName>(_probe: Name, value: Probes[Name]['answer']): void {
  process.stdout.write(JSON.stringify(value));
}
