import { readdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { Disposable, onDispose } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import type { OpenRemote } from '../sessions/remote-files.ts';
import { TreeChanges } from '../tree-changes.ts';
import { SANDBOX_COMMANDS } from './sandbox-commands.ts';
import type { SandboxPart, SandboxPartOptions } from './sandbox-part.ts';
import { sandboxRow, type SandboxItem } from './sandbox-row.ts';

export const VIEW = 'checkpointExplorer.sandboxes';

/** Milliseconds between two looks at what became of the sandboxes, while somebody looks at the view. */
const LOOK_AGAIN = 15_000;

export interface SandboxesViewOptions extends Omit<SandboxPartOptions, 'onChanged' | 'reveal'> {
  readonly errors: Errors;
}

/**
 * The view "Sandboxes" and the commands about them. What they need is loaded when there is a sandbox to look at, or a
 * command is used.
 */
export class SandboxesView extends Disposable implements vscode.TreeDataProvider<SandboxItem> {
  readonly #options: SandboxesViewOptions;
  readonly #changed = this.own(new vscode.EventEmitter<undefined>());
  readonly #changes = this.own(
    new TreeChanges<SandboxItem>({
      tell: () => this.#changed.fire(undefined),
      unfolded: () => (this.#view.visible ? [undefined] : []),
    }),
  );
  readonly #view: vscode.TreeView<SandboxItem>;
  readonly onDidChangeTreeData = this.#changed.event;
  #part: Promise<SandboxPart> | undefined;

  constructor(options: SandboxesViewOptions) {
    super();
    this.#options = options;
    for (const name of SANDBOX_COMMANDS) {
      const handler = async (argument: unknown): Promise<void> => {
        await (await this.part()).commands[name](argument);
      };
      this.own(vscode.commands.registerCommand(`checkpointExplorer.${name}`, options.errors.guard(handler)));
    }
    this.#view = this.own(vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: false }));
    this.own(this.#view.onDidChangeVisibility(() => this.#look()));
    this.own(vscode.workspace.onDidGrantWorkspaceTrust(() => this.#look()));
    const looking = setInterval(() => this.#look(), LOOK_AGAIN);
    this.own(onDispose(() => clearInterval(looking)));
  }

  /** Everything behind the view, loaded now if it was not. */
  part(): Promise<SandboxPart> {
    this.#part ??= this.#load();
    return this.#part;
  }

  /** Gives the bytes of an archive in a registry. */
  readonly openRemote: OpenRemote = async (locator, signal) => (await this.part()).openRemote(locator, signal);

  async getChildren(item?: SandboxItem): Promise<SandboxItem[]> {
    this.#changes.asked(item);
    if (item || !(await this.#hasAny())) return [];
    return [...(await (await this.part()).list.items())];
  }

  getTreeItem(item: SandboxItem): vscode.TreeItem {
    const row = sandboxRow(item, {
      now: Date.now(),
      locale: vscode.env.language,
      translate: (template, ...args) => vscode.l10n.t(template, ...args),
    });
    const tree = new vscode.TreeItem(row.label);
    tree.id = item.record.id;
    tree.description = row.description;
    tree.tooltip = new vscode.MarkdownString(row.tooltip);
    tree.iconPath = new vscode.ThemeIcon(
      row.icon,
      row.color === undefined ? undefined : new vscode.ThemeColor(row.color),
    );
    tree.contextValue = row.context;
    tree.accessibilityInformation = { label: `${row.label}, ${row.description}` };
    return tree;
  }

  /** Rows have nothing above them: with this one can be shown. */
  getParent(): undefined {
    return undefined;
  }

  async #load(): Promise<SandboxPart> {
    const { SandboxPart } = await import('./sandbox-part.ts');
    return this.own(
      new SandboxPart({
        ...this.#options,
        onChanged: () => this.#changes.changed(),
        reveal: (item) => this.#reveal(item),
      }),
    );
  }

  /** VS Code refuses where it draws the rows anew just then; that a sandbox is there is no less true without it. */
  async #reveal(item: SandboxItem): Promise<void> {
    try {
      await this.#view.reveal(item, { select: true, focus: true });
    } catch (error) {
      this.#options.errors.note(error);
    }
  }

  /** Other windows make and remove sandboxes, too. */
  #look(): void {
    if (!this.#view.visible) return;
    if (this.#part) void this.#part.then((part) => part.list.look());
    else this.#changes.changed();
  }

  async #hasAny(): Promise<boolean> {
    if (this.#part) return true;
    const names = await readdir(this.#options.journal).catch(() => []);
    return names.some((name) => name.endsWith('.json'));
  }
}
