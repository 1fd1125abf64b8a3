import type { Handlers } from './channel.ts';
import type { CheckpointApi, CheckpointEvents } from './checkpoint-api.ts';
import type { CopyFormat } from './grid.ts';
import type { Place } from './place.ts';
import { toWire, type Wire } from './wire.ts';

/** The checkpoint's questions that the page may ask; the host passes them on as they are. */
export const PAGE_QUESTIONS = [
  'overview',
  'notes',
  'grid',
  'process',
  'processName',
  'descriptor',
  'mount',
  'socket',
  'connections',
  'isolation',
  'isolationThreads',
  'sharing',
  'seccompSummary',
  'logFiles',
  'logProblems',
  'logRecord',
  'change',
  'changeSizes',
  'rawEntry',
  'factPlace',
  'memoryProcesses',
  'memoryOutline',
  'memoryRead',
  'memoryRegisters',
  'searchPrepare',
  'searchStart',
  'searchState',
  'searchStop',
  'searchDrop',
] as const satisfies readonly (keyof CheckpointApi)[];

export type PageQuestion = (typeof PAGE_QUESTIONS)[number];

type PassedOn = {
  readonly [Name in PageQuestion]: (
    ...args: Parameters<CheckpointApi[Name]>
  ) => Promise<Wire<Awaited<ReturnType<CheckpointApi[Name]>>>>;
};

/** What the page asks the host: the checkpoint's questions, and what only the host can do. */
export interface PageApi extends PassedOn {
  /** What the page needs before it paints. Rejects with the reason why the checkpoint cannot be opened. */
  start(): Promise<PageStart>;
  copy(...args: Parameters<CheckpointApi['copy']>): Promise<void>;
  copyText(text: string): Promise<void>;
  /** Opens a path of the file view in an ordinary editor. */
  openFile(path: string): Promise<void>;
  saveFile(path: string): Promise<void>;
  /** Asks where to, and writes what a search has found. */
  saveSearch(id: string): Promise<void>;
  /** Computes the archive's hash in the background; progress comes as an event. */
  hash(): Promise<string>;
  showLog(): Promise<void>;
  /** Begins with what a restore to a sandbox would do. */
  restore(): Promise<void>;
  /** Opens the checkpoint again, after a failure. */
  retry(): Promise<void>;
}

export interface PageStart {
  /** As its owner would name it. */
  readonly title: string;
  readonly locator: string;
  /** Translations by English template; empty for English. */
  readonly strings: Readonly<Record<string, string>>;
}

export interface PageEvents extends CheckpointEvents {
  /** Go there. */
  show: Place;
  /** Show the search, with the keyboard in it. */
  openSearch: null;
  /** Copy the rows selected in the grid that is shown: the host's menu was used, and only the page knows the selection. */
  copyRows: { readonly format: CopyFormat };
}

/** Handlers of the questions that are passed on; what `ask` brings is made fit for the page's channel. */
export function passOn(
  ask: (question: PageQuestion, signal: AbortSignal, args: readonly unknown[]) => unknown,
): Handlers<PassedOn> {
  const handlers = PAGE_QUESTIONS.map((question) => [
    question,
    async (signal: AbortSignal, ...args: readonly unknown[]) => toWire(await ask(question, signal, args)),
  ]);
  return Object.fromEntries(handlers) as Handlers<PassedOn>;
}
