import { escapeText } from '../../../protocol/format.ts';
import { escapeMarkdown, type Translate } from '../../archives/archive-row.ts';
import { headline } from './trouble-text.ts';

export type { Translate };

/** How rows are written: in whose language, and when. */
export interface Wording {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly locale: string;
  readonly translate: Translate;
  /** The sentence of a failure. */
  readonly words: (error: unknown) => string;
  /** The same for a narrow row, of failures that have it so. */
  readonly brief: (error: unknown) => { readonly label: string; readonly detail: string } | undefined;
}

/** What one row of the view says, as plain text; the tooltip as Markdown. */
export interface Row {
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
  /** What a screen reader says, where it is not label and description. */
  readonly spoken?: string;
  /** A codicon and, where it tells a state, its colour. */
  readonly icon: string;
  readonly color?: string;
  /** What menus offer on it: words with dots between them. */
  readonly context: string;
  /** What a click does, beside selecting it. */
  readonly command?: RowCommand;
}

/** A command of this extension, without the prefix. It gets the node. */
export interface RowCommand {
  readonly name: string;
  readonly title: string;
}

/** A row of the view. The same object stands for the same thing as long as that is shown. */
export interface TreeNode {
  /** Names the thing in the whole tree, and never holds what changes. */
  readonly id: string;
  readonly parent: TreeNode | undefined;
  readonly expandable: boolean;
  row(wording: Wording): Row;
}

/** A row that others hang on. */
export interface BranchNode extends TreeNode {
  readonly expandable: true;
  /** What is there, asked for at most once until {@link forget}. What goes wrong is a row, too. */
  children(): Promise<readonly TreeNode[]>;
  /** The next time it is all asked for anew. */
  forget(): void;
}

/** A branch that can be kept current while somebody looks at it. */
export interface WatchingNode extends BranchNode {
  watch(isSeen: boolean): void;
}

export function isBranch(node: TreeNode): node is BranchNode {
  return node.expandable;
}

export function isWatching(node: TreeNode): node is WatchingNode {
  return node.expandable && 'watch' in node;
}

/** Loads its children once, and shows why they cannot be shown. */
export abstract class Branch implements BranchNode {
  readonly expandable = true;
  abstract readonly id: string;
  abstract readonly parent: TreeNode | undefined;
  #children: Promise<readonly TreeNode[]> | undefined;

  abstract row(wording: Wording): Row;

  /** @throws whatever is to be shown as a row */
  protected abstract load(): Promise<readonly TreeNode[]>;

  children(): Promise<readonly TreeNode[]> {
    if (this.#children) return this.#children;
    const loading = this.load().catch((error: unknown) => this.failed(error));
    this.#children = loading;
    return loading;
  }

  /** Told of a failure before it is shown. */
  protected failed(error: unknown): readonly TreeNode[] {
    return [new ErrorNode(this, error)];
  }

  forget(): void {
    this.#children = undefined;
  }
}

/**
 * Why a branch cannot be shown, the cause first: what it is about stands in the row above, and the sidebar may be narrow.
 * Its context has the reason, so that menus can offer what helps.
 */
export class ErrorNode implements TreeNode {
  readonly expandable = false;
  readonly id: string;
  readonly parent: TreeNode;
  readonly error: unknown;

  constructor(parent: TreeNode, error: unknown) {
    this.parent = parent;
    this.error = error;
    this.id = `${parent.id}/!`;
  }

  get reason(): string {
    const { error } = this;
    return typeof error === 'object' && error !== null && 'reason' in error ? String(error.reason) : 'internal';
  }

  row({ words, brief, translate }: Wording): Row {
    const sentence = words(this.error);
    const { label, detail } = brief(this.error) ?? { label: headline(this.reason, translate), detail: sentence };
    return {
      label: escapeText(label),
      description: escapeText(detail),
      spoken: sentence,
      tooltip: escapeMarkdown(sentence),
      icon: this.reason === 'forbidden' || this.reason === 'untrusted' ? 'lock' : 'warning',
      color: 'list.warningForeground',
      context: `error.${this.reason}`,
      command: { name: 'mendCluster', title: translate('Show what helps') },
    };
  }
}

/** A row that says something, and perhaps does something when it is clicked. */
export class NoteNode implements TreeNode {
  readonly expandable = false;
  readonly id: string;
  readonly parent: TreeNode;
  readonly #row: (wording: Wording) => Omit<Row, 'tooltip' | 'description'> & Partial<Row>;

  constructor(
    parent: TreeNode,
    name: string,
    row: (wording: Wording) => Omit<Row, 'tooltip' | 'description'> & Partial<Row>,
  ) {
    this.parent = parent;
    this.id = `${parent.id}/${name}`;
    this.#row = row;
  }

  row(wording: Wording): Row {
    const row = this.#row(wording);
    return { description: '', tooltip: escapeMarkdown(row.label), ...row };
  }
}

/** A table for a tooltip; what is not known is left out. */
export function factTable(rows: readonly (readonly [string, string | undefined])[]): string {
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
  const lines = known.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |`);
  return ['| | |', '|---|---|', ...lines].join('\n');
}

/** A time span as lists show it: `12s`, `5m`, `3h`, `12d`. Empty for what is no time. */
export function shortAge(rfc3339: string | undefined, now: number): string {
  const seconds = Math.floor((now - Date.parse(rfc3339 ?? '')) / 1000);
  if (Number.isNaN(seconds)) return '';
  if (seconds < 0) return '0s';
  // A row that changes each second would be drawn each second.
  if (seconds < 60) return '<1m';
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))}m`;
  if (seconds < 172_800) return `${String(Math.floor(seconds / 3600))}h`;
  return `${String(Math.floor(seconds / 86_400))}d`;
}
