import type { CheckpointApi, CheckpointEvents } from './checkpoint-api.ts';
import type { CopyFormat } from './grid.ts';
import type { Overview } from './overview.ts';
import type { Wire } from './wire.ts';

/** The tabs of the editor. */
export type TabName = 'overview' | 'processes' | 'mounts' | 'filesystem';

/** What the page asks the host: the checkpoint's questions, and what only the host can do. */
export interface PageApi extends Pick<CheckpointApi, 'notes' | 'grid' | 'process' | 'mount' | 'change'> {
  overview(): Promise<Wire<Overview>>;
  /** What the page needs before it paints. Rejects with the reason why the checkpoint cannot be opened. */
  start(): Promise<PageStart>;
  copy(...args: Parameters<CheckpointApi['copy']>): Promise<void>;
  copyText(text: string): Promise<void>;
  /** Opens a path of the file view in an ordinary editor. */
  openFile(path: string): Promise<void>;
  saveFile(path: string): Promise<void>;
  /** Computes the archive's hash in the background; progress comes as an event. */
  hash(): Promise<string>;
  showLog(): Promise<void>;
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
  /** Show this tab, and select this row in it. */
  show: { readonly tab: TabName; readonly row?: string };
  /** Copy the rows selected in the grid that is shown: the host's menu was used, and only the page knows the selection. */
  copyRows: { readonly format: CopyFormat };
}
