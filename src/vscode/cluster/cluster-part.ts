import * as vscode from 'vscode';
import { nodeCalled, type NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { parseNodeLocator } from '../../core/cluster/node-files/node-locator.ts';
import { openNodeSource } from '../../core/cluster/node-source/node-source.ts';
import { Disposable } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import type { OpenRemote } from '../sessions/remote-files.ts';
import { SECTION } from '../settings.ts';
import { Activities } from './activities.ts';
import { ArchiveActions, type ArchiveActionOptions } from './archive-actions.ts';
import { CheckpointActions } from './checkpoint-actions.ts';
import type { ClusterCommand } from './cluster-commands.ts';
import { ClusterMemory } from './cluster-memory.ts';
import { clusterSettings, KUBECONFIG } from './cluster-settings.ts';
import type { Result } from './checkpointing.ts';
import { Connections, type Connection } from './connections.ts';
import { CustomActions } from './custom-actions.ts';
import { Kubelets } from './kubelets.ts';
import type { PartServices } from './part-services.ts';
import { SetupActions } from './setup-actions.ts';
import { wantedOf, type PodTarget } from './targets.ts';
import { ClusterTree } from './tree/cluster-tree.ts';
import { ArchiveNode } from './tree/node-nodes.ts';
import { isBranch, type TreeNode } from './tree/node.ts';
import { PodFilter } from './tree/pod-filter.ts';
import type { TreeHost } from './tree/tree-host.ts';
import { ViewActions } from './view-actions.ts';

export interface ClusterPartOptions extends ArchiveActionOptions {
  readonly errors: Errors;
  readonly showLog: () => void;
  readonly memento: vscode.Memento;
  /** Folder for what is written down about helper pods. */
  readonly journal: string;
  /** A row, or all of them, is to be drawn anew. */
  readonly onChanged: (node: TreeNode | undefined) => void;
  /** Tells what the view is filtered by; empty: nothing. */
  readonly onFilter: (text: string) => void;
  readonly reveal: (node: TreeNode) => Promise<void>;
}

type Handler = (argument: unknown, selected: unknown) => unknown;

/** All that has to do with clusters; loaded when it is first needed. */
export class ClusterPart extends Disposable {
  readonly connections: Connections;
  readonly tree: ClusterTree;
  readonly memory: ClusterMemory;
  readonly checkpoints: CheckpointActions;
  readonly archives: ArchiveActions;
  readonly setup: SetupActions;
  readonly commands: Readonly<Record<ClusterCommand, Handler>>;
  readonly #options: ClusterPartOptions;
  readonly #activities: Activities;
  /** Rows that are shown, by their ids. */
  readonly #rows = new Map<string, TreeNode>();
  #filter = new PodFilter();

  constructor(options: ClusterPartOptions) {
    super();
    this.#options = options;
    this.memory = new ClusterMemory(options.memento);
    this.connections = this.own(
      new Connections({
        kubeconfig: () => clusterSettings.kubeconfig(),
        allowPlugins: () => vscode.workspace.isTrusted,
        helper: (namespace) => clusterSettings.helper(namespace),
        journal: options.journal,
      }),
    );
    this.#activities = this.own(new Activities((id) => this.#rowChanged(id)));
    const services = this.#services(this.own(new Kubelets(this.connections, this.memory)));
    this.tree = new ClusterTree(this.connections, this.#host());
    this.archives = new ArchiveActions(services, options);
    this.checkpoints = new CheckpointActions(services, this.archives);
    this.setup = new SetupActions(services);
    this.commands = this.#commands(new ViewActions(services), new CustomActions(services));
    this.own(this.connections.onChanged(() => this.#redraw()));
    this.own(
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.connections.reset().then(() => this.#refresh())),
    );
    this.own(vscode.workspace.onDidChangeConfiguration((change) => void this.#configured(change)));
  }

  /** A row that is about to be drawn. */
  shown(node: TreeNode): void {
    this.#rows.set(node.id, node);
  }

  /** Checkpoints containers without any question. */
  async take(targets: readonly PodTarget[]): Promise<readonly Result[]> {
    return this.checkpoints.take(await wantedOf(this.connections, targets));
  }

  /** Deletes an archive without any question. */
  async deleteArchive(row: TreeNode): Promise<void> {
    if (row instanceof ArchiveNode) await this.archives.deleteNow(row);
  }

  /** @throws ClusterError */
  async node(context: string, name: string): Promise<{ readonly connection: Connection; readonly node: NodeFacts }> {
    const connection = await this.connections.connect(context);
    return { connection, node: await nodeCalled(connection.cluster.api, name) };
  }

  /** Gives the bytes of an archive on a node, for the thread that reads it. */
  readonly openRemote: OpenRemote = async (locator, signal) => {
    const { context, node, path } = parseNodeLocator(locator);
    const { cluster, files } = await this.connections.connect(context);
    const facts = await nodeCalled(cluster.api, node, signal);
    // The thread keeps what it read: nothing is kept here.
    const options = { name: locator, server: cluster.server, signal, cache: { limit: 1 } };
    return openNodeSource(files, facts, path, options).catch((error: unknown) => {
      this.archives.missed(error, { context, node });
      throw error;
    });
  };

  /** Resolves when helper pods are gone. */
  async end(): Promise<void> {
    await this.connections.end();
  }

  #host(): TreeHost {
    // Getters: each node asks for what holds now.
    const filter = () => this.#filter;
    const { memory, connections } = this;
    return {
      changed: (node) => this.#options.onChanged(node),
      connect: (context) => connections.connect(context),
      get grouping() {
        return clusterSettings.grouping();
      },
      get pageSize() {
        return clusterSettings.pageSize();
      },
      get directory() {
        return clusterSettings.directory();
      },
      get filter() {
        return filter();
      },
      pinned: (context) => memory.pinned(context),
      mayUseHelpers: (context) => memory.mayUseHelpers(context),
      kinds: new Map(),
      activity: (id) => this.#activities.text(id),
    };
  }

  #services(kubelets: Kubelets): PartServices {
    const { errors, showLog, onChanged, reveal } = this.#options;
    return {
      connections: this.connections,
      activities: this.#activities,
      kubelets,
      memory: this.memory,
      errors,
      showLog,
      refresh: (node) => this.#refresh(node),
      redraw: onChanged,
      archivesChanged: (context, node) => {
        const row = this.#rows.get(`node:${context}/${node}`);
        if (row) this.#refresh(row);
      },
      revealNode: async (context, node) => {
        const row = await this.#find([`context:${context}`, `nodes:${context}`, `node:${context}/${node}`]);
        if (row) await reveal(row);
      },
      setFilter: (text) => {
        this.#filter = new PodFilter(text);
        this.#options.onFilter(this.#filter.text);
        this.#refresh();
      },
      filterText: () => this.#filter.text,
    };
  }

  #commands(view: ViewActions, customs: CustomActions): Readonly<Record<ClusterCommand, Handler>> {
    return {
      refreshClusters: (argument) => view.refresh(argument),
      filterClusters: () => view.filter(),
      clearClusterFilter: () => view.clearFilter(),
      chooseKubeconfig: () => view.chooseKubeconfig(),
      openKubeconfig: (argument) => view.openKubeconfig(argument),
      addNamespace: (argument) => view.addNamespace(argument),
      pinNamespace: (argument) => view.pin(argument, true),
      unpinNamespace: (argument) => view.pin(argument, false),
      loadMore: (argument) => view.loadMore(argument),
      mendCluster: (argument) => view.mend(argument),
      allowHelpers: (argument) => view.allowHelpers(argument),
      copyName: (argument) => view.copyName(argument),
      checkpoint: (argument, selected) => this.checkpoints.checkpoint(argument, selected),
      cancelActivity: (argument) => this.#cancel(argument),
      showActivities: () => this.#activities.choose(),
      checkSetup: (argument) => this.setup.check(argument),
      copyRights: (argument) => this.setup.copyRights(argument),
      openArchive: (argument) => this.archives.open(argument),
      downloadArchive: (argument, selected) => this.archives.download(argument, selected),
      deleteArchive: (argument) => this.archives.delete(argument),
      copyLocator: (argument) => this.archives.copyLocator(argument),
      createChain: (argument) => customs.createChain(argument),
      createSchedule: (argument) => customs.createSchedule(argument),
    };
  }

  #cancel(argument: unknown): void {
    if (typeof argument !== 'object' || argument === null || !('id' in argument)) return;
    if (typeof argument.id === 'string') this.#activities.cancel(argument.id);
  }

  /** Goes down the tree by ids. */
  async #find(ids: readonly string[]): Promise<TreeNode | undefined> {
    let at: TreeNode | undefined;
    for (const id of ids) {
      const children: readonly TreeNode[] = at && isBranch(at) ? await at.children() : await this.tree.children();
      at = children.find((child) => child.id === id);
      if (!at) return undefined;
      this.shown(at);
    }
    return at;
  }

  #refresh(node?: TreeNode): void {
    this.tree.forget(node);
    if (!node) this.#rows.clear();
    this.#options.onChanged(node);
  }

  /** The kubeconfig is another one. */
  #redraw(): void {
    this.tree.forgetRoots();
    this.#options.onChanged(undefined);
  }

  #rowChanged(id: string): void {
    const row = this.#rows.get(id);
    if (row) this.#options.onChanged(row);
  }

  async #configured(change: vscode.ConfigurationChangeEvent): Promise<void> {
    const concerns = (name: string): boolean => change.affectsConfiguration(`${SECTION}.${name}`);
    if (concerns(KUBECONFIG)) await this.connections.reload();
    // How helper pods are made is part of a connection.
    else if (concerns('helper')) await this.connections.reset();
    if ([KUBECONFIG, 'clusters', 'helper', 'checkpoint.directory'].some(concerns)) this.#refresh();
  }
}
