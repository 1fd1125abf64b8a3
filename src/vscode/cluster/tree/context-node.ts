import { escapeText } from '../../../protocol/format.ts';
import type { ContextFacts } from '../../../core/cluster/cluster.ts';
import type { ApiObject } from '../../../core/cluster/api/objects.ts';
import { PAGE_SIZE, type Api } from '../../../core/cluster/api/api.ts';
import { NAMESPACES } from '../../../core/cluster/api/resources.ts';
import { ClusterError } from '../../../core/cluster/cluster-error.ts';
import { findCustomKinds, type CustomKinds } from '../../../core/cluster/custom/custom-kinds.ts';
import { reasonOf } from '../../failure.ts';
import { CustomFolder } from './custom-nodes.ts';
import { Branch, factTable, NoteNode, type Row, type TreeNode, type WatchingNode, type Wording } from './node.ts';
import { LiveList } from './live-list.ts';
import { NamespaceNode } from './namespace-node.ts';
import { NodesFolder } from './nodes-folder.ts';
import { Redraw } from './redraw.ts';
import { stateText } from './trouble-text.ts';
import type { TreeHost } from './tree-host.ts';

/** A context of the kubeconfig. Its cluster is asked when it is unfolded, and never before. */
export class ContextNode extends Branch implements WatchingNode {
  readonly id: string;
  readonly parent = undefined;
  readonly context: string;
  facts: ContextFacts;
  readonly #host: TreeHost;
  readonly #namespaces = new Map<string, NamespaceNode>();
  readonly #nodes: NodesFolder;
  readonly #redraw = new Redraw(() => this.#host.changed(this));
  /** Undefined where they may not be listed: then there are those that a person has named. */
  #list: NamespaceList | undefined;
  #kinds: CustomKinds = {};
  #custom: CustomFolder | undefined;
  #isSeen = false;
  #failure: string | undefined;

  constructor(facts: ContextFacts, host: TreeHost) {
    super();
    this.facts = facts;
    this.context = facts.name;
    this.#host = host;
    this.id = `context:${facts.name}`;
    this.#nodes = new NodesFolder(this, facts.name, host);
  }

  override async children(): Promise<readonly TreeNode[]> {
    const failure = await super.children();
    return failure.length > 0 ? failure : this.#rows();
  }

  watch(isSeen: boolean): void {
    this.#isSeen = isSeen;
    this.#list?.follow(isSeen);
    if (!isSeen) this.#redraw.stop();
  }

  override forget(): void {
    super.forget();
    this.#failure = undefined;
    this.#list?.follow(false);
    this.#list = undefined;
    for (const namespace of this.#namespaces.values()) namespace.forget();
    this.#nodes.forget();
  }

  row({ translate }: Wording): Row {
    const { name, isCurrent, namespace, isUnverified, isPlain, server, cluster, user, file } = this.facts;
    const state = this.#failure === undefined ? undefined : stateText(this.#failure, translate);
    // Where there is little room the end is cut off.
    const description = [
      ...(state === undefined ? [] : [state]),
      ...(isUnverified ? [isPlain ? translate('no TLS') : translate('TLS not verified')] : []),
      ...(isCurrent ? [translate('current')] : []),
      ...(namespace === 'default' ? [] : [escapeText(namespace)]),
    ];
    return {
      label: escapeText(name),
      description: description.join(' · '),
      tooltip: factTable([
        [translate('Context'), name],
        [translate('Cluster'), cluster],
        [translate('Server'), server],
        [translate('User'), user],
        [translate('Namespace'), namespace],
        [translate('TLS'), isUnverified ? tlsText(isPlain, translate) : undefined],
        [translate('State'), state],
        [translate('Kubeconfig'), file],
      ]),
      icon: isUnverified ? 'unlock' : 'server-environment',
      ...(state !== undefined && { color: 'disabledForeground' }),
      ...(state === undefined && isUnverified && { color: 'list.warningForeground' }),
      context: state === undefined ? 'context' : 'context.failed',
    };
  }

  protected override async load(): Promise<readonly TreeNode[]> {
    const { cluster } = await this.#host.connect(this.context);
    const [list, kinds] = await Promise.all([
      listNamespaces(cluster.api, this.#redraw.changed),
      // Nothing but these rows hangs on it.
      findCustomKinds(cluster.api).catch(() => ({})),
    ]);
    this.#list?.follow(false);
    this.#list = list;
    list?.follow(this.#isSeen);
    this.#kinds = kinds;
    this.#custom = undefined;
    this.#host.kinds.set(this.context, kinds);
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      setImmediate(() => this.#host.changed(this));
    }
    return [];
  }

  #rows(): readonly TreeNode[] {
    const pinned = this.#host.pinned(this.context);
    const named = [this.facts.namespace, ...pinned].filter((name) => name !== '').sort();
    const names = new Set(this.#list ? this.#list.items.map(({ name }) => name) : named);
    for (const [name, namespace] of this.#namespaces) {
      if (names.has(name)) continue;
      // Nobody watches what is gone.
      namespace.forget();
      this.#namespaces.delete(name);
    }
    const nodes = [...names].map((name) => {
      const node = this.#namespaces.get(name) ?? new NamespaceNode(this, this.context, name, this.#host);
      this.#namespaces.set(name, node);
      return node;
    });
    // The pinned ones first, in the order in which they were pinned.
    nodes.sort((a, b) => rank(pinned, a) - rank(pinned, b));
    if (Object.keys(this.#kinds).length > 0) {
      this.#custom ??= new CustomFolder(this, this.context, this.#kinds, this.#host);
    }
    return [
      ...nodes,
      ...(this.#list ? [] : [incompleteRow(this)]),
      ...(this.#custom ? [this.#custom] : []),
      this.#nodes,
    ];
  }

  protected override failed(error: unknown): readonly TreeNode[] {
    this.#failure = reasonOf(error);
    setImmediate(() => this.#host.changed(this));
    return super.failed(error);
  }
}

type NamespaceList = LiveList<ApiObject, { readonly name: string }>;

/** All of them, however many pages that takes. @returns undefined where this user may not list them */
async function listNamespaces(api: Api, onChanged: () => void): Promise<NamespaceList | undefined> {
  const list: NamespaceList = new LiveList(
    api,
    {
      resource: NAMESPACES,
      pageSize: PAGE_SIZE,
      describe: ({ metadata }: ApiObject) => ({ name: metadata.name ?? '' }),
    },
    onChanged,
  );
  try {
    await list.load();
    while (list.hasMore) await list.more();
    return list;
  } catch (error) {
    if (ClusterError.is(error, 'forbidden')) return undefined;
    throw error;
  }
}

function rank(pinned: readonly string[], { place }: NamespaceNode): number {
  const at = pinned.indexOf(place.namespace);
  return at < 0 ? pinned.length : at;
}

function incompleteRow(parent: ContextNode): NoteNode {
  return new NoteNode(parent, 'incomplete', ({ translate }) => ({
    label: translate('Add a namespace…'),
    description: translate('you may not list them'),
    tooltip: translate('You may not list the namespaces of this cluster. Those that you name are shown.'),
    icon: 'add',
    context: 'incomplete',
    command: { name: 'addNamespace', title: translate('Add Namespace') },
  }));
}

function tlsText(isPlain: boolean, translate: Wording['translate']): string {
  return isPlain
    ? translate('None: what is said can be read on its way, and anybody may answer. So it is told no credentials.')
    : translate('The kubeconfig says not to verify who answers: anybody may.');
}
