import type { Node } from '../../../core/cluster/api/objects.ts';
import { NODES } from '../../../core/cluster/api/resources.ts';
import { ClusterError } from '../../../core/cluster/cluster-error.ts';
import { nodesOfPods } from '../../../core/cluster/inventory/known-nodes.ts';
import { describeNode, type NodeFacts } from '../../../core/cluster/inventory/nodes.ts';
import { LiveList } from './live-list.ts';
import { moreRow, type PagedNode } from './more-row.ts';
import { NodeNode } from './node-nodes.ts';
import { Branch, NoteNode, type Row, type TreeNode, type WatchingNode, type Wording } from './node.ts';
import { Redraw } from './redraw.ts';
import type { TreeHost } from './tree-host.ts';

/** The nodes of a cluster, page by page, and kept current while somebody looks. */
export class NodesFolder extends Branch implements WatchingNode, PagedNode {
  readonly id: string;
  readonly parent: TreeNode;
  readonly context: string;
  readonly #host: TreeHost;
  readonly #nodes = new Map<string, NodeNode>();
  readonly #redraw = new Redraw((names) => this.#draw(names));
  #list: LiveList<Node, NodeFacts> | undefined;
  /** Where nodes may not be listed: those of the pods that may be. */
  #known: readonly NodeFacts[] = [];
  #isSeen = false;

  constructor(parent: TreeNode, context: string, host: TreeHost) {
    super();
    this.parent = parent;
    this.context = context;
    this.#host = host;
    this.id = `nodes:${context}`;
  }

  override async children(): Promise<readonly TreeNode[]> {
    const failure = await super.children();
    if (failure.length > 0) return failure;
    if (this.#list) return this.#rows(this.#list);
    return this.#known.length > 0 ? [...this.#rowsOf(this.#known), this.#onlyKnownRow()] : [];
  }

  override forget(): void {
    super.forget();
    this.#list?.follow(false);
    this.#list = undefined;
    this.#known = [];
    for (const node of this.#nodes.values()) node.forget();
  }

  watch(isSeen: boolean): void {
    this.#isSeen = isSeen;
    this.#list?.follow(isSeen);
    if (!isSeen) this.#redraw.stop();
  }

  async more(): Promise<void> {
    await this.#list?.more();
    this.#host.changed(this);
  }

  row({ translate }: Wording): Row {
    return {
      label: translate('Nodes'),
      // Not how many there are: a row that is drawn anew while its children come in may lose what is unfolded below it.
      description: '',
      tooltip: translate('The nodes of the cluster, and the archives that lie on them'),
      icon: 'server-process',
      context: 'nodes',
    };
  }

  protected override async load(): Promise<readonly TreeNode[]> {
    const { cluster } = await this.#host.connect(this.context);
    const { pageSize } = this.#host;
    const options = { resource: NODES, pageSize, describe: describeNode };
    const list = new LiveList<Node, NodeFacts>(cluster.api, options, this.#redraw.changed);
    try {
      await list.load();
    } catch (error) {
      if (!ClusterError.is(error, 'forbidden')) throw error;
      const namespaces = new Set([cluster.namespace, ...this.#host.pinned(this.context)]);
      this.#known = await nodesOfPods(cluster.api, [...namespaces]);
      if (this.#known.length === 0) throw error;
      return [];
    }
    this.#list?.follow(false);
    this.#list = list;
    list.follow(this.#isSeen);
    return [];
  }

  #rows(list: LiveList<Node, NodeFacts>): readonly TreeNode[] {
    const nodes = this.#rowsOf(list.items);
    return list.hasMore ? [...nodes, moreRow(this, list.remaining, this.#host.pageSize)] : nodes;
  }

  #rowsOf(items: readonly NodeFacts[]): readonly TreeNode[] {
    const names = new Set(items.map(({ name }) => name));
    for (const [name, node] of this.#nodes) {
      if (names.has(name)) continue;
      node.forget();
      this.#nodes.delete(name);
    }
    return items.map((facts) => {
      const node = this.#nodes.get(facts.name) ?? new NodeNode(this, this.context, facts, this.#host);
      node.facts = facts;
      this.#nodes.set(facts.name, node);
      return node;
    });
  }

  #onlyKnownRow(): TreeNode {
    return new NoteNode(this, 'known', ({ translate }) => ({
      label: translate('Only nodes of pods that you may see'),
      description: translate('you may not list them'),
      icon: 'info',
      context: 'none',
    }));
  }

  #draw(names: readonly string[] | undefined): void {
    if (!names) return this.#host.changed(this);
    const facts = new Map(this.#list?.items.map((one) => [one.name, one]));
    for (const name of names) {
      const [node, now] = [this.#nodes.get(name), facts.get(name)];
      if (!node || !now) continue;
      node.facts = now;
      this.#host.changed(node);
    }
  }
}
