import * as vscode from 'vscode';
import { kubeconfigFiles } from '../../core/cluster/kubeconfig/kubeconfig.ts';
import { escapeText } from '../../protocol/format.ts';
import { chooseKubeconfig, type Action } from '../errors.ts';
import { clusterSettings } from './cluster-settings.ts';
import type { PartServices } from './part-services.ts';
import { ContextNode } from './tree/context-node.ts';
import { isPaged } from './tree/more-row.ts';
import { NamespaceNode } from './tree/namespace-node.ts';
import { ErrorNode, NoteNode, type TreeNode } from './tree/node.ts';
import { NodeNode } from './tree/node-nodes.ts';
import { PodNode } from './tree/pod-nodes.ts';

/** What the view itself offers. */
export class ViewActions {
  readonly #services: PartServices;

  constructor(services: PartServices) {
    this.#services = services;
  }

  /** @param argument a row: then only what hangs on it */
  async refresh(argument: unknown): Promise<void> {
    if (argument instanceof ErrorNode) this.#retry(argument);
    else if (isNode(argument)) this.#services.refresh(argument);
    else await this.#services.connections.reload().then(() => this.#services.refresh());
  }

  async filter(): Promise<void> {
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Filter Pods'),
      prompt: vscode.l10n.t(
        'Parts of names of pods, workloads, containers or nodes, a state, or labels such as app=web',
      ),
      value: this.#services.filterText(),
    });
    if (text !== undefined) this.#services.setFilter(text);
  }

  clearFilter(): void {
    this.#services.setFilter('');
  }

  async chooseKubeconfig(): Promise<void> {
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title: vscode.l10n.t('Choose a Kubeconfig'),
        openLabel: vscode.l10n.t('Use'),
        canSelectMany: false,
      })) ?? [];
    if (chosen) await clusterSettings.chooseKubeconfig(chosen.fsPath);
  }

  /** Opens the kubeconfig that a context stands in, or the first that is looked for. */
  async openKubeconfig(argument: unknown): Promise<void> {
    const path = clusterSettings.kubeconfig();
    const [first] = kubeconfigFiles(path === undefined ? {} : { path });
    const file = contextOf(argument)?.facts.file ?? first;
    if (file !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(file));
  }

  async addNamespace(argument: unknown): Promise<void> {
    const context = contextOf(argument);
    if (!context) return;
    const name = await vscode.window.showInputBox({
      title: vscode.l10n.t('Add a Namespace of {0}', escapeText(context.context)),
      validateInput: (text) =>
        /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
          ? undefined
          : vscode.l10n.t('Small letters, digits and hyphens only.'),
    });
    if (name === undefined) return;
    await this.#services.memory.pin(context.context, name);
    this.#services.refresh(context);
  }

  async pin(argument: unknown, isPinned: boolean): Promise<void> {
    if (!(argument instanceof NamespaceNode)) return;
    const { context, namespace } = argument.place;
    const { memory, refresh } = this.#services;
    await (isPinned ? memory.pin(context, namespace) : memory.unpin(context, namespace));
    refresh(contextOf(argument));
  }

  async loadMore(argument: unknown): Promise<void> {
    if (argument instanceof NoteNode && isPaged(argument.parent)) await argument.parent.more();
  }

  /** Lists archives by way of helper pods, from now on: the row says what that means. */
  async allowHelpers(argument: unknown): Promise<void> {
    if (!(argument instanceof NoteNode) || !(argument.parent instanceof NodeNode)) return;
    await this.#services.memory.allowHelpers(argument.parent.context);
    this.#services.refresh(argument.parent);
  }

  async copyName(argument: unknown): Promise<void> {
    const name = argument instanceof PodNode ? argument.facts.name : isNode(argument) ? nameOf(argument) : undefined;
    if (name !== undefined) await vscode.env.clipboard.writeText(name);
  }

  /** What helps with a row that says what is wrong. */
  async mend(argument: unknown): Promise<void> {
    if (!(argument instanceof ErrorNode)) return;
    const { error, reason } = argument;
    const retry = (): void => this.#retry(argument);
    if (['unreachable', 'timeout', 'unavailable'].includes(reason)) retry();
    else await this.#services.errors.show(error, { actions: this.#help(reason, argument, retry) });
  }

  /** Asks anew for what could not be shown. */
  #retry({ parent }: ErrorNode): void {
    this.#services.refresh(parent.id === 'root' ? undefined : parent);
  }

  #help(reason: string, node: ErrorNode, retry: () => void): readonly Action[] {
    const again: Action = { title: vscode.l10n.t('Retry'), run: retry };
    const kubeconfig: Action = {
      title: vscode.l10n.t('Open Kubeconfig'),
      run: () => this.openKubeconfig(node),
    };
    const add: Action = { title: vscode.l10n.t('Add Namespace'), run: () => this.addNamespace(node) };
    switch (reason) {
      case 'untrusted':
        return [
          {
            title: vscode.l10n.t('Manage Workspace Trust'),
            run: () => vscode.commands.executeCommand('workbench.trust.manage'),
          },
        ];
      case 'forbidden':
        return node.parent instanceof ContextNode ? [add, again] : [again];
      case 'unauthorized':
      case 'credentials':
      case 'tls':
        return [again, kubeconfig];
      case 'bad-kubeconfig':
      case 'unreadable':
      case 'not-found':
        // Of the whole view: the file itself is what is wrong, and another may be meant.
        return [again, kubeconfig, ...(node.parent.id === 'root' ? [chooseKubeconfig()] : [])];
      default:
        return [again];
    }
  }
}

function isNode(argument: unknown): argument is TreeNode {
  return typeof argument === 'object' && argument !== null && 'row' in argument && 'expandable' in argument;
}

function contextOf(argument: unknown): ContextNode | undefined {
  for (let at = isNode(argument) ? argument : undefined; at; at = at.parent) if (at instanceof ContextNode) return at;
  return undefined;
}

function nameOf(node: TreeNode): string | undefined {
  if (node instanceof NamespaceNode) return node.place.namespace;
  if (node instanceof NodeNode) return node.facts.name;
  if (node instanceof ContextNode) return node.context;
  return 'name' in node && typeof node.name === 'string' ? node.name : undefined;
}
