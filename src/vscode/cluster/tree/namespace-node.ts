import { escapeText, formatCount } from '../../../protocol/format.ts';
import { moreRow, type PagedNode } from './more-row.ts';
import { Branch, factTable, NoteNode, type Row, type TreeNode, type WatchingNode, type Wording } from './node.ts';
import { PodList } from './pod-list.ts';
import { PodNode, WorkloadNode, type PodPlace } from './pod-nodes.ts';
import { Redraw } from './redraw.ts';
import type { TreeHost } from './tree-host.ts';

/** The pods of a namespace, or the workloads that they belong to. */
export class NamespaceNode extends Branch implements WatchingNode, PagedNode {
  readonly id: string;
  readonly parent: TreeNode;
  readonly place: PodPlace;
  readonly #host: TreeHost;
  readonly #pods = new Map<string, PodNode>();
  readonly #workloads = new Map<string, WorkloadNode>();
  readonly #redraw = new Redraw((names) => this.#draw(names));
  #list: PodList | undefined;
  #isSeen = false;

  constructor(parent: TreeNode, context: string, namespace: string, host: TreeHost) {
    super();
    this.parent = parent;
    this.place = { context, namespace };
    this.#host = host;
    this.id = `namespace:${context}/${namespace}`;
  }

  get isPinned(): boolean {
    return this.#host.pinned(this.place.context).includes(this.place.namespace);
  }

  override async children(): Promise<readonly TreeNode[]> {
    const failure = await super.children();
    return failure.length > 0 || !this.#list ? failure : this.#rows(this.#list);
  }

  protected override async load(): Promise<readonly TreeNode[]> {
    const { context, namespace } = this.place;
    const { api } = (await this.#host.connect(context)).cluster;
    const { pageSize, filter } = this.#host;
    const list = new PodList(api, { namespace, pageSize, filter }, this.#redraw.changed);
    await list.load();
    this.#list?.follow(false);
    this.#list = list;
    list.follow(this.#isSeen);
    // Its own row tells how many there are.
    setImmediate(() => this.#host.changed(this));
    return [];
  }

  override forget(): void {
    super.forget();
    this.#list?.follow(false);
    this.#list = undefined;
  }

  watch(isSeen: boolean): void {
    this.#isSeen = isSeen;
    this.#list?.follow(isSeen);
    if (!isSeen) this.#redraw.stop();
  }

  /** Reads the next page. @throws ClusterError */
  async more(): Promise<void> {
    await this.#list?.more();
    this.#host.changed(this);
  }

  row({ translate, words }: Wording): Row {
    const list = this.#list;
    const { namespace } = this.place;
    const count = list?.pods.length;
    const trouble = list?.trouble === undefined ? undefined : words(list.trouble);
    const description = [
      ...(count === undefined ? [] : [countText(count, list?.hasMore === true, translate)]),
      ...(trouble === undefined ? [] : [translate('may be out of date')]),
    ];
    return {
      label: escapeText(namespace),
      description: description.join(' · '),
      tooltip: factTable([
        [translate('Namespace'), namespace],
        [translate('Context'), this.place.context],
        [translate('Out of date'), trouble],
      ]),
      icon: this.isPinned ? 'pinned' : 'symbol-namespace',
      context: this.isPinned ? 'namespace.pinned' : 'namespace',
    };
  }

  #rows(list: PodList): readonly TreeNode[] {
    const { pods } = list;
    const names = new Set(pods.map(({ name }) => name));
    for (const name of this.#pods.keys()) if (!names.has(name)) this.#pods.delete(name);
    const nodes = pods.map((facts) => {
      const known = this.#pods.get(facts.name) ?? new PodNode(this, this.place, facts, this.#host);
      known.facts = facts;
      known.parent = this;
      this.#pods.set(facts.name, known);
      return known;
    });
    const rows = this.#host.grouping === 'workload' ? this.#grouped(nodes) : nodes;
    if (list.hasMore) return [...rows, moreRow(this, list.remaining, this.#host.pageSize)];
    return rows.length > 0 ? rows : [emptyRow(this, this.#host.filter.text)];
  }

  #grouped(pods: readonly PodNode[]): readonly TreeNode[] {
    const groups = new Map<string, PodNode[]>();
    const alone: PodNode[] = [];
    for (const pod of pods) {
      const { workload } = pod.facts;
      if (!workload) alone.push(pod);
      else
        groups.set(`${workload.kind}\0${workload.name}`, [
          ...(groups.get(`${workload.kind}\0${workload.name}`) ?? []),
          pod,
        ]);
    }
    for (const key of this.#workloads.keys()) if (!groups.has(key)) this.#workloads.delete(key);
    const nodes = [...groups].map(([key, members]) => {
      const [kind = '', name = ''] = key.split('\0');
      const known = this.#workloads.get(key) ?? new WorkloadNode(this, this.place, kind, name);
      known.pods = members;
      for (const pod of members) pod.parent = known;
      this.#workloads.set(key, known);
      return known;
    });
    return [...nodes, ...alone];
  }

  #draw(names: readonly string[] | undefined): void {
    if (!names || this.#host.grouping === 'workload') return this.#host.changed(this);
    const facts = new Map(this.#list?.pods.map((pod) => [pod.name, pod]));
    for (const name of names) {
      const [node, now] = [this.#pods.get(name), facts.get(name)];
      if (!node || !now) continue;
      node.facts = now;
      this.#host.changed(node);
    }
  }
}

function countText(count: number, hasMore: boolean, translate: Wording['translate']): string {
  if (hasMore) return translate('{0}+ pods', formatCount(count));
  return count === 1 ? translate('1 pod') : translate('{0} pods', formatCount(count));
}

function emptyRow(parent: NamespaceNode, filter: string): NoteNode {
  return new NoteNode(parent, 'none', ({ translate }) => ({
    label: filter === '' ? translate('No pods') : translate('No pod matches “{0}”', escapeText(filter)),
    icon: 'info',
    context: filter === '' ? 'none' : 'none.filtered',
    ...(filter !== '' && { command: { name: 'clearClusterFilter', title: translate('Clear Filter') } }),
  }));
}
