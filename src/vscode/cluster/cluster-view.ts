import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { ContextFacts } from '../../core/cluster/cluster.ts';
import { Disposable, onDispose } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import type { Log } from '../log.ts';
import type { OpenRemote } from '../sessions/remote-files.ts';
import { TreeChanges } from '../tree-changes.ts';
import { CLUSTER_COMMANDS, ROW_COMMANDS } from './cluster-commands.ts';
import type { Connection } from './connections.ts';
import type { ClusterPart, ClusterPartOptions } from './cluster-part.ts';
import { CLICK_COMMAND, treeItem } from './tree-item.ts';
import type { Row, TreeNode, Wording } from './tree/node.ts';

export const VIEW = 'checkpointExplorer.clusters';

const FILTERED_CONTEXT = 'checkpointExplorer.clustersFiltered';

/** Ages are told in minutes. */
const AGE_MS = 60_000;

/** Milliseconds from the start until helper pods that a crash has left are looked for. */
const AFTER_START = 8000;

/** Milliseconds that the rows may take to be drawn anew. */
const REDRAWN = 2000;

export interface ClusterViewOptions extends Omit<ClusterPartOptions, 'onChanged' | 'onFilter' | 'reveal'> {
  readonly log: Log;
}

/**
 * The view "Clusters" and its commands. What they need is loaded when somebody looks at the view or uses a command, so
 * that windows in which nobody does start as if there were no clusters.
 */
export class ClusterView extends Disposable implements vscode.TreeDataProvider<TreeNode> {
  readonly #options: ClusterViewOptions;
  readonly #changed = this.own(new vscode.EventEmitter<TreeNode | undefined>());
  readonly #changes = this.own(
    new TreeChanges<TreeNode>({
      tell: (node) => this.#changed.fire(node),
      unfolded: (node) => this.#unfolded(node),
    }),
  );
  readonly #view: vscode.TreeView<TreeNode>;
  readonly onDidChangeTreeData = this.#changed.event;
  #part: Promise<ClusterPart> | undefined;
  #loaded: ClusterPart | undefined;

  constructor(options: ClusterViewOptions) {
    super();
    this.#options = options;
    const { errors } = options;
    for (const name of CLUSTER_COMMANDS) {
      const handler = async (argument: unknown, selected: unknown): Promise<void> => {
        if (argument === undefined && ROW_COMMANDS.has(name)) this.#lost();
        else await (await this.part()).commands[name](argument, selected);
      };
      this.own(vscode.commands.registerCommand(`checkpointExplorer.${name}`, errors.guard(handler)));
    }
    this.own(
      vscode.commands.registerCommand(
        CLICK_COMMAND,
        errors.guard(() => this.#clicked()),
      ),
    );
    this.#view = this.own(
      vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true, canSelectMany: true }),
    );
    this.own(this.#view.onDidChangeVisibility(({ visible }) => this.#withTree((part) => part.tree.visible(visible))));
    this.own(
      this.#view.onDidExpandElement(({ element }) => this.#withTree((part) => part.tree.unfolded(element, true))),
    );
    this.own(
      this.#view.onDidCollapseElement(({ element }) => this.#withTree((part) => part.tree.unfolded(element, false))),
    );
    const ageing = setInterval(() => this.#view.visible && this.#part && this.#changes.changed(), AGE_MS);
    const sweeping = setTimeout(() => void this.#sweep(), AFTER_START);
    this.own(
      onDispose(() => {
        clearInterval(ageing);
        clearTimeout(sweeping);
      }),
    );
  }

  /** Everything behind the view, loaded now if it was not. */
  part(): Promise<ClusterPart> {
    this.#part ??= this.#load();
    return this.#part;
  }

  /** Gives the bytes of an archive on a node. */
  readonly openRemote: OpenRemote = async (locator, signal) => (await this.part()).openRemote(locator, signal);

  /** The clusters of the kubeconfig, for who restores in them; connections are the view's own. */
  readonly clusters = {
    contexts: async (): Promise<readonly ContextFacts[]> => (await this.part()).connections.contexts(),
    connect: async (context: string): Promise<Connection> => {
      const { connections } = await this.part();
      // Empty: the current one.
      return connections.connect(context === '' ? undefined : context);
    },
    allowHelpers: async (context: string): Promise<boolean> => (await this.part()).archives.allowHelpers(context),
  };

  /** The archive on a node that a row stands for, where the person lets it be read. Other arguments mean nothing here. */
  async archiveOf(argument: unknown): Promise<{ readonly locator: string; readonly isFolder: false } | undefined> {
    // Rows come from what is loaded by then.
    const locator = await this.#part?.then((part) => part.archives.locator(argument));
    return locator === undefined ? undefined : { locator, isFolder: false };
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    this.#changes.asked(node);
    const { tree } = await this.part();
    return [...(await tree.children(node))];
  }

  async getTreeItem(node: TreeNode): Promise<vscode.TreeItem> {
    (await this.part()).shown(node);
    return treeItem(node, this.row(node));
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  /** What a row says now. */
  row(node: TreeNode): Row {
    return node.row(wording(this.#options.errors));
  }

  /** Resolves when helper pods are gone. */
  async end(): Promise<void> {
    await this.#part?.then((part) => part.end());
  }

  async #load(): Promise<ClusterPart> {
    const { ClusterPart } = await import('./cluster-part.ts');
    const part = this.own(
      new ClusterPart({
        ...this.#options,
        onChanged: (node) => this.#changes.changed(node),
        onFilter: (text) => {
          this.#view.description = text;
          void vscode.commands.executeCommand('setContext', FILTERED_CONTEXT, text !== '');
        },
        reveal: async (node) => {
          await this.#view.reveal(node, { select: true, focus: true, expand: true });
        },
      }),
    );
    this.#loaded = part;
    part.tree.visible(this.#view.visible);
    return part;
  }

  #unfolded(node: TreeNode | undefined): readonly (TreeNode | undefined)[] {
    const below = this.#loaded?.tree.unfoldedBelow(node) ?? [];
    return node === undefined && this.#view.visible ? [undefined, ...below] : below;
  }

  async #clicked(): Promise<void> {
    // VS Code finds no row that it is just taking in anew; it remembers which one is selected.
    for (const until = Date.now() + REDRAWN; this.#view.selection.length === 0 && Date.now() < until;) await sleep(20);
    const [node, ...others] = this.#view.selection;
    const command = node && others.length === 0 ? this.row(node).command : undefined;
    if (node && command) await vscode.commands.executeCommand(`checkpointExplorer.${command.name}`, node);
    else this.#lost();
  }

  /** The menu was that of a row that VS Code no longer knows: it says so, rather than nothing at all. */
  #lost(): void {
    this.#changes.changed();
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The rows were being drawn anew, so that it is not known which one was meant. Choose it again.'),
    );
  }

  #withTree(work: (part: ClusterPart) => void): void {
    // What is not loaded yet is told when it is.
    void this.#part?.then(work);
  }

  async #sweep(): Promise<void> {
    const left = await readdir(this.#options.journal).catch(() => []);
    if (left.length === 0 || this.isDisposed) return;
    try {
      await (await this.part()).connections.sweep();
    } catch (error) {
      this.#options.log.warn('Helper pods that an earlier window left could not be looked for.', error);
    }
  }
}

function wording(errors: Errors): Wording {
  return {
    now: Date.now(),
    locale: vscode.env.language,
    translate: (template, ...args) => vscode.l10n.t(template, ...args),
    words: (error) => errors.words(error),
    brief: (error) => errors.brief(error),
  };
}
